import type { Redis } from 'ioredis';
import type { Clock } from '../lib/clock.ts';
import { RepeatedLog } from '../lib/logging/repeated-log.ts';
import type { Logger } from '../lib/logging/log.ts';

/** Whose a prefix in Redis is. */
export interface Ownership {
  prefix: string;
  /** The id of the fleet, which its database keeps. */
  fleet: string;
}

const INTERVAL_MS = 1_000;

/** Leaves the fleet's id in Redis unless another one is there. @returns whether the prefix is this fleet's */
export async function claimPrefix(redis: Redis, { prefix, fleet }: Ownership): Promise<boolean> {
  const key = `${prefix}{fleet}`;
  await redis.setnx(key, fleet);
  return (await redis.get(key)) === fleet;
}

/**
 * Keeps the fleet's id in Redis while the node runs: Redis may lose its data, or evict the key, and the prefix would then
 * be free for another fleet, whose streams would mix with ours.
 */
export class RedisClaim {
  readonly #options: Ownership & { redis: Redis; clock: Clock };
  readonly #warnings: RepeatedLog;
  readonly #cancel: () => void;
  #claiming: Promise<void> | null = null;
  #isOurs = true;

  /** @param options.redis a connection that nothing else uses; `close` ends it */
  constructor({ logger, ...options }: Ownership & { redis: Redis; clock: Clock; logger: Logger }) {
    this.#options = options;
    this.#warnings = new RepeatedLog(logger, options.clock);
    const claim = (): void => {
      this.#claiming ??= this.#claim().finally(() => {
        this.#claiming = null;
      });
    };
    options.redis.on('ready', claim);
    this.#cancel = options.clock.every(INTERVAL_MS, claim);
  }

  /** What is wrong; `null`: the prefix is ours, as far as is known. */
  get fault(): string | null {
    if (this.#isOurs) return null;
    return `another database's nodes use the prefix ${this.#options.prefix} in Redis`;
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#options.redis.removeAllListeners('ready');
    this.#options.redis.disconnect();
    await this.#claiming;
  }

  /** Never rejects. */
  async #claim(): Promise<void> {
    const { redis } = this.#options;
    try {
      this.#isOurs = await claimPrefix(redis, this.#options);
      if (this.fault !== null) {
        this.#warnings.error({}, `${this.fault}: set REDIS_PREFIX to another one for each database`);
      }
    } catch {
      // Redis is away: the broker says so.
    }
  }
}
