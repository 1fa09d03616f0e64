import type { Registry } from 'prom-client';
import { type Broker, type GenerationOf, type LogBounds } from '../streams/core/broker.ts';
import { MARKET_LOG, portfolioOfLog, TIMELINE_LOG } from '../streams/channels/logs.ts';
import type { Leases } from '../streams/core/lease.ts';
import { MemoryBroker } from '../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../streams/memory/memory-leases.ts';
import { AnswerCache } from '../lib/cache/answer-cache.ts';
import { CacheMetrics } from '../lib/cache/cache-metrics.ts';
import { type CacheTier, memoryTier, redisTier } from '../lib/cache/cache-tier.ts';
import type { Clock, Random } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { limitPolicies } from '../lib/limits/limit-policies.ts';
import type { Logger } from '../lib/logging/log.ts';
import { MemoryCounters } from '../lib/limits/memory-counters.ts';
import { MAX_KEYS, RateLimits } from '../lib/limits/rate-limiter.ts';

/** What a single node keeps in memory, and a node of a fleet in Redis. Nothing else distinguishes the two. */

export interface Surroundings {
  config: Config;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** How long to wait for PostgreSQL and Redis. Default `BACKEND_PATIENCE`. */
  patience?: BackendPatience | undefined;
}

/** In milliseconds. */
export interface BackendPatience {
  /** A command to Redis that requests wait for. */
  commandMs: number;
  /** A command to Redis while the node starts. */
  startCommandMs: number;
  /** A step of the start, which is retried, before the node gives up. */
  startStepMs: number;
}

export const BACKEND_PATIENCE: BackendPatience = {
  commandMs: 1_000,
  startCommandMs: 10_000,
  startStepMs: 30_000,
};

/** The bounds of each kind of log. Control and canary logs need to cover only a moment. */
function boundsOf(config: Config): (log: string) => LogBounds {
  const ageMs = config.RING_AGE_S * 1000;
  const market = { events: config.RING_EVENTS, bytes: config.RING_MB * 2 ** 20, ageMs };
  const portfolio = { events: config.PORTFOLIO_RING_EVENTS, bytes: 4 * 2 ** 20, ageMs };
  const service = { events: 100, bytes: 2 ** 16, ageMs: 600_000 };
  // Outlives every log whose generation it knows.
  const timeline = { ...service, ageMs: 2 * ageMs };
  return (log) => {
    if (log === MARKET_LOG) return market;
    if (log === TIMELINE_LOG) return timeline;
    return portfolioOfLog(log) === null ? service : portfolio;
  };
}

interface OpenedBroker {
  broker: Broker;
  leases: Leases;
  /** Call it when the node has started. */
  started: () => void;
  /** What is wrong with the place that the fleet's streams have in Redis; `null`: nothing. */
  fault: () => string | null;
  close: () => Promise<void>;
}

/**
 * @param fleet the id of the database's fleet: Redis must not belong to another
 * @param generations of the ledgers (see `Timeline`), and of the market (see `MarketWorld`)
 */
export async function openBroker(
  surroundings: Surroundings,
  fleet: string,
  generations: { ledgers: () => number; market: () => number },
): Promise<OpenedBroker> {
  const { config, clock, random, logger, patience = BACKEND_PATIENCE } = surroundings;
  const bounds = boundsOf(config);
  const generationOf: GenerationOf = (log) => {
    if (log === MARKET_LOG) return generations.market();
    return portfolioOfLog(log) === null ? 0 : generations.ledgers();
  };
  if (config.REDIS_URL === undefined) {
    return {
      broker: new MemoryBroker({ clock, random, bounds, generationOf, log: logger }),
      leases: new MemoryLeases({ clock }),
      started: () => undefined,
      fault: () => null,
      close: () => Promise.resolve(),
    };
  }
  // Loaded only where it is used, so that a single node starts sooner.
  const [{ RedisBroker }, { RedisLeases }, { fastRedis, setCommandTimeout }, { checkRedis }, { RedisClaim }] =
    await Promise.all([
      import('../streams/redis/redis-broker.ts'),
      import('../streams/redis/redis-leases.ts'),
      import('../streams/redis/redis-connection.ts'),
      import('./redis-preflight.ts'),
      import('./redis-claim.ts'),
    ]);
  const prefix = config.REDIS_PREFIX;
  const { commandMs, startCommandMs, startStepMs } = patience;
  const timeouts = { commandTimeoutMs: commandMs, startTimeoutMs: startCommandMs };
  const redis = { clock, random, log: logger, ...timeouts };
  const own = fastRedis(config.REDIS_URL, { ...redis, name: 'marktide-claim' });
  try {
    const ringBytes = config.RING_MB * 2 ** 20;
    await checkRedis(own, { clock, log: logger, ms: startStepMs, prefix, fleet, ringBytes });
  } catch (error) {
    own.disconnect();
    throw error;
  }
  setCommandTimeout(own, commandMs);
  const claim = new RedisClaim({ redis: own, clock, logger, prefix, fleet });
  const broker = new RedisBroker({ ...redis, url: config.REDIS_URL, prefix, bounds, generationOf });
  const leases = new RedisLeases({ ...redis, redis: config.REDIS_URL, prefix });
  return {
    broker,
    leases,
    started() {
      broker.started();
      leases.started();
    },
    fault: () => claim.fault,
    close: () => claim.close(),
  };
}

/** How long a frozen Redis may delay a request before the connection is dropped: see `reconnectOnTimeout`. */
const LIMITS_TIMEOUT_MS = 250;

export async function openLimits(
  { config, clock, random, logger }: Surroundings,
  registry: Registry,
): Promise<{ limits: RateLimits; close: () => Promise<void> }> {
  const options = { policies: limitPolicies(config), clock, registry };
  const own = new MemoryCounters({ clock, maxKeys: MAX_KEYS });
  if (config.REDIS_URL === undefined) {
    return { limits: new RateLimits({ ...options, counters: own }), close: () => Promise.resolve() };
  }
  const [{ fastRedis }, { RedisCounters }] = await Promise.all([
    import('../streams/redis/redis-connection.ts'),
    import('../lib/limits/redis-counters.ts'),
  ]);
  const redis = fastRedis(config.REDIS_URL, {
    clock,
    random,
    log: logger,
    name: 'marktide-limits',
    commandTimeoutMs: LIMITS_TIMEOUT_MS,
    reconnectOnTimeout: true,
  });
  const counters = new RedisCounters({ redis, prefix: config.REDIS_PREFIX, insurance: own, logger });
  return {
    limits: new RateLimits({ ...options, counters }),
    close: () => Promise.resolve(redis.disconnect()),
  };
}

/** Waiting longer than this for a cached answer is not worth it. */
const CACHE_TIMEOUT_MS = 250;
/** A node that dies while it computes an answer delays the others no longer than this. */
const MAKING_LEASE_MS = 1_500;

export async function openAnswers(
  { config, clock, random, logger }: Surroundings,
  registry: Registry,
): Promise<{ answers: AnswerCache; close: () => Promise<void> }> {
  const isKeeping = config.CACHE_MB > 0;
  const shared =
    config.REDIS_URL === undefined || !isKeeping
      ? null
      : await openSharedAnswers(config.REDIS_URL, config.REDIS_PREFIX, { clock, random, log: logger });
  const answers = new AnswerCache({
    first: isKeeping ? memoryTier({ maxBytes: config.CACHE_MB * 2 ** 20 }) : null,
    shared: shared?.tier ?? null,
    leases: shared?.leases ?? null,
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
      await shared?.close();
    },
  };
}

/** @param options of the connection and of the leases */
async function openSharedAnswers(
  url: string,
  prefix: string,
  options: { clock: Clock; random: Random; log: Logger },
): Promise<{ tier: CacheTier; leases: Leases; close: () => Promise<void> }> {
  const [{ fastRedis }, { RedisLeases }] = await Promise.all([
    import('../streams/redis/redis-connection.ts'),
    import('../streams/redis/redis-leases.ts'),
  ]);
  const redis = fastRedis(url, {
    ...options,
    name: 'marktide-cache',
    commandTimeoutMs: CACHE_TIMEOUT_MS,
    reconnectOnTimeout: true,
  });
  const leases = new RedisLeases({
    ...options,
    redis,
    prefix: `${prefix}cache:`,
    leaseMs: MAKING_LEASE_MS,
    fenceMs: MAKING_LEASE_MS,
  });
  return {
    tier: await redisTier({ redis, prefix: `${prefix}cache` }),
    leases,
    async close() {
      await leases.close();
      redis.disconnect();
    },
  };
}
