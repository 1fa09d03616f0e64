import { z } from 'zod';
import * as field from './fields.ts';

export const backfillSchema = z
  .object({
    id: field.id.describe('Id of the job.'),
    symbol: field.symbol.describe('The symbol whose candles are fetched.'),
    interval: z.enum(['1m', '1d']).describe('Minutes, or whole UTC days.'),
    from: field.timestamp.describe('Start of the first candle, inclusive.'),
    to: field.timestamp.describe('Start of the last candle, exclusive.'),
    reached: field.timestamp.describe(
      'Everything before this is stored; equal to `to` when the job is done.',
    ),
    exchange: z.string().describe('The exchange that they come from.'),
    sourceSymbol: field.symbol.describe('The name of the symbol there, which differs if it was renamed.'),
    state: z
      .enum(['waiting', 'done', 'unavailable'])
      .describe(
        '`waiting`: running or queued. `unavailable`: the exchange does not have them; tried again after a day.',
      ),
    candles: z
      .union([z.int(), z.null()])
      .describe('Candles stored so far; `null` if the job has more than your portfolios need.'),
    detail: z
      .union([z.string(), z.null()])
      .describe('What it is waiting for, or why it was given up; `null` if there is no obstacle.'),
    createdAt: field.createdAt,
    updatedAt: field.updatedAt,
  })
  .meta({ id: 'Backfill', description: 'A job that fetches past candles.' });

/** An item of `GET /v1/market/backfills`, and of the `backfill:` channels. */
export type BackfillBody = z.input<typeof backfillSchema>;
