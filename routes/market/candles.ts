import { z } from 'zod';
import { CANDLE_INTERVALS, DAY_MS } from '../../lib/candle-interval.ts';
import { type Candle, upsertCandles, upsertDays } from '../../db/market/candles.ts';
import { decodeCursor, encodeCursor } from '../../db/connection/page-cursor.ts';
import { pageOf } from '../../db/connection/list-page.ts';
import { isTimeZone } from '../../lib/pnl/performance/calendar.ts';
import { problem } from '../../lib/problem.ts';
import { closeGaps, gapsBetween, spansOf } from '../../db/market/gaps.ts';
import { GapBook } from '../../streams/market/gap-book.ts';
import { candleEnd } from '../../streams/market/candles/candle-bounds.ts';
import { candlePage } from '../../streams/market/candles/candle-page.ts';
import { candleBody } from '../../streams/market/candles/candle-record.ts';
import type { LoadedCandles } from '../../streams/market/writer/tick-recorder.ts';
import { candlesSchema, candleErrors, candleInput, candleOf, columnsOf, pointsOf } from './candle-bodies.ts';
import { acceptedSchema } from './accepted.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { queryProblem } from '../http/query-problem.ts';

/** Gaps of one page that are told apart. */
const MAX_GAPS = 10_000;
/** Ticks may be a minute ahead of the clock. */
const AHEAD_MS = 120_000;

export const listCandles = endpoint({
  method: 'get',
  path: '/v1/market/candles',
  id: 'listCandles',
  tag: 'market',
  summary: 'Open, high, low, close and volume by interval; the state of the `candle:` channels',
  description:
    'Candles that start in [from, to), including the current one. Oldest first by default; in that order and without `from`, one page with the newest `limit` of them. Intervals without a price have no candle. Days, weeks (from Monday) and months begin at midnight in `tz`; days that were loaded as a whole are UTC days, and appear only if the days of `tz` are the same.',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    symbol: field.symbol.describe('The symbol whose candles to list.'),
    interval: z.enum(CANDLE_INTERVALS).describe('Length of the candles; `1M` is a month.'),
    from: field.queryInstant
      .optional()
      .describe(`Start of the first candle, inclusive; the oldest if omitted. ${field.INSTANT_FORM}`),
    to: field.queryInstant
      .optional()
      .describe(
        `Start of the last candle, exclusive; up to the current one if omitted. ${field.INSTANT_FORM}`,
      ),
    order: z.enum(['asc', 'desc']).default('asc').describe('By time: `asc` has the oldest first.'),
    tz: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be an IANA time zone such as Asia/Seoul')
      .default('UTC')
      .meta({ example: 'Asia/Seoul', description: 'IANA time zone whose midnight begins a day.' }),
    format: z
      .enum(['items', 'points', 'columns'])
      .default('items')
      .describe(
        '`items`: objects. `points`: `[t, open, high, low, close, volume]`. `columns`: one array for each field.',
      ),
    limit: field.limit,
    cursor: z.string().max(1000).optional().describe(field.CURSOR),
  }),
  status: 200,
  cache: { kind: 'candles' },
  response: candlesSchema,
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { db, market, marketWriter, clock }) {
    const { symbol, interval, from, order, tz: timeZone, limit } = query;
    if (from !== undefined && query.to !== undefined && from > query.to) {
      throw queryProblem({ parameter: 'from', detail: 'is after `to`' });
    }
    const latest = clock.now() + AHEAD_MS;
    const range = { from: from ?? 0, to: Math.min(query.to ?? latest, latest) };
    const [last] = query.cursor === undefined ? [] : decodeCursor(query.cursor, ['number']);
    if (last !== undefined && order === 'asc') range.from = Math.max(range.from, last + 1);
    if (last !== undefined && order === 'desc') range.to = Math.min(range.to, last);
    // Charts ask for the newest candles and draw from the left.
    const fromTheEnd = order === 'asc' && from === undefined && last === undefined;
    const wanted = { symbol, interval, timeZone, simulated: market.isSimulated, ...range };
    const traded = market.candlesBasis(symbol);
    const basis = traded === null ? null : `${traded} ${marketWriter.lastOver(symbol)}`;
    const cached = new Cached({ owner: symbol, question: query, basis }, async () => {
      const newest = marketWriter.newestMinutes(symbol);
      const found = fromTheEnd
        ? (await candlePage(db, { ...wanted, order: 'desc', limit }, newest)).toReversed()
        : await candlePage(db, { ...wanted, order, limit: limit + 1 }, newest);
      const page = pageOf(found, limit, ({ time }) => encodeCursor([time]));
      const endOf = (time: number): number => candleEnd(time, interval, timeZone);
      const gaps = new GapBook();
      const times = page.items.map(({ time }) => time);
      if (times.length > 0 && !market.isSimulated) {
        const span = { from: Math.min(...times), to: endOf(Math.max(...times)) };
        for (const gap of await gapsBetween(db, symbol, { ...span, limit: MAX_GAPS })) gaps.add(gap);
      }
      const bodies = page.items.map((candle) => {
        const end = endOf(candle.time);
        const isWhole = [gaps, market.gaps].every((book) => book.isWhole(symbol, candle.time, end));
        const closed = marketWriter.isOver(symbol, end);
        return candleBody(candle, interval, { closed, complete: isWhole });
      });
      const { nextCursor } = page;
      if (query.format === 'points') return { points: pointsOf(bodies), nextCursor };
      if (query.format === 'columns') return { columns: columnsOf(bodies), nextCursor };
      return { items: bodies, nextCursor };
    });
    return Promise.resolve(cached);
  },
});

export const loadCandles = endpoint({
  method: 'post',
  path: '/v1/market/candles',
  id: 'loadCandles',
  tag: 'market',
  summary: 'Load past candles: minutes or whole UTC days, one or a batch',
  description:
    'A candle replaces the one stored for its time, so sending it again changes nothing. A day is used instead of its minutes in candles of days, weeks and months, and its close is the price from the last millisecond of the day onwards. Only intervals that are over can be loaded. A batch is loaded as a whole or not at all. Minutes close the gaps that trades were missed in: candles, 24-hour figures and tickers of that time are complete again.',
  access: 'market:write',
  ...itemOrBatch(candleInput, 'CandleInput'),
  status: 200,
  response: acceptedSchema,
  examples: {
    request: {
      symbol: 'BTC/KRW',
      interval: '1d',
      time: '2026-03-01T00:00:00.000Z',
      open: '89500000',
      high: '90120000',
      low: '88700000',
      close: '89886000',
      volume: '1520.25',
    },
  },
  problems: ['invalid-request', 'conflict', 'unavailable'],
  async handler({ body }, { db, marketWriter, lateRates, clock }) {
    marketWriter.intake.assertReal();
    const items = 'items' in body ? body.items : [body];
    const now = clock.now();
    const errors = items.flatMap((item, index) =>
      candleErrors(item, now).map(({ pointer, detail }) => ({
        pointer: 'items' in body ? `/items/${index}${pointer}` : `${pointer}`,
        detail,
      })),
    );
    if (errors.length > 0) {
      throw problem('invalid-request', { errors: errors.slice(0, 20) });
    }
    if (!marketWriter.intake.hasRoomFor(new Set(items.map(({ symbol }) => symbol)))) {
      throw problem('conflict', {
        detail: 'The market has as many symbols as it can keep. Send candles of known symbols only.',
      });
    }
    const minutes = items.filter(({ interval }) => interval === '1m').map(candleOf);
    const days = items.filter(({ interval }) => interval === '1d').map(candleOf);
    const closed = await db.transaction(async (trx) => {
      await upsertCandles(trx, minutes, 'replace');
      await upsertDays(trx, days);
      return await closeGaps(trx, spansOf(minutes));
    });
    await marketWriter.intake.announceLoaded(
      loadsOf(minutes, days).map((load) => ({
        ...load,
        closed: closed.filter(({ symbol }) => symbol === load.symbol).map(({ from, to }) => ({ from, to })),
      })),
    );
    lateRates.look();
    return { accepted: items.length };
  },
});

/** What was loaded for each symbol. */
export function loadsOf(minutes: readonly Candle[], days: readonly Candle[]): LoadedCandles[] {
  const loads = new Map<string, LoadedCandles>();
  const add = (candle: Candle, to: number): void => {
    const { symbol, time } = candle;
    const load = loads.get(symbol) ?? { symbol, from: time, to, last: candle };
    loads.set(symbol, {
      symbol,
      from: Math.min(load.from, time),
      to: Math.max(load.to, to),
      last: candle.closeTime >= load.last.closeTime ? candle : load.last,
    });
  };
  for (const candle of minutes) add(candle, candle.time + 60_000);
  for (const candle of days) add(candle, candle.time + DAY_MS);
  return [...loads.values()];
}

export const candleEndpoints = [listCandles, loadCandles];
