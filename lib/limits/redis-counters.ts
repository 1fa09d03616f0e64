import type { Redis } from 'ioredis';
import { RateLimiterCompatibleAbstract, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Logger } from '../logging/log.ts';
import type { Counters, Scope, Usage, Window } from './counters.ts';
import type { MemoryCounters } from './memory-counters.ts';

/** A count that this node made alone. */
class OwnCount extends RateLimiterRes {}

/**
 * The insurance of a limiter: rate-limiter-flexible calls the same method of it when Redis does not answer. Not its own
 * `RateLimiterMemory`, which has no bound and starts a timer for each key.
 */
class Insurance extends RateLimiterCompatibleAbstract {
  override blockDuration = 0;
  override execEvenly = false;
  readonly #window: Window;
  readonly #counters: MemoryCounters;

  constructor(window: Window, counters: MemoryCounters) {
    super();
    this.#window = window;
    this.#counters = counters;
  }

  override async penalty(key: string): Promise<RateLimiterRes> {
    const { used, resetMs } = await this.#counters.take(this.#window, key);
    return new OwnCount(0, resetMs, used, used === 1);
  }

  override async reward(key: string): Promise<RateLimiterRes> {
    await this.#counters.giveBack(this.#window, key);
    return new OwnCount();
  }

  override async delete(key: string): Promise<boolean> {
    await this.#counters.forget(this.#window, key);
    return true;
  }
}

/**
 * Counters that all nodes share: one small key each in Redis, which expires with its window. While Redis does not
 * answer, the insurance continues from the last count that this node has seen, so that nothing is unlimited and no
 * request fails.
 */
export class RedisCounters implements Counters {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #insurance: MemoryCounters;
  readonly #logger: Logger;
  readonly #limiters = new Map<string, RateLimiterRedis>();
  #isAway = false;

  /**
   * @param options.redis must fail fast: every request waits for it
   * @param options.prefix begins every key
   */
  constructor({
    redis,
    prefix,
    insurance,
    logger,
  }: {
    redis: Redis;
    prefix: string;
    insurance: MemoryCounters;
    logger: Logger;
  }) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#insurance = insurance;
    this.#logger = logger;
  }

  get scope(): Scope {
    return this.#isAway ? 'node' : 'fleet';
  }

  get size(): number {
    return this.#insurance.size;
  }

  async take(window: Window, key: string): Promise<Usage> {
    // `penalty` counts without a verdict: the quota may be the client's own.
    const count = await this.#limiterOf(window).penalty(key);
    this.#note(window, key, count);
    return { used: count.consumedPoints, resetMs: count.msBeforeNext };
  }

  async giveBack(window: Window, key: string): Promise<void> {
    this.#note(window, key, await this.#limiterOf(window).reward(key));
  }

  async forget(window: Window, key: string): Promise<void> {
    await this.#insurance.forget(window, key);
    await this.#limiterOf(window).delete(key);
  }

  #note(window: Window, key: string, count: RateLimiterRes): void {
    const isAway = count instanceof OwnCount;
    if (!isAway) this.#insurance.note(window, key, count.consumedPoints);
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    if (isAway) this.#logger.warn('Redis does not answer: this node counts rate limits alone');
    else this.#logger.info('rate limits are shared again');
  }

  #limiterOf(window: Window): RateLimiterRedis {
    let limiter = this.#limiters.get(window.name);
    if (limiter === undefined) {
      limiter = new RateLimiterRedis({
        storeClient: this.#redis,
        keyPrefix: `${this.#prefix}limit:${window.name}`,
        points: Number.MAX_SAFE_INTEGER,
        duration: window.seconds,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new Insurance(window, this.#insurance),
      });
      this.#limiters.set(window.name, limiter);
    }
    return limiter;
  }
}
