import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { CANDLE_INTERVALS } from '../../../../lib/candle-interval.ts';
import { upsertCandles, type Candle } from '../../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../../db/connection/database.ts';
import { candleEnd, candleStart } from '../../../../streams/market/candles/candle-bounds.ts';
import { candlePage } from '../../../../streams/market/candles/candle-page.ts';
import { eachDatabase } from '../../../support/databases.ts';

function starts(time: string, interval: (typeof CANDLE_INTERVALS)[number], timeZone?: string): string {
  return new Date(candleStart(Date.parse(time), interval, timeZone)).toISOString();
}

describe('the start of a candle', () => {
  it('is aligned to UTC for minutes and hours, whatever the time zone', () => {
    assert.equal(starts('2024-03-05T17:59:59.999Z', '1m'), '2024-03-05T17:59:00.000Z');
    assert.equal(starts('2024-03-05T17:59:59.999Z', '15m', 'Asia/Kathmandu'), '2024-03-05T17:45:00.000Z');
    assert.equal(starts('2024-03-05T17:59:59.999Z', '4h', 'Asia/Seoul'), '2024-03-05T16:00:00.000Z');
  });

  it('is midnight of the time zone for days, Monday for weeks, the first for months', () => {
    assert.equal(starts('2024-03-03T15:00:00.000Z', '1d', 'Asia/Seoul'), '2024-03-03T15:00:00.000Z');
    assert.equal(starts('2024-03-03T14:59:59.999Z', '1d', 'Asia/Seoul'), '2024-03-02T15:00:00.000Z');
    assert.equal(starts('2024-03-03T14:59:59.999Z', '1w', 'Asia/Seoul'), '2024-02-25T15:00:00.000Z');
    assert.equal(starts('2024-03-03T15:00:00.000Z', '1w', 'Asia/Seoul'), '2024-03-03T15:00:00.000Z');
    assert.equal(starts('2024-03-03T23:00:00.000Z', '1M', 'Asia/Seoul'), '2024-02-29T15:00:00.000Z');
    assert.equal(starts('1969-12-31T23:59:59.999Z', '1d'), '1969-12-31T00:00:00.000Z');
  });

  it('heeds the change of clocks', () => {
    // New York, 2024-03-10: 23 hours; 2024-11-03: 25 hours.
    assert.equal(starts('2024-03-10T20:00:00Z', '1d', 'America/New_York'), '2024-03-10T05:00:00.000Z');
    assert.equal(starts('2024-03-11T04:00:00Z', '1d', 'America/New_York'), '2024-03-11T04:00:00.000Z');
    assert.equal(starts('2024-11-04T04:59:59Z', '1d', 'America/New_York'), '2024-11-03T04:00:00.000Z');
    // Beirut skips midnight: the day begins at one o'clock.
    assert.equal(starts('2024-03-31T12:00:00Z', '1d', 'Asia/Beirut'), '2024-03-30T22:00:00.000Z');
    // Havana goes back from one to midnight: the day begins at the first of the two.
    assert.equal(starts('2024-11-03T12:00:00Z', '1d', 'America/Havana'), '2024-11-03T04:00:00.000Z');
  });

  it('throws for a time zone there is not', () => {
    assert.throws(() => candleStart(0, '1d', 'Asia/Nowhere'), RangeError);
  });
});

describe('the end of a candle', () => {
  it('is the start of the next one, also where clocks change and months differ', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2030, 0, 1) }),
        fc.constantFrom(...CANDLE_INTERVALS),
        fc.constantFrom(
          'UTC',
          'Asia/Seoul',
          'America/New_York',
          'America/Havana',
          'Asia/Beirut',
          'Pacific/Apia',
        ),
        (time, interval, timeZone) => {
          const start = candleStart(time, interval, timeZone);
          const end = candleEnd(time, interval, timeZone);
          assert.ok(start <= time && time < end);
          assert.equal(candleStart(end, interval, timeZone), end);
          assert.equal(candleStart(end - 1, interval, timeZone), start);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Longer candles by a list of each: slow and plain. */
function aggregate(
  minutes: readonly Candle[],
  interval: (typeof CANDLE_INTERVALS)[number],
  timeZone: string,
): Candle[] {
  const groups = new Map<number, Candle[]>();
  for (const minute of [...minutes].sort((a, b) => a.time - b.time)) {
    const start = candleStart(minute.time, interval, timeZone);
    groups.set(start, [...(groups.get(start) ?? []), minute]);
  }
  const most = (list: bigint[]): bigint => list.reduce((a, b) => (a > b ? a : b));
  return [...groups].flatMap(([time, list]) => {
    const [first] = list;
    const last = list.at(-1);
    if (first === undefined || last === undefined) return [];
    return {
      symbol: first.symbol,
      time,
      closeTime: last.closeTime,
      open: first.open,
      high: most(list.map(({ high }) => high)),
      low: -most(list.map(({ low }) => -low)),
      close: last.close,
      volume: list.reduce((sum, { volume }) => sum + volume, 0n),
      quoteVolume: list.reduce((sum, { quoteVolume }) => sum + quoteVolume, 0n),
      trades: list.reduce((sum, { trades }) => sum + trades, 0),
      simulated: list.some(({ simulated }) => simulated),
    };
  });
}

eachDatabase('pages of candles', (open) => {
  let db: OpenedDatabase;
  before(async () => {
    db = await open();
  });
  after(() => db.close());

  it('are what a list of all minutes makes, in both orders, in pages of any size, with minutes not yet stored', async () => {
    const start = Date.UTC(2024, 2, 1);
    const anyCandle = fc.record({
      symbol: fc.constant('BTC/KRW'),
      // Two months around the changes of the clocks.
      time: fc.integer({ min: 0, max: 60 * 1_440 - 1 }).map((minute) => start + minute * 60_000),
      closeTime: fc.constant(0),
      open: fc.bigInt({ min: 1n, max: 10n ** 27n }),
      high: fc.bigInt({ min: 1n, max: 10n ** 27n }),
      low: fc.bigInt({ min: 1n, max: 10n ** 27n }),
      close: fc.bigInt({ min: 1n, max: 10n ** 27n }),
      volume: fc.bigInt({ min: 0n, max: 10n ** 24n }),
      quoteVolume: fc.bigInt({ min: 0n, max: 10n ** 30n }),
      trades: fc.nat(1_000),
      simulated: fc.constant(false),
    });
    const minutes = fc.uniqueArray(anyCandle, { maxLength: 80, selector: (candle) => candle.time });
    const zones = fc.constantFrom('UTC', 'Asia/Seoul', 'America/New_York', 'Europe/London', 'Asia/Kathmandu');
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          list: minutes,
          interval: fc.constantFrom(...CANDLE_INTERVALS),
          timeZone: zones,
          order: fc.constantFrom('asc' as const, 'desc' as const),
          limit: fc.integer({ min: 1, max: 30 }),
          unsaved: fc.nat(3),
          range: fc.tuple(fc.integer({ min: -2_880, max: 90_000 }), fc.integer({ min: -2_880, max: 90_000 })),
        }),
        async ({ list, interval, timeZone, order, limit, unsaved, range }) => {
          const complete: Candle[] = list
            .map((candle) => ({ ...candle, closeTime: candle.time + 59_999 }))
            .sort((a, b) => a.time - b.time);
          const newest = unsaved === 0 ? [] : complete.slice(-unsaved);
          await db.knex('candles').delete();
          await upsertCandles(db.knex, complete.slice(0, complete.length - unsaved), 'replace');
          // Half of an unsaved minute is there already.
          const half = newest.slice(0, 1).map((candle) => ({ ...candle, volume: 0n, trades: 0 }));
          await upsertCandles(db.knex, half, 'merge');
          let from = start + Math.min(...range) * 60_000 + 1;
          let to = start + Math.max(...range) * 60_000 + 1;
          const expected = aggregate(complete, interval, timeZone).filter(
            ({ time }) => time >= from && time < to,
          );
          if (order === 'desc') expected.reverse();
          const got: Candle[] = [];
          for (;;) {
            const query = { symbol: 'BTC/KRW', interval, from, to, order, limit, timeZone, simulated: false };
            const page = await candlePage(db.knex, query, newest);
            assert.ok(page.length <= limit);
            got.push(...page);
            const last = page.at(-1);
            if (last === undefined) break;
            if (order === 'asc') from = last.time + 1;
            else to = last.time;
          }
          assert.deepEqual(got, expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
