import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { foldCandles, minuteCandles } from '../db/candle-folds.ts';
import { pruneCandles } from '../db/candle-retention.ts';
import { candlesSince, DAY_MS, lastCloses, upsertCandles } from '../db/candles.ts';
import { type OpenedDatabase, openDatabase } from '../db/database.ts';
import { saveEquitySnapshots } from '../db/equity-snapshots.ts';
import { openLookups } from '../db/lookups.ts';
import { migrate } from '../db/migrate.ts';
import { dropNews, untoldNews } from '../db/outbox.ts';
import { measurePool } from '../db/pool-metrics.ts';
import { portfolioVersions } from '../db/portfolios.ts';
import { findEndedCredentials } from '../db/credentials.ts';
import { fenced } from '../db/fence.ts';
import { Housekeeping, HOUSEKEEPING } from '../db/housekeeping.ts';
import { findLostAccess } from '../db/shares.ts';
import { tradesByCursor, tradesByPages } from '../db/trade-export.ts';
import type { Services } from '../routes/services.ts';
import { Slots } from '../routes/slots.ts';
import { Authority } from '../streams/authority.ts';
import { type Broker, type LogBounds, MARKET_LOG } from '../streams/broker.ts';
import { DayStarts } from '../streams/day-starts.ts';
import { openFeed } from '../streams/feeds/open-feed.ts';
import { parseFeedSpec } from '../streams/feeds/feed-spec.ts';
import { Hub } from '../streams/hub.ts';
import type { Leases } from '../streams/lease.ts';
import { countedLeases } from '../streams/lease-metrics.ts';
import { FEED_LEASE, MarketWriter } from '../streams/market-writer.ts';
import { Market } from '../streams/market.ts';
import { Outbox } from '../streams/outbox.ts';
import { MemoryBroker } from '../streams/memory-broker.ts';
import { MemoryLeases } from '../streams/memory-leases.ts';
import { valuePortfolio } from '../streams/portfolio-valuation.ts';
import { Projector } from '../streams/projector.ts';
import { reachBroker } from '../streams/reach-broker.ts';
import { Readiness } from '../streams/readiness.ts';
import { StreamMetrics } from '../streams/stream-metrics.ts';
import { StreamRoll } from '../streams/stream-roll.ts';
import { SocketServer } from '../streams/websocket-server.ts';
import type { Clock, Random } from './clock.ts';
import type { Config } from './config.ts';
import { AnswerCache } from './cache/answer-cache.ts';
import { Breaker } from './cache/breaker.ts';
import { CacheMetrics } from './cache/cache-metrics.ts';
import { memoryTier, redisTier } from './cache/cache-tier.ts';
import { RedisMakingTurns } from './cache/making-turns.ts';
import { ensureDemoPast } from './first-start.ts';
import { limitPolicies } from './limit-policies.ts';
import type { Logger } from './log.ts';
import { decimal } from './money.ts';
import { measureProcess } from './process-metrics.ts';
import { RateLimits } from './rate-limits.ts';
import { loadTokenKey } from './token.ts';
import { loadTokenKeys } from './token-keys.ts';

export interface Environment {
  config: Config;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** An opened database to use and to close, instead of the one the configuration names. */
  database?: OpenedDatabase;
}

export interface RunningServices {
  services: Services;
  /** Ends what `createServices` started, in the reverse order. */
  close(): Promise<void>;
}

/** The bounds of each kind of log. Control and canary logs only need to bridge a moment. */
function boundsOf(config: Config): (log: string) => LogBounds {
  const ageMs = config.RING_AGE_S * 1000;
  const market = { events: config.RING_EVENTS, bytes: config.RING_MB * 2 ** 20, ageMs };
  const portfolio = { events: config.PORTFOLIO_RING_EVENTS, bytes: 4 * 2 ** 20, ageMs };
  const service = { events: 100, bytes: 2 ** 16, ageMs: 600_000 };
  return (log) => (log === MARKET_LOG ? market : log.startsWith('portfolio:') ? portfolio : service);
}

async function openBroker({
  config,
  clock,
  random,
  logger,
}: Environment): Promise<{ broker: Broker; leases: Leases }> {
  const bounds = boundsOf(config);
  if (config.REDIS_URL === undefined) {
    return {
      broker: new MemoryBroker({ clock, random, bounds, log: logger }),
      leases: new MemoryLeases({ clock }),
    };
  }
  // Loaded where it is used: a node that is alone starts the sooner.
  const [{ RedisBroker }, { RedisLeases }] = await Promise.all([
    import('../streams/redis-broker.ts'),
    import('../streams/redis-leases.ts'),
  ]);
  const redis = { clock, random, log: logger };
  return {
    broker: new RedisBroker({ ...redis, url: config.REDIS_URL, bounds }),
    leases: new RedisLeases({ ...redis, redis: config.REDIS_URL }),
  };
}

/** A frozen Redis may hold a request up so long, and only the first one: see InsuredCounters. */
const LIMITS_TIMEOUT_MS = 250;

async function openLimits(
  { config, clock, random, logger }: Environment,
  registry: Registry,
): Promise<{ limits: RateLimits; close: () => Promise<void> }> {
  const options = { policies: limitPolicies(config), clock, logger, registry };
  if (config.REDIS_URL === undefined) {
    return { limits: new RateLimits({ ...options, shared: null }), close: () => Promise.resolve() };
  }
  const [{ fastRedis }, { RedisCounters }] = await Promise.all([
    import('../streams/redis-connection.ts'),
    import('./redis-counters.ts'),
  ]);
  const connection = { clock, random, log: logger, name: 'marktide-limits' };
  const redis = fastRedis(config.REDIS_URL, { ...connection, commandTimeoutMs: LIMITS_TIMEOUT_MS });
  const limits = new RateLimits({ ...options, shared: new RedisCounters(redis) });
  return { limits, close: () => Promise.resolve(redis.disconnect()) };
}

/** What is kept is worth no longer wait than making it anew. */
const CACHE_TIMEOUT_MS = 250;

async function openAnswers(
  { config, clock, random, logger }: Environment,
  registry: Registry,
): Promise<{ answers: AnswerCache | null; close: () => Promise<void> }> {
  if (config.CACHE_MB === 0) return { answers: null, close: () => Promise.resolve() };
  const connection = {
    clock,
    random,
    log: logger,
    name: 'marktide-cache',
    commandTimeoutMs: CACHE_TIMEOUT_MS,
  };
  const redis =
    config.REDIS_URL === undefined
      ? null
      : (await import('../streams/redis-connection.ts')).fastRedis(config.REDIS_URL, connection);
  const breaker = new Breaker(clock);
  const answers = new AnswerCache({
    first: memoryTier({ maxBytes: config.CACHE_MB * 2 ** 20 }),
    shared: redis === null ? null : await redisTier({ redis, breaker }),
    turns: redis === null ? null : new RedisMakingTurns({ redis, clock, breaker }),
    clock,
    ttlMs: {
      prices: config.CACHE_PRICES_S * 1000,
      summary: config.CACHE_SUMMARY_S * 1000,
      statistics: config.CACHE_STATISTICS_S * 1000,
      candles: config.CACHE_CANDLES_S * 1000,
    },
    observer: new CacheMetrics(registry),
  });
  return {
    answers,
    async close() {
      await answers.close();
      redis?.disconnect();
    },
  };
}

function openMarketWriter(
  { config, clock, random, logger }: Environment,
  {
    database,
    broker,
    leases,
    market,
  }: { database: OpenedDatabase; broker: Broker; leases: Leases; market: Market },
): MarketWriter {
  const spec = parseFeedSpec(config.MARKET_FEED);
  const feedOptions = {
    clock,
    random,
    replaySpeed: config.REPLAY_SPEED,
    seed: config.FEED_SEED,
    lastPrice: (symbol: string) => {
      const mark = market.price(symbol);
      return mark === null ? null : decimal(mark.price);
    },
  };
  return new MarketWriter({
    broker,
    leases,
    market,
    clock,
    random,
    log: logger,
    feedName: config.MARKET_FEED,
    startsOver: spec.kind === 'replay',
    openFeed: spec.kind === 'none' ? null : () => openFeed(spec, feedOptions),
    recentCandles: () => candlesSince(database.knex, clock.now() - DAY_MS, 100_000),
    saveCandles: (candles, fence) =>
      fenced(database.knex, { name: FEED_LEASE, fence }, (trx) => upsertCandles(trx, candles, 'merge')),
    candleHistory: {
      fold: (windows) => foldCandles(database.knex, windows),
      minutes: (ranges) => minuteCandles(database.knex, ranges),
    },
    ...(config.CANDLE_RETENTION_DAYS > 0 && {
      pruneCandles: (fence: number) =>
        pruneCandles(database.knex, clock.now() - config.CANDLE_RETENTION_DAYS * DAY_MS, (write) =>
          fenced(database.knex, { name: FEED_LEASE, fence }, write),
        ),
    }),
  });
}

/** How long a node that starts looks for its Redis before it gives up. */
const BROKER_PATIENCE_MS = 30_000;

/** Opens everything a node consists of, from the ground up. What was opened is closed again if a later step fails. */
export async function createServices(environment: Environment): Promise<RunningServices> {
  const { config, clock, random, logger } = environment;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) {
      await step().catch((error: unknown) => logger.error({ err: error }, 'closing failed'));
    }
  };
  try {
    const database =
      environment.database ??
      (await openDatabase({
        url: config.DATABASE_URL,
        dataDir: config.DATA_DIR,
        log: logger,
        poolMax: config.DATABASE_POOL,
      }));
    closing.push(() => database.close());
    await migrate(database.knex);
    if (config.DEMO && config.MARKET_FEED === 'simulator') {
      // Before anybody asks what the last prices were.
      await ensureDemoPast({ db: database.knex, clock, seed: config.FEED_SEED ?? 1 });
    }
    const tokenKey = await loadTokenKey(config.JWT_SECRET, config.DATA_DIR);
    const tokenKeys = await loadTokenKeys(
      { privateKeyFile: config.JWT_PRIVATE_KEY_FILE, publicKeyFiles: config.JWT_PUBLIC_KEY_FILES },
      tokenKey,
    );
    const metrics = new Registry();
    measurePool(metrics, database.knex);
    const { broker, leases: uncounted } = await openBroker(environment);
    const leases = countedLeases(uncounted, metrics);
    closing.push(
      () => broker.close(),
      () => leases.close(),
    );
    const housekeeping = new Housekeeping({
      db: database.knex,
      clock,
      logger,
      lease: () => leases.acquire(HOUSEKEEPING),
      auditDays: config.AUDIT_DAYS,
      auditRows: config.AUDIT_ROWS,
    });
    closing.push(() => housekeeping.close());
    await reachBroker(broker, clock, BROKER_PATIENCE_MS);
    const market = new Market({
      broker,
      clock,
      random,
      log: logger,
      lastCloses: () => lastCloses(database.knex),
    });
    await market.start();
    closing.push(() => market.close());
    const marketWriter = openMarketWriter(environment, { database, broker, leases, market });
    await marketWriter.start();
    closing.push(() => marketWriter.close());
    const dayStarts = new DayStarts({ db: database.knex, clock });
    const sources = { db: database.knex, market, dayStarts };
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
    closing.push(() => projector.close());
    const outbox = new Outbox({
      broker,
      clock,
      logger,
      untold: (before, limit) => untoldNews(database.knex, before, limit),
      drop: (keys) => dropNews(database.knex, keys),
    });
    closing.push(() => outbox.close());
    const stopMeasuring = measureProcess(metrics);
    closing.push(() => Promise.resolve(stopMeasuring()));
    const { limits, close: closeLimits } = await openLimits(environment, metrics);
    closing.push(closeLimits);
    const { answers, close: closeAnswers } = await openAnswers(environment, metrics);
    closing.push(closeAnswers);
    const streamMetrics = new StreamMetrics(metrics);
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
      observer: streamMetrics,
      watchPortfolio: (portfolioId, what) => projector.watch(portfolioId, what),
    });
    closing.push(() => hub.close());
    const authority = new Authority({
      broker,
      hub,
      clock,
      logger,
      hasPeers: config.REDIS_URL !== undefined,
      findEnded: (ids) => findEndedCredentials(database.knex, ids, { clock }),
      findLost: (readings) => findLostAccess(database.knex, readings),
    });
    await authority.start();
    closing.push(() => authority.close());
    const nodeId = randomBytes(6).toString('base64url');
    const hasPeers = config.REDIS_URL !== undefined;
    const streamRoll = new StreamRoll({ broker, hub, clock, logger, node: nodeId, hasPeers });
    await streamRoll.start();
    closing.push(() => streamRoll.close());
    const readiness = new Readiness(broker, clock, nodeId);
    readiness.start();
    closing.push(() => readiness.close());
    streamMetrics.watch(hub, readiness);
    const sockets = config.WEBSOCKET ? new SocketServer({ clock, pingMs: config.STREAM_HEARTBEAT_MS }) : null;
    closing.push(() => Promise.resolve(sockets?.close()));
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
      authority,
      streamRoll,
      sockets,
      answers,
      limits,
      metrics,
      readiness,
      nodeId,
      slots: {
        imports: new Slots('imports', { all: 2, user: 1 }),
        // Each may hold a connection for as long as a client takes its file.
        exports: new Slots('exports', {
          all: Math.max(1, Math.min(4, Math.floor(config.DATABASE_POOL / 2))),
          user: 2,
        }),
      },
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
