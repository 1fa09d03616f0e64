import { z } from 'zod';
import { SYMBOL_PATTERN } from '../symbol.ts';
import { flag, integer, list } from './variable.ts';

/** Where prices come from. */
export const MARKET_VARIABLES = {
  MARKET_FEED: z
    .string()
    .min(1)
    .default('simulator')
    .describe(
      'Where ticks come from: `simulator`, `replay:<csv>?symbol=ETH/USDT`, `push`, `ccxt:<exchange>?symbols=BTC/KRW,…` or `none`; several exchanges and `push` with commas between them, in order of preference.',
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
  BACKFILL_EXCHANGES: list
    .default([])
    .describe(
      'Exchanges that past candles may come from, after those of `MARKET_FEED`, in order of preference: `upbit,binance`. With `?rest=http://…`, from another address.',
    ),
  BACKFILL_RENAMED: list
    .default([])
    .refine(
      (pairs) => pairs.every((pair) => pair.split('=').every((symbol) => SYMBOL_PATTERN.test(symbol))),
      'must be pairs of symbols such as MATIC/KRW=POL/KRW',
    )
    .describe('What exchanges call a symbol today that was renamed: `MATIC/KRW=POL/KRW,…`.'),
  PUBLIC_MARKET: flag.default(false).describe('`true`: market data needs no login.'),
};
