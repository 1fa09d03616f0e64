import { integer } from './variable.ts';

const keptFor = (seconds: number) => integer(1, 86_400).default(seconds);

/** Cached answers. */
export const CACHE_VARIABLES = {
  CACHE_MB: integer(0, 16_384)
    .default(32)
    .describe(
      'Memory of this process for cached answers, in MiB. `0`: nothing is cached, not even in Redis, but simultaneous requests still share one answer.',
    ),
  CACHE_PRICES_S: keptFor(60).describe(
    'Time for which a list of tickers is cached while no price in it moves, in seconds.',
  ),
  CACHE_SUMMARY_S: keptFor(60).describe(
    'Time for which the figures of a portfolio are cached while nothing moves them, in seconds.',
  ),
  CACHE_STATISTICS_S: keptFor(15).describe(
    'Time for which performance and statistics are cached, in seconds; they end at the moment they were made.',
  ),
  CACHE_CANDLES_S: keptFor(60).describe(
    'Time for which a page of candles is cached while no trade moves it, in seconds.',
  ),
};
