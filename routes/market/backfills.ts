import { z } from 'zod';
import { BACKFILL_INTERVALS, listBackfills as readBackfills } from '../../db/market/backfills.ts';
import { listReadableBackfills } from '../../db/market/backfill-readers.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { problem } from '../../lib/problem.ts';
import { backfillSchema } from '../../lib/schemas/backfill-schema.ts';
import * as field from '../../lib/schemas/fields.ts';
import { backfillBody } from '../../streams/backfill/backfills.ts';
import { INTERVAL_LENGTH } from '../../streams/backfill/candle-source.ts';
import { endpoint } from '../http/endpoint.ts';

export const listBackfills = endpoint({
  method: 'get',
  path: '/v1/market/backfills',
  id: 'listBackfills',
  tag: 'market',
  summary:
    'Jobs that fetch past candles, newest first; all of them are the state of the `backfill:` channels',
  description:
    'Jobs are created automatically: minutes up to an entry without a rate, and days from the first entry of a portfolio on, for its assets and benchmarks. Figures fill in as candles arrive. You see the jobs that portfolios you can read need, limited to that need, and those you requested; a credential with the scope `admin` sees every job.',
  access: 'read',
  query: z.strictObject({
    symbol: field.symbol.optional().describe('Only jobs of this symbol.'),
    limit: field.limit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field
    .listOf(backfillSchema)
    .extend({
      exchanges: z
        .array(z.string())
        .describe('Exchanges to fetch from, in order of preference; if empty, nothing is fetched.'),
      troubles: z
        .array(z.string())
        .describe('Exchanges that this node cannot fetch from at present, and why; usually none.'),
    })
    .meta({ id: 'BackfillList', description: 'One page of jobs that fetch past candles.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query, caller }, { db, backfills }) {
    const seesAll = caller.scopes.includes('admin');
    const { items, nextCursor } = seesAll
      ? await readBackfills(db, query)
      : await listReadableBackfills(db, { ...query, userId: caller.userId });
    const { exchanges, troubles } = backfills;
    return {
      items: items.map(backfillBody),
      nextCursor,
      exchanges,
      troubles: troubles.map(({ exchange, reason }) =>
        // The reason may name the symbol of another user's job.
        seesAll ? reason : `${exchange} cannot be asked at present`,
      ),
    };
  },
});

export const requestBackfill = endpoint({
  method: 'post',
  path: '/v1/market/backfills',
  id: 'requestBackfill',
  tag: 'market',
  summary: 'Fetch past candles',
  description:
    'Spans that another job covers are not fetched again, and stored candles are kept. `count` is the number of jobs added.',
  access: 'market:write',
  body: z
    .strictObject({
      symbol: field.symbol.describe('The symbol whose candles to fetch.'),
      interval: z.enum(BACKFILL_INTERVALS).default('1d').describe('Minutes, or whole UTC days.'),
      from: field.instant
        .refine((time) => time >= GENESIS, 'is before 2009')
        .describe(`Start of the first candle, inclusive. ${field.INSTANT_FORM}`),
      to: field.instant
        .optional()
        .describe(`Start of the last candle, exclusive; up to now if omitted. ${field.INSTANT_FORM}`),
      exchange: z
        .string()
        .max(40)
        .optional()
        .describe('One of the `exchanges` of the list; the first of them if omitted.'),
    })
    .meta({ id: 'BackfillInput', description: 'Past candles to fetch.' }),
  status: 200,
  response: z
    .object({ count: z.int().describe('How many jobs were added; 0 if others cover everything.') })
    .meta({ id: 'BackfillRequested', description: 'The number of jobs that a request has added.' }),
  examples: { request: { symbol: 'BTC/KRW', from: '2024-01-01T00:00:00Z' }, response: { count: 1 } },
  problems: ['invalid-request', 'conflict'],
  async handler({ body, caller }, { backfills, marketWriter, clock }) {
    marketWriter.intake.assertReal();
    const { symbol, interval } = body;
    const exchange = body.exchange ?? backfills.exchanges[0];
    if (exchange === undefined || !backfills.exchanges.includes(exchange)) {
      throw problem('conflict', {
        detail:
          'There is no such exchange to fetch from: name it in BACKFILL_EXCHANGES, or load candles (POST /v1/market/candles).',
      });
    }
    const length = INTERVAL_LENGTH[interval];
    const floor = (time: number): number => Math.floor(time / length) * length;
    const since = floor(body.from);
    const until = floor(Math.min(body.to ?? clock.now(), clock.now()));
    if (since >= until)
      throw problem('invalid-request', {
        errors: [{ pointer: '/from', detail: 'must be before `to` and in the past' }],
      });
    const job = { symbol, interval, since, until, exchange, sourceSymbol: backfills.sourceSymbol(symbol) };
    return { count: await backfills.request(job, caller.userId) };
  },
});

export const backfillEndpoints = [listBackfills, requestBackfill];
