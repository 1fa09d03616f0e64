import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Counters, Usage, Window } from './counters.ts';

/**
 * Counters that all nodes share: one small key each in Redis, that Redis itself lets go at the end of its window. Ever
 * new addresses cost no more than the requests that come within a window.
 * @param redis must fail fast: it stands in the way of every request
 */
export class RedisCounters implements Counters {
  readonly #redis: Redis;
  readonly #limiters = new Map<string, RateLimiterRedis>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async take(window: Window, key: string): Promise<Usage> {
    // `penalty` counts and tells; what is too much is decided by who asks.
    const { consumedPoints, msBeforeNext } = await this.#limiterOf(window).penalty(key);
    return { used: consumedPoints, resetMs: msBeforeNext };
  }

  async giveBack(window: Window, key: string): Promise<void> {
    await this.#limiterOf(window).reward(key);
  }

  async forget(window: Window, key: string): Promise<void> {
    await this.#limiterOf(window).delete(key);
  }

  #limiterOf({ name, seconds }: Window): RateLimiterRedis {
    let limiter = this.#limiters.get(name);
    if (limiter === undefined) {
      limiter = new RateLimiterRedis({
        storeClient: this.#redis,
        keyPrefix: `marktide:limit:${name}`,
        points: Number.MAX_SAFE_INTEGER,
        duration: seconds,
        rejectIfRedisNotReady: true,
      });
      this.#limiters.set(name, limiter);
    }
    return limiter;
  }
}
