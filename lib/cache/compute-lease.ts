import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Breaker } from './breaker.ts';

/** Who of all nodes makes an answer: the others wait for it, for a while. */
export interface ComputeLease {
  /** @returns how to end the turn, or why there is none: another has it, or it is not known who has */
  take(key: string): Promise<(() => Promise<void>) | 'taken' | 'unknown'>;
}

/** A maker that has died holds the others up no longer than this. */
const LEASE_MS = 1_500;

const RENEW =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";
const RELEASE =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/**
 * Turns among all processes on one Redis: a short lease, renewed while the maker lives. It saves work and protects
 * nothing: two who make the same answer do no harm, so there is no fence.
 */
export class RedisComputeLease implements ComputeLease {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  readonly #prefix: string;

  /** @param redis must fail fast */
  constructor({
    redis,
    clock,
    breaker,
    prefix = 'marktide:cache-turn',
  }: {
    redis: Redis;
    clock: Clock;
    breaker: Breaker;
    prefix?: string;
  }) {
    this.#redis = redis;
    this.#clock = clock;
    this.#breaker = breaker;
    this.#prefix = prefix;
  }

  async take(key: string): ReturnType<ComputeLease['take']> {
    const name = `${this.#prefix}:${key}`;
    const token = randomUUID();
    const taken = await this.#breaker.ask(() => this.#redis.set(name, token, 'PX', LEASE_MS, 'NX'), 'away');
    if (taken === 'away') return 'unknown';
    if (taken === null) return 'taken';
    const stopRenewing = this.#clock.every(LEASE_MS / 3, () => {
      // What cannot be renewed runs out: then another makes the same.
      this.#redis.eval(RENEW, 1, name, token, LEASE_MS).catch(() => undefined);
    });
    return async () => {
      stopRenewing();
      await this.#breaker.ask(() => this.#redis.eval(RELEASE, 1, name, token), null);
    };
  }
}
