import type { Database } from '../db/connection/database.ts';
import { adoptMarket, findFleet } from '../db/fleet.ts';
import { countSimulatedPortfolios } from '../db/ledger/portfolios/portfolios.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logging/log.ts';
import type { FeedSpec } from '../streams/market/feeds/feed-types.ts';

/** How often a node without a feed looks for another world. */
const LOOK_MS = 5_000;

/** Whether the market of this fleet is made up or real, and how often that has changed: its log starts over each time. */
export interface MarketWorld {
  readonly isSimulated: boolean;
  readonly generation: number;
  close(): void;
}

/**
 * The feed decides: the simulator makes prices up, everything else brings real ones. A node without a feed takes what the
 * others have set. Says so when made-up prices or portfolios are kept beside real ones.
 */
export async function openMarketWorld(
  db: Database,
  specs: readonly FeedSpec[],
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<MarketWorld> {
  if (specs.every(({ kind }) => kind === 'none')) return await followMarket(db, { clock, logger });
  const isSimulated = specs.some(({ kind }) => kind === 'simulator');
  const { generation, hasChanged } = await adoptMarket(db, isSimulated);
  const portfolios = await countSimulatedPortfolios(db);
  if (hasChanged && isSimulated) {
    logger.warn('The prices of this market are made up from now on: real portfolios get no present prices.');
  } else if (!isSimulated && (hasChanged || portfolios > 0)) {
    logger.warn(
      { portfolios },
      'Made-up prices are kept apart from real ones: simulated portfolios keep their past and get no present prices.',
    );
  }
  return { isSimulated, generation, close: () => undefined };
}

async function followMarket(
  db: Database,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<MarketWorld> {
  let { marketSimulated, marketGeneration } = await findFleet(db);
  const look = async (): Promise<void> => {
    const found = await findFleet(db);
    marketSimulated = found.marketSimulated;
    marketGeneration = Math.max(marketGeneration, found.marketGeneration);
  };
  const close = clock.every(LOOK_MS, () => {
    look().catch((error: unknown) => logger.debug({ err: error }, 'the world of the market cannot be read'));
  });
  return {
    get isSimulated() {
      return marketSimulated ?? false;
    },
    get generation() {
      return marketGeneration;
    },
    close,
  };
}
