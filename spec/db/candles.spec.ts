import assert from 'node:assert/strict';
import {
  candles,
  candlesSince,
  closeAt,
  lastCloses,
  pruneCandles,
  upsertCandles,
  type Candle,
} from '../../db/candles.ts';
import type { OpenedDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { fixed } from '../../lib/money.ts';
import { eachDatabase } from '../support/databases.ts';

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
    await migrate(db.knex);
  });
  after(() => db.close());
  beforeEach(() => db.knex('candles').delete());

  const all = (symbol = 'BTC/KRW'): Promise<Candle[]> =>
    candles(db.knex, { symbol, interval: '1m', from: START, to: START + 86_400_000, limit: 5_000 });

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
      simulated: true,
    });
    await upsertCandles(db.knex, [whole], 'merge');
    await upsertCandles(db.knex, [tail], 'merge');
    assert.deepEqual(await all(), [
      {
        ...whole,
        high: fixed('140'),
        close: fixed('139'),
        closeTime: START + 55_000,
        simulated: true,
      },
    ]);
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
      { symbol: 'ETH/KRW', price: fixed('102'), time: START + 2 * MINUTE + 59_000, simulated: true },
    ]);
    assert.equal((await lastCloses(db.knex, 1)).length, 1);
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
      `explain select close from candles where symbol = 'C/KRW' and time <= ? and close_time <= ?
       order by time desc limit 1`,
      [new Date(START + 700 * MINUTE), new Date(START + 700 * MINUTE)],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Scan Backward using candles_pkey/);
    assert.doesNotMatch(plan, /Seq Scan|Sort/);
  });

  it('give the newest of a range, oldest first, and leave out minutes without a trade', async () => {
    await upsertCandles(db.knex, [candle(0), candle(1), candle(5), candle(7)], 'merge');
    const query = { symbol: 'BTC/KRW', interval: '1m', to: START + 7 * MINUTE } as const;
    const minutes = (list: Candle[]): number[] => list.map(({ time }) => (time - START) / MINUTE);
    assert.deepEqual(minutes(await candles(db.knex, { ...query, from: START, limit: 2 })), [1, 5]);
    assert.deepEqual(minutes(await candles(db.knex, { ...query, from: START + MINUTE, limit: 9 })), [1, 5]);
    assert.deepEqual(minutes(await candles(db.knex, { ...query, limit: 2 })), [5]);
    const fives = await candles(db.knex, { ...query, interval: '5m', from: START, limit: 9 });
    assert.deepEqual(minutes(fives), [0, 5]);
    assert.equal(fives[0]?.trades, 6);
    assert.equal(fives[0]?.close, fixed('101'));
  });

  it('give all symbols since a time, within a limit', async () => {
    await upsertCandles(db.knex, [candle(0), candle(1), candle(2, { symbol: 'ETH/KRW' })], 'merge');
    assert.deepEqual(
      (await candlesSince(db.knex, START + MINUTE, 10)).map((one) => one.symbol),
      ['BTC/KRW', 'ETH/KRW'],
    );
    assert.equal((await candlesSince(db.knex, START, 1))[0]?.symbol, 'ETH/KRW');
  });

  it('are pruned by age, but for the last of each symbol', async () => {
    await upsertCandles(
      db.knex,
      [
        candle(0),
        candle(1),
        candle(2),
        candle(9),
        candle(0, { symbol: 'OLD/KRW' }),
        candle(1, { symbol: 'OLD/KRW' }),
      ],
      'merge',
    );
    assert.equal(await pruneCandles(db.knex, START + 2 * MINUTE), 3);
    assert.deepEqual(
      (await all()).map(({ time }) => (time - START) / MINUTE),
      [2, 9],
    );
    assert.deepEqual(
      (await all('OLD/KRW')).map(({ time }) => (time - START) / MINUTE),
      [1],
    );
  });
});
