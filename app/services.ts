import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { gapsSince } from '../db/market/gaps.ts';
import { DAY_MS } from '../lib/candle-interval.ts';
import { lastCloses } from '../db/market/candles.ts';
import { type OpenedDatabase, openDatabase } from '../db/connection/database.ts';
import { saveEquitySnapshots } from '../db/history/equity-snapshots.ts';
import { openLookups } from '../db/users/lookups.ts';
import { migrate } from '../db/migrations/migrate.ts';
import {
  deleteMessages,
  deleteRestoredMessages,
  pendingMessages,
  pendingPortfolios,
} from '../db/ledger/portfolios/outbox.ts';
import { reachDatabase, startErrorOf } from '../db/connection/reach-database.ts';
import { findFleet } from '../db/fleet.ts';
import { readHistory } from '../db/connection/server-history.ts';
import { measurePool } from '../db/connection/pool-metrics.ts';
import { findRevaluable, valueEntries } from '../db/ledger/late-rates.ts';
import { portfolioVersions } from '../db/ledger/portfolios/portfolios.ts';
import { findEndedCredentials } from '../db/users/live-credentials.ts';
import { Housekeeping, HOUSEKEEPING } from '../db/housekeeping.ts';
import { findLostAccess } from '../db/users/shares.ts';
import { findAdmins } from '../db/users/users.ts';
import { tradesByCursor, tradesByPages } from '../db/trades/trade-export.ts';
import { changeLedgers } from '../routes/portfolios/ledger-change.ts';
import type { Services } from '../routes/http/handler-services.ts';
import { Authority } from '../streams/fleet/authority.ts';
import { MARKET_LOG } from '../streams/channels/logs.ts';
import { LATE_RATES, LateRates } from '../streams/portfolio/late-rates.ts';
import { DayStarts } from '../streams/portfolio/day-starts.ts';
import { checkFeed } from '../streams/market/feeds/feed-check.ts';
import { parseFeedSpecs } from '../streams/market/feeds/feed-spec.ts';
import { Hub } from '../streams/core/connections/hub.ts';
import { countedLeases } from '../streams/fleet/lease-metrics.ts';
import { measureFeeds } from '../streams/fleet/feed-metrics.ts';
import { FeedNotices } from '../streams/market/feed-notices.ts';
import { Market } from '../streams/market/market.ts';
import { Outbox } from '../streams/portfolio/outbox-publisher.ts';
import { valuePortfolio } from '../streams/portfolio/portfolio-valuation.ts';
import { Projector } from '../streams/portfolio/projector.ts';
import { watchedLogs } from '../streams/portfolio/watched-logs.ts';
import { CATALOG } from '../streams/channels/catalog.ts';
import { serveBackups } from './backup/backup-server.ts';
import { reachBroker, retryBroker } from './broker-retry.ts';
import { Readiness } from '../streams/fleet/readiness.ts';
import { StreamMetrics } from '../streams/fleet/stream-metrics.ts';
import { type Generation, Timeline } from '../streams/fleet/timeline.ts';
import { StreamRegistry } from '../streams/fleet/stream-registry.ts';
import { SocketServer } from '../streams/transports/websocket-server.ts';
import { openAnswers, openBroker, openLimits, BACKEND_PATIENCE, type Surroundings } from './backends.ts';
import { Backfills, BACKFILL_LEASE } from '../streams/backfill/backfills.ts';
import { renamedSymbols, sourceSpecs } from '../streams/backfill/source-specs.ts';
import { ensureDemoPast } from './first-start.ts';
import { openMarketWriter } from './open-market-writer.ts';
import { openMarketWorld } from './market-world.ts';
import { measureProcess } from '../lib/process/process-metrics.ts';
import { openAccounts } from './open-accounts.ts';
import { Shutdown } from './shutdown.ts';
import { workSlots } from './work-slots.ts';
import { loadTokenKey } from '../lib/tokens/token.ts';
import { loadTokenKeys } from '../lib/tokens/token-keys.ts';

export interface Environment extends Surroundings {
  /** An opened database to use and to close, instead of the one the configuration names. */
  database?: OpenedDatabase;
}

export interface RunningServices {
  services: Services;
  /** Ends what `createServices` started, in the reverse order. */
  close(): Promise<void>;
}

/** Opens all parts of a node, from the bottom up, and closes them again if a later step fails. */
export async function createServices(environment: Environment): Promise<RunningServices> {
  const { config, clock, random, logger, patience = BACKEND_PATIENCE } = environment;
  const shutdown = new Shutdown({ clock, logger });
  const close = (): Promise<void> => shutdown.run();
  try {
    for (const spec of parseFeedSpecs(config.MARKET_FEED)) await checkFeed(spec);
    const candleSources = sourceSpecs(parseFeedSpecs(config.MARKET_FEED), config.BACKFILL_EXCHANGES);
    const database =
      environment.database ??
      (await openDatabase({
        url: config.DATABASE_URL,
        dataDir: config.DATA_DIR,
        log: logger,
        clock,
        poolMax: config.DATABASE_POOL,
        statementTimeout: config.STATEMENT_TIMEOUT_MS,
      }));
    shutdown.add('the database', () => database.close());
    if (database.kind === 'postgres') await reachDatabase(database.knex, { clock, ms: patience.startStepMs });
    await migrate(database.knex).catch((error: unknown) => {
      throw startErrorOf(error) ?? error;
    });
    const fleet = await findFleet(database.knex);
    const world = await openMarketWorld(database.knex, parseFeedSpecs(config.MARKET_FEED), {
      clock,
      logger,
    });
    shutdown.add('the world of the market', () => world.close());
    if (config.DEMO && config.MARKET_FEED === 'simulator') {
      // Before anything asks for the last prices.
      await ensureDemoPast({ db: database.knex, clock, seed: config.FEED_SEED ?? 1 });
    }
    const tokenKey = await loadTokenKey(config.JWT_SECRET, config.DATA_DIR, logger);
    const tokenKeys = await loadTokenKeys(
      { privateKeyFile: config.JWT_PRIVATE_KEY_FILE, publicKeyFiles: config.JWT_PUBLIC_KEY_FILES },
      tokenKey,
    );
    const metrics = new Registry();
    measurePool(metrics, database.knex);
    const generation: Generation = { current: 0 };
    const {
      broker,
      leases: uncounted,
      started,
      fault: brokerFault,
      close: closeClaim,
    } = await openBroker(environment, fleet.id, {
      ledgers: () => generation.current,
      market: () => world.generation,
    });
    const patiently = (step: string, attempt: () => Promise<void>): Promise<void> =>
      retryBroker(attempt, { clock, ms: patience.startStepMs, step });
    const leases = countedLeases(uncounted, metrics);
    shutdown.add('the claim on Redis', closeClaim);
    shutdown.add('the broker', () => broker.close());
    shutdown.add('the leases', () => leases.close());
    const housekeeping = new Housekeeping({
      db: database.knex,
      clock,
      logger,
      lease: () => leases.acquire(HOUSEKEEPING),
      auditDays: config.AUDIT_DAYS,
      auditRows: config.AUDIT_ROWS,
    });
    shutdown.add('the housekeeping', () => housekeeping.close());
    await patiently('connecting', () => reachBroker(broker));
    const dayStarts = new DayStarts({ db: database.knex, clock });
    const timeline = new Timeline({
      broker,
      clock,
      logger,
      kept: fleet.timeline,
      generation,
      // In memory the logs end with the process, so the first generation may always be the same.
      first: config.REDIS_URL === undefined ? 0 : clock.now(),
      point: database.history === null ? null : () => readHistory(database.knex),
      versions: (ids) => portfolioVersions(database.knex, ids),
      forget: (startedAt) => deleteRestoredMessages(database.knex, startedAt),
    });
    timeline.onBegin(() => dayStarts.clear());
    database.history?.onConnection((point) => timeline.connected(point));
    shutdown.add('the timeline', () => timeline.close());
    await patiently('following the history of the database', () => timeline.start());
    const market = new Market({
      broker,
      clock,
      random,
      log: logger,
      simulated: world.isSimulated,
      lastCloses: (simulated) => lastCloses(database.knex, simulated),
      // As long as the longest candle.
      knownGaps: async () =>
        world.isSimulated ? [] : await gapsSince(database.knex, clock.now() - 32 * DAY_MS, 10_000),
    });
    shutdown.add('the market', () => market.close());
    await patiently('reading the market', () => market.start());
    const node = randomBytes(6).toString('base64url');
    const marketWriter = openMarketWriter(environment, { db: database.knex, broker, leases, market, node });
    measureFeeds(metrics, marketWriter, clock);
    await marketWriter.start();
    shutdown.add('the feed', () => marketWriter.close());
    if (environment.database === undefined && database.kind === 'embedded') {
      const settle = (): Promise<void> => marketWriter.save();
      const backups = await serveBackups({ db: database.knex, dataDir: config.DATA_DIR, logger, settle });
      shutdown.add('the backups', () => backups.close());
    }
    const sources = { db: database.knex, market, dayStarts, timeline };
    const projector = new Projector({
      broker,
      leases,
      market,
      clock,
      logger,
      intervalMs: config.PNL_INTERVAL_MS,
      holdingsIntervalMs: config.HOLDINGS_INTERVAL_MS,
      value: (portfolioId) => valuePortfolio(sources, portfolioId),
      keepEquity: (snapshots) => saveEquitySnapshots(database.knex, snapshots),
      versions: (ids) => portfolioVersions(database.knex, ids),
    });
    timeline.onBegin(() => projector.startOver());
    shutdown.add('the projector', () => projector.close());
    const outbox = new Outbox({
      broker: timeline.guard(broker),
      clock,
      logger,
      portfolios: (query) => pendingPortfolios(database.knex, query),
      messages: (portfolioId) => timeline.surely(() => pendingMessages(database.knex, portfolioId)),
      remove: (keys) => deleteMessages(database.knex, keys),
    });
    shutdown.add('the outbox', () => outbox.close());
    const lateRates = new LateRates({
      clock,
      logger,
      lease: () => uncounted.acquire(LATE_RATES),
      find: (cursor, limit) => findRevaluable(database.knex, cursor, limit),
      value: (portfolioId, ids) =>
        changeLedgers({ clock, outbox }, (options) => valueEntries(database.knex, portfolioId, ids, options)),
    });
    shutdown.add('the valuing of entries', () => lateRates.close());
    const backfills = new Backfills({
      db: database.knex,
      broker,
      lease: () => uncounted.acquire(BACKFILL_LEASE),
      intake: marketWriter.intake,
      isSimulated: () => market.isSimulated,
      sources: candleSources,
      renamed: renamedSymbols(config.BACKFILL_RENAMED),
      stored: () => lateRates.look(),
      clock,
      random,
      logger,
    });
    backfills.look();
    shutdown.add('the backfills', () => backfills.close());
    const stopMeasuring = measureProcess(metrics);
    shutdown.add('the process metrics', stopMeasuring);
    const { limits, close: closeLimits } = await openLimits(environment, metrics);
    shutdown.add('the limits', closeLimits);
    const { answers, close: closeAnswers } = await openAnswers(environment, metrics);
    shutdown.add('the kept answers', closeAnswers);
    const streamMetrics = new StreamMetrics(metrics);
    const slots = workSlots(config, clock);
    const { accounts, exchangeClient, secretsKey, accountCredentials } = openAccounts(
      environment,
      { db: database.knex, broker, leases: uncounted, outbox, lateRates, slots },
      shutdown,
    );
    const hub = new Hub({
      broker,
      clock,
      random,
      logger,
      flushMs: config.STREAM_FLUSH_MS,
      heartbeatMs: config.STREAM_HEARTBEAT_MS,
      maxAgeMs: config.STREAM_MAX_AGE_MS,
      queueBytes: config.STREAM_QUEUE_KB * 1024,
      maxStreams: config.STREAMS_MAX,
      maxStreamsPerUser: config.STREAMS_PER_USER,
      maxStreamsPerAddress: config.STREAMS_PER_ADDRESS,
      maxReplays: config.REPLAYS_MAX,
      maxReplaysPerUser: config.REPLAYS_PER_USER,
      observer: streamMetrics,
      known: (log, at, lacks) => (log === MARKET_LOG ? market.known(at, lacks) : []),
      catalog: CATALOG,
      isPopular: (log) => log === MARKET_LOG,
      troubles: new FeedNotices(market),
      ...watchedLogs((portfolioId, what) => projector.watch(portfolioId, what)),
    });
    shutdown.add('the streams', () => hub.close());
    market.onFeeds(() => hub.tellTroubles());
    const hasPeers = config.REDIS_URL !== undefined;
    const authority = new Authority({
      broker,
      hub,
      clock,
      logger,
      findEnded: (ids) => findEndedCredentials(database.knex, ids, { clock }),
      findLost: (readings) => findLostAccess(database.knex, readings),
      findAdmins: (userIds) => findAdmins(database.knex, userIds),
    });
    await patiently('following the control log', () => authority.start());
    shutdown.add('the authority', () => authority.close());
    const streamRegistry = new StreamRegistry({ broker, hub, clock, logger, node, hasPeers });
    await patiently('following the registry of streams', () => streamRegistry.start());
    shutdown.add('the roll of streams', () => streamRegistry.close());
    const readiness = new Readiness({
      broker,
      // Not counted: they come and go every few seconds.
      leases: uncounted,
      hub,
      projector,
      clock,
      logger,
      node,
      faults: { broker: brokerFault, database: () => timeline.fault },
    });
    readiness.start();
    started();
    shutdown.add('the readiness checks', () => readiness.close());
    streamMetrics.watch(hub, readiness);
    const sockets = config.WEBSOCKET ? new SocketServer({ clock, pingMs: config.STREAM_HEARTBEAT_MS }) : null;
    shutdown.add('the WebSockets', () => sockets?.close());
    const services = {
      config,
      clock,
      logger,
      db: database.knex,
      lookups: openLookups(database.knex, { clock }),
      broker,
      market,
      marketWriter,
      dayStarts,
      hub,
      outbox,
      lateRates,
      backfills,
      accounts,
      exchangeClient,
      secretsKey,
      accountCredentials,
      authority,
      streamRegistry,
      sockets,
      answers,
      limits,
      metrics,
      readiness,
      nodeId: node,
      timeline,
      slots,
      readTrades: database.kind === 'postgres' ? tradesByCursor : tradesByPages,
      tokenKey,
      tokenKeys,
    };
    return { services, close };
  } catch (error) {
    await close();
    throw error;
  }
}
