import type { Database } from '../db/connection/database.ts';
import { fenced } from '../db/connection/fence.ts';
import { neededSymbols } from '../db/ledger/rates/needed-symbols.ts';
import { foldCandles, minuteCandles } from '../db/market/candle-folds.ts';
import { pruneCandles } from '../db/market/candle-retention.ts';
import { candlesSince, upsertCandles } from '../db/market/candles.ts';
import { endDoubts, pruneGaps, saveGaps } from '../db/market/gaps.ts';
import { DAY_MS } from '../lib/candle-interval.ts';
import { decimal } from '../lib/money/money.ts';
import type { Services } from '../routes/http/handler-services.ts';
import type { Leases } from '../streams/core/lease.ts';
import { parseFeedSpecs } from '../streams/market/feeds/feed-spec.ts';
import { lastTradeOf } from '../streams/market/feeds/last-trade.ts';
import { feedSources } from '../streams/market/feeds/open-feed.ts';
import { FEED_LEASE } from '../streams/market/writer/feed-runner.ts';
import { MarketWriter } from '../streams/market/writer/market-writer.ts';
import type { Surroundings } from './backends.ts';

/** Gaps are kept this much longer than minutes: when these are deleted their days remain, which months are made of. */
const GAPS_KEPT_LONGER_MS = 366 * DAY_MS;

type Parts = Pick<Services, 'db' | 'broker' | 'market'> & { leases: Leases; node: string };

/** The writer of the market log with the feeds of the configuration, not yet started. */
export function openMarketWriter(
  { config, clock, random, logger }: Surroundings,
  { db, broker, leases, market, node }: Parts,
): MarketWriter {
  const specs = parseFeedSpecs(config.MARKET_FEED);
  const feedOptions = {
    clock,
    random,
    log: logger,
    replaySpeed: config.REPLAY_SPEED,
    seed: config.FEED_SEED,
    lastPrice: (symbol: string) => {
      const mark = market.price(symbol);
      return mark === null ? null : decimal(mark.price);
    },
    lastTrade: (symbol: string, exchange: string) => lastTradeOf(market, symbol, exchange),
    needed: () => neededSymbols(db, 1_000),
  };
  return new MarketWriter({
    broker,
    leases,
    node,
    market,
    clock,
    random,
    log: logger,
    startsOver: specs.some(({ kind }) => kind === 'replay'),
    feeds: feedSources(specs, feedOptions),
    recentCandles: () => candlesSince(db, clock.now() - DAY_MS, 100_000, market.isSimulated),
    saveCandles: (candles, fence) =>
      fenced(db, { name: FEED_LEASE, fence }, (trx) => upsertCandles(trx, candles, 'merge')),
    gapStore: {
      save: (changes, fence) =>
        fenced(db, { name: FEED_LEASE, fence }, (trx) => saveGaps(trx, changes, fence)),
      endDoubts: (fence) => fenced(db, { name: FEED_LEASE, fence }, (trx) => endDoubts(trx, fence)),
    },
    candleHistory: {
      fold: (windows) => foldCandles(db, windows, market.isSimulated),
      minutes: (ranges) => minuteCandles(db, ranges, market.isSimulated),
    },
    ...(config.CANDLE_RETENTION_DAYS > 0 && {
      pruneCandles: async (fence: number) => {
        const before = clock.now() - config.CANDLE_RETENTION_DAYS * DAY_MS;
        const write = (task: (trx: Database) => Promise<number>): Promise<number> =>
          fenced(db, { name: FEED_LEASE, fence }, task);
        await write((trx) => pruneGaps(trx, before - GAPS_KEPT_LONGER_MS));
        return await pruneCandles(db, before, write);
      },
    }),
  });
}
