import assert from 'node:assert/strict';
import {
  foldCandles,
  minuteCandles,
  minutePage,
  type CandleWindow,
} from '../../../db/market/candle-folds.ts';
import { pruneCandles } from '../../../db/market/candle-retention.ts';
import { DAY_MS } from '../../../lib/candle-interval.ts';
import {
  candlesSince,
  closeAt,
  lastCloses,
  upsertCandles,
  upsertDays,
  type Candle,
} from '../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { fixed } from '../../../lib/money/money.ts';
import { eachDatabase } from '../../support/databases.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 1);

function candle(minute: number, changes: Partial<Candle> = {}): Candle {
  return {
    symbol: 'BTC/KRW',
    time: START + minute * MINUTE,
    closeTime: START + minute * MINUTE + 59_000,
    open: fixed('100'),
    high: fixed('120'),
    low: fixed('90'),
    close: fixed(String(100 + minute)),
    volume: fixed('1.000000000000000001'),
    quoteVolume: fixed('105.5'),
    trades: 3,
    simulated: false,
    ...changes,
  };
}

eachDatabase('candles', (open) => {
  let db: OpenedDatabase;
  before(async () => {
    db = await open();
  });
  after(() => db.close());
  beforeEach(() => db.knex('candles').delete());

  const all = (symbol = 'BTC/KRW'): Promise<Candle[]> =>
    minuteCandles(db.knex, [{ symbol, from: START, to: START + DAY_MS }]);

  it('come back as they were stored, to the last digit', async () => {
    const stored = [candle(0), candle(1, { close: fixed('123456789012345678.123456789012345678') })];
    await upsertCandles(db.knex, stored, 'replace');
    assert.deepEqual(await all(), stored);
  });

  it('are stored in bulk, the last of equals winning', async () => {
    const many = Array.from({ length: 1_440 * 2 }, (_, minute) =>
      candle(minute % 1_440, { symbol: minute < 1_440 ? 'BTC/KRW' : 'ETH/KRW' }),
    );
    await upsertCandles(db.knex, [...many, candle(7, { trades: 99 })], 'merge');
    assert.equal((await all()).length, 1_440);
    assert.equal((await all())[7]?.trades, 99);
    await upsertCandles(db.knex, [], 'merge');
  });

  it('merge into the version with more in it, whichever comes first and however often', async () => {
    const early = candle(0, { closeTime: START + 20_000, close: fixed('95'), volume: fixed('1'), trades: 2 });
    const whole = candle(0, { high: fixed('130'), low: fixed('80'), volume: fixed('4'), trades: 7 });
    for (const order of [
      [early, whole],
      [whole, early],
      [whole, early, whole, early],
    ]) {
      await db.knex('candles').delete();
      for (const one of order) await upsertCandles(db.knex, [one], 'merge');
      assert.deepEqual(await all(), [whole]);
    }
  });

  it('merge the end of a minute, seen by a node that joined late, into the whole of it', async () => {
    const whole = candle(0, { trades: 7, volume: fixed('7'), closeTime: START + 50_000 });
    const tail = candle(0, {
      open: fixed('111'),
      high: fixed('140'),
      low: fixed('111'),
      close: fixed('139'),
      closeTime: START + 55_000,
      volume: fixed('1'),
      trades: 1,
    });
    await upsertCandles(db.knex, [whole], 'merge');
    await upsertCandles(db.knex, [tail], 'merge');
    assert.deepEqual(await all(), [
      {
        ...whole,
        high: fixed('140'),
        close: fixed('139'),
        closeTime: START + 55_000,
      },
    ]);
  });

  it('of two worlds stay apart, at the same time of the same symbol', async () => {
    const madeUp = candle(0, { close: fixed('7'), low: fixed('7'), simulated: true });
    for (const mode of ['merge', 'replace'] as const) {
      await upsertCandles(db.knex, [candle(0), madeUp], mode);
      assert.deepEqual(await all(), [candle(0)]);
      const range = { symbol: 'BTC/KRW', from: START, to: START + DAY_MS };
      assert.deepEqual(await minuteCandles(db.knex, [range], true), [madeUp]);
      assert.deepEqual(await candlesSince(db.knex, START, 9, true), [madeUp]);
      assert.deepEqual(await foldCandles(db.knex, [range], true), [madeUp]);
    }
    assert.equal(await pruneCandles(db.knex, START + DAY_MS), 2);
    for (const [simulated, close] of [
      [false, '100'],
      [true, '7'],
    ] as const) {
      assert.equal((await closeAt(db.knex, 'BTC/KRW', START + DAY_MS, simulated))?.price, fixed(close));
      const [day] = await foldCandles(
        db.knex,
        [{ symbol: 'BTC/KRW', from: START, to: START + DAY_MS }],
        simulated,
      );
      assert.deepEqual([day?.close, day?.simulated], [fixed(close), simulated]);
    }
  });

  it('replace one another where a user loads them', async () => {
    await upsertCandles(db.knex, [candle(0)], 'merge');
    const loaded = candle(0, { high: fixed('101'), volume: fixed('0.5'), trades: 0 });
    await upsertCandles(db.knex, [loaded], 'replace');
    assert.deepEqual(await all(), [loaded]);
  });

  it('tell the last close of every symbol', async () => {
    await upsertCandles(
      db.knex,
      [candle(0), candle(9), candle(3), candle(2, { symbol: 'ETH/KRW', simulated: true })],
      'merge',
    );
    assert.deepEqual(await lastCloses(db.knex), [
      { symbol: 'BTC/KRW', price: fixed('109'), time: START + 9 * MINUTE + 59_000, simulated: false },
    ]);
    assert.deepEqual(await lastCloses(db.knex, true), [
      { symbol: 'ETH/KRW', price: fixed('102'), time: START + 2 * MINUTE + 59_000, simulated: true },
    ]);
    assert.equal((await lastCloses(db.knex, false, 1)).length, 1);
  });

  it('tell no close of an empty table', async () => {
    assert.deepEqual(await lastCloses(db.knex), []);
    assert.equal(await closeAt(db.knex, 'BTC/KRW', START), null);
  });

  it('tell the price known at a time, never one from after it', async () => {
    await upsertCandles(db.knex, [candle(0), candle(5), candle(6)], 'merge');
    const at = async (ms: number): Promise<bigint | undefined> =>
      (await closeAt(db.knex, 'BTC/KRW', START + ms))?.price;
    assert.equal(await at(58_999), undefined, 'the minute had not closed');
    assert.equal(await at(59_000), fixed('100'));
    assert.equal(await at(5 * MINUTE), fixed('100'));
    assert.equal(await at(5 * MINUTE + 59_000), fixed('105'));
    assert.equal(await at(6 * MINUTE + 30_000), fixed('105'));
    assert.equal(await at(86_400_000), fixed('106'));
    assert.equal(await closeAt(db.knex, 'ETH/KRW', START + 86_400_000), null);
  });

  it('serve the price at a time and the last closes from the key, not by reading the table', async () => {
    const many = ['A', 'B', 'C', 'D'].flatMap((base) =>
      Array.from({ length: 1_440 }, (_, minute) => candle(minute, { symbol: `${base}/KRW` })),
    );
    await upsertCandles(db.knex, many, 'merge');
    await db.knex.raw('analyze candles');
    const { rows } = await db.knex.raw<{ rows: Record<string, string>[] }>(
      `explain select close from candles where not simulated and symbol = 'C/KRW' and time <= ? and close_time <= ?
       order by time desc limit 1`,
      [new Date(START + 700 * MINUTE), new Date(START + 700 * MINUTE)],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Scan Backward using candles_pkey/);
    assert.doesNotMatch(plan, /Seq Scan|Sort/);
  });

  it('come by the page, in either order', async () => {
    await upsertCandles(db.knex, [candle(0), candle(1), candle(5), candle(7)], 'merge');
    const range = { symbol: 'BTC/KRW', from: START, to: START + 7 * MINUTE };
    const minutes = async (order: 'asc' | 'desc', limit: number): Promise<number[]> =>
      (await minutePage(db.knex, { ...range, order, limit })).map(({ time }) => (time - START) / MINUTE);
    assert.deepEqual(await minutes('asc', 2), [0, 1]);
    assert.deepEqual(await minutes('desc', 2), [5, 1]);
    assert.deepEqual(await minutes('asc', 9), [0, 1, 5]);
  });

  it('are folded into one for each of many windows, of as many symbols as there are', async () => {
    await upsertCandles(
      db.knex,
      [
        candle(0),
        candle(1, { high: fixed('130') }),
        candle(5),
        candle(1, { symbol: 'ETH/KRW', low: fixed('1') }),
      ],
      'merge',
    );
    const window = (symbol: string, from: number, to: number): CandleWindow => ({
      symbol,
      from: START + from * MINUTE,
      to: START + to * MINUTE,
    });
    const windows = [
      window('BTC/KRW', 0, 5),
      window('BTC/KRW', 2, 5),
      window('ETH/KRW', 0, 5),
      window('BTC/KRW', 5, 5),
      window('BTC/KRW', -1, 6),
    ];
    const [first, gap, other, none, all3] = await foldCandles(db.knex, windows);
    assert.deepEqual(first, {
      ...candle(0),
      closeTime: candle(1).closeTime,
      high: fixed('130'),
      close: fixed('101'),
      volume: fixed('2.000000000000000002'),
      quoteVolume: fixed('211'),
      trades: 6,
    });
    assert.deepEqual([gap, none], [null, null]);
    assert.equal(other?.low, fixed('1'));
    assert.deepEqual([all3?.time, all3?.trades, all3?.close], [START - MINUTE, 9, fixed('105')]);
    const many = Array.from({ length: 5_000 }, (_, minute) => window('BTC/KRW', minute, minute + 1));
    const folded = await foldCandles(db.knex, many);
    assert.deepEqual(
      folded.flatMap((each, minute) => (each === null ? [] : [minute])),
      [0, 1, 5],
    );
    const long = many.map(({ symbol }, minute) => ({
      symbol,
      from: START + minute,
      to: START + 365 * DAY_MS,
    }));
    assert.equal((await foldCandles(db.knex, long.slice(0, 3)))[2]?.trades, 6, 'in several statements');
  });

  describe('of whole days', () => {
    const day = (nth: number, changes: Partial<Candle> = {}): Candle =>
      candle(nth * 1_440, { close: fixed('50'), low: fixed('40'), trades: 0, ...changes });
    const whole = (from: number, to: number): CandleWindow => ({
      symbol: 'BTC/KRW',
      from: START + from * DAY_MS,
      to: START + to * DAY_MS,
    });

    it('tell their close when the day is over, and not before', async () => {
      await upsertDays(db.knex, [day(0), day(1, { close: fixed('60') })]);
      await upsertCandles(db.knex, [candle(600)], 'merge');
      const at = async (ms: number): Promise<bigint | undefined> =>
        (await closeAt(db.knex, 'BTC/KRW', START + ms))?.price;
      assert.equal(await at(599 * MINUTE), undefined);
      assert.equal(await at(601 * MINUTE), fixed('700'));
      assert.equal(await at(DAY_MS - 2), fixed('700'));
      assert.equal(await at(DAY_MS - 1), fixed('50'));
      assert.equal(await at(DAY_MS * 1.5), fixed('50'));
      assert.equal(await at(DAY_MS * 3), fixed('60'));
      assert.deepEqual(await lastCloses(db.knex), [
        { symbol: 'BTC/KRW', price: fixed('60'), time: START + 2 * DAY_MS - 1, simulated: false },
      ]);
    });

    it('stand for their minutes in whole days, and are not seen within a day', async () => {
      await upsertCandles(db.knex, [candle(0), candle(1_439), candle(1_440)], 'merge');
      await upsertDays(db.knex, [day(0)]);
      const [first, both, hours, across] = await foldCandles(db.knex, [
        whole(0, 1),
        whole(0, 2),
        { ...whole(0, 1), from: START + 20 * 60 * MINUTE },
        { symbol: 'BTC/KRW', from: START - 9 * 60 * MINUTE, to: START + DAY_MS * 1.5 },
      ]);
      assert.deepEqual(first, { ...day(0), closeTime: START + DAY_MS - 1 });
      assert.deepEqual([both?.trades, both?.low, both?.close], [3, fixed('40'), fixed('1540')]);
      assert.equal(hours?.trades, 3);
      assert.equal(across?.trades, 9);
      assert.equal((await all()).length, 2);
      assert.equal((await candlesSince(db.knex, START, 10)).length, 3);
    });

    it('replace one another', async () => {
      await upsertDays(db.knex, [day(0)]);
      await upsertDays(db.knex, [day(0, { low: fixed('7') })]);
      assert.equal((await foldCandles(db.knex, [whole(0, 1)]))[0]?.low, fixed('7'));
    });
  });

  it('give all symbols since a time, within a limit', async () => {
    await upsertCandles(db.knex, [candle(0), candle(1), candle(2, { symbol: 'ETH/KRW' })], 'merge');
    assert.deepEqual(
      (await candlesSince(db.knex, START + MINUTE, 10)).map((one) => one.symbol),
      ['BTC/KRW', 'ETH/KRW'],
    );
    assert.equal((await candlesSince(db.knex, START, 1))[0]?.symbol, 'ETH/KRW');
  });

  it('are pruned by whole days, of which one candle each remains', async () => {
    const old = { symbol: 'OLD/KRW' };
    await upsertCandles(
      db.knex,
      [candle(0), candle(7), candle(1_440), candle(2 * 1_440), candle(3, old), candle(5, old)],
      'merge',
    );
    const days = [0, 1, 2].map((nth) => ({
      symbol: 'BTC/KRW',
      from: START + nth * DAY_MS,
      to: START + (nth + 1) * DAY_MS,
    }));
    const before = await foldCandles(db.knex, days);
    const closes = await lastCloses(db.knex);
    assert.equal(await pruneCandles(db.knex, START + 2 * DAY_MS + 1), 5);
    assert.deepEqual(
      (await minuteCandles(db.knex, [{ symbol: 'BTC/KRW', from: START, to: START + 9 * DAY_MS }])).length,
      1,
    );
    assert.deepEqual(await foldCandles(db.knex, days), before);
    assert.deepEqual(await lastCloses(db.knex), closes, 'with the time of the last price, not of the day');
    assert.equal(await pruneCandles(db.knex, START + 2 * DAY_MS), 0);
  });

  it('leave a day that was loaded as it is when its minutes are pruned', async () => {
    await upsertCandles(db.knex, [candle(0)], 'merge');
    await upsertDays(db.knex, [candle(0, { close: fixed('7'), low: fixed('7') })]);
    assert.equal(await pruneCandles(db.knex, START + DAY_MS), 1);
    const [left] = await foldCandles(db.knex, [{ symbol: 'BTC/KRW', from: START, to: START + DAY_MS }]);
    assert.equal(left?.close, fixed('7'));
  });
});
