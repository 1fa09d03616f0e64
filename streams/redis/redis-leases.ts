import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock, Random } from '../../lib/clock.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { BrokerUnavailableError } from '../core/broker.ts';
import type { Lease, Leases } from '../core/lease.ts';
import { contact, fastRedis, setCommandTimeout } from './redis-connection.ts';
import { runScript, SCRIPTS } from './redis-scripts.ts';

export interface RedisLeasesOptions {
  /** A URL, for a separate connection, or a client that fails fast. The caller closes its own client. */
  redis: string | Redis;
  prefix?: string;
  clock: Clock;
  random: Random;
  log: Logger;
  /** How long a lease outlives a holder that has vanished. Default 5000. */
  leaseMs?: number;
  /**
   * How long Redis keeps the last fence of a name. Default 30 days; use less for short-lived names and for leases that
   * protect nothing, where it only leaves a key behind.
   */
  fenceMs?: number;
  /** Time limit of a command on the separate connection. Default 1000. */
  commandTimeoutMs?: number;
  /** The same until `started`. */
  startTimeoutMs?: number;
}

const FENCE_MS = 30 * 86_400_000;

interface Held {
  token: string;
  keys: string[];
  controller: AbortController;
  /** By the monotonic clock: after this, the lease may be another's. */
  until: number;
  cancel: () => void;
}

/**
 * Leases among all processes on one Redis. A holder that cannot renew stops by its own clock before Redis grants the
 * lease to another. If it does not, as when the process was suspended, the fence refuses its writes.
 */
export class RedisLeases implements Leases {
  readonly #options: RedisLeasesOptions;
  readonly #client: Redis;
  readonly #leaseMs: number;
  readonly #held = new Set<Held>();
  readonly #warnings: RepeatedLog;
  #closed = false;

  constructor(options: RedisLeasesOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 5000;
    this.#warnings = new RepeatedLog(options.log, options.clock);
    this.#client =
      typeof options.redis === 'string'
        ? fastRedis(options.redis, { ...options, name: 'marktide-leases' })
        : options.redis;
  }

  /** @throws BrokerUnavailableError when Redis does not answer */
  async acquire(name: string): Promise<Lease | null> {
    if (this.#closed) return null;
    const tag = `${this.#options.prefix ?? 'marktide:'}{lease:${name}}`;
    const token = randomUUID();
    const keys = [tag];
    // The time of the request, not of the answer: our lease must end before it does in Redis.
    const asked = this.#options.clock.monotonic();
    let fence: unknown;
    try {
      // A client of the caller fails at once if Redis cannot be reached, which its owner chose.
      if (typeof this.#options.redis === 'string') await contact(this.#client, this.#options.clock);
      fence = await runScript(
        this.#client,
        SCRIPTS.acquire,
        [tag, `${tag}:fence`],
        [token, this.#leaseMs, this.#options.fenceMs ?? FENCE_MS],
      );
    } catch (error) {
      // Redis may have run the command, or may still do so. Without a release, no process would have the lease then.
      void runScript(this.#client, SCRIPTS.release, keys, [token]).catch(() => undefined);
      throw new BrokerUnavailableError(error);
    }
    if (fence === null) return null;
    const controller = new AbortController();
    const held: Held = { token, keys, controller, until: asked + this.#leaseMs, cancel: () => undefined };
    this.#held.add(held);
    if (this.#closed) await this.#release(held);
    else this.#wait(held);
    return { fence: Number(fence), signal: controller.signal, release: () => this.#release(held) };
  }

  /** The node has started: see `startTimeoutMs`. */
  started(): void {
    if (typeof this.#options.redis === 'string')
      setCommandTimeout(this.#client, this.#options.commandTimeoutMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held].map((held) => this.#release(held)));
    if (typeof this.#options.redis === 'string') this.#client.disconnect();
  }

  /** The next renewal, or the end, whichever comes first. */
  #wait(held: Held): void {
    const left = held.until - this.#options.clock.monotonic();
    if (left <= 0) {
      this.#warnings.warn({ lease: held.keys[0] }, 'a lease ran out before it could be renewed');
      this.#drop(held);
      return;
    }
    held.cancel = this.#options.clock.after(Math.min(this.#leaseMs / 3, left), () => {
      // While a renewal is under way the lease may run out: the next wait is set before, not after it.
      this.#wait(held);
      void this.#renew(held);
    });
  }

  async #renew(held: Held): Promise<void> {
    if (!this.#held.has(held)) return;
    const asked = this.#options.clock.monotonic();
    try {
      const kept = await runScript(this.#client, SCRIPTS.renew, held.keys, [held.token, this.#leaseMs]);
      if (kept === 1) held.until = Math.max(held.until, asked + this.#leaseMs);
      else if (this.#held.has(held)) {
        this.#warnings.warn({ lease: held.keys[0] }, 'a lease was lost');
        this.#drop(held);
      }
    } catch {
      // Redis cannot be reached: the next attempt comes soon, and the lease ends in time by the local clock.
    }
  }

  async #release(held: Held): Promise<void> {
    if (!this.#held.has(held)) return;
    this.#drop(held);
    // If this fails, the lease expires by itself.
    await runScript(this.#client, SCRIPTS.release, held.keys, [held.token]).catch(() => undefined);
  }

  #drop(held: Held): void {
    this.#held.delete(held);
    held.cancel();
    held.controller.abort();
  }
}
