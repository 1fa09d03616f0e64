import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { candles, upsertCandles, CANDLE_INTERVALS, type Candle } from '../../db/candles.ts';
import type { OpenedDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { aggregateCandles, candleStart } from '../../streams/candle-interval.ts';
import { eachDatabase } from '../support/databases.ts';

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

eachDatabase('longer candles', (open) => {
  let db: OpenedDatabase;
  before(async () => {
    db = await open();
    await migrate(db.knex);
  });
  after(() => db.close());

  it('are the same made here and in the database', async () => {
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
      simulated: fc.boolean(),
    });
    const minutes = fc.uniqueArray(anyCandle, { maxLength: 80, selector: (candle) => candle.time });
    const zones = fc.constantFrom('UTC', 'Asia/Seoul', 'America/New_York', 'Europe/London', 'Asia/Kathmandu');
    await fc.assert(
      fc.asyncProperty(
        minutes,
        fc.constantFrom(...CANDLE_INTERVALS),
        zones,
        async (list, interval, timeZone) => {
          const stored: Candle[] = list
            .map((candle) => ({ ...candle, closeTime: candle.time + 59_999 }))
            .sort((a, b) => a.time - b.time);
          await db.knex('candles').delete();
          await upsertCandles(db.knex, stored, 'replace');
          const to = start + 90 * 86_400_000;
          const query = { symbol: 'BTC/KRW', interval, from: start, to, limit: 1_000, timeZone };
          assert.deepEqual(await candles(db.knex, query), aggregateCandles(stored, interval, timeZone));
        },
      ),
      { numRuns: 40 },
    );
  });
});
