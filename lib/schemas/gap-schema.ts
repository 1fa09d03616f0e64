import { z } from 'zod';
import * as field from './fields.ts';

export const gapSchema = z
  .object({
    channel: z.string().meta({ description: 'The channel concerned.', example: 'trade:BTC/KRW' }),
    symbol: field.symbol.describe('Base and quote asset.'),
    from: field.timestamp.describe('Start of the time in which trades were missed.'),
    to: field.timestamp.describe('End of that time.'),
    feed: z.string().describe('The feed that missed them, as in `feeds` of `GET /readyz`.'),
  })
  .meta({
    id: 'Gap',
    description:
      'Trades in this time were missed and cannot be recovered. Candles and 24-hour figures of that time have `complete: false`.',
  });

export type GapBody = z.input<typeof gapSchema>;
