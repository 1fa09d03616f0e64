import { z } from 'zod';
import { flag, integer } from './variable.ts';

/** Where prices come from. */
export const MARKET_VARIABLES = {
  MARKET_FEED: z
    .string()
    .min(1)
    .default('simulator')
    .describe(
      'Where ticks come from: `simulator`, `replay:<csv>?symbol=ETH/USDT`, `push`, `ccxt:<exchange>?symbols=BTC/KRW,…` or `none`.',
    ),
  REPLAY_SPEED: z
    .union([z.literal('max'), z.coerce.number().positive().max(1e6)], 'must be a number above 0, or max')
    .default(1)
    .describe(
      'Speed of a replay: `1` as recorded, `60` one minute per second, `max` as fast as it can be stored.',
    ),
  FEED_SEED: integer(0, 2 ** 31 - 1)
    .optional()
    .describe('Seed of the simulator, for a reproducible market.'),
  PUBLIC_MARKET: flag.default(false).describe('`true`: market data needs no login.'),
};
