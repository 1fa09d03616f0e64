import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Counters, Window } from './counters.ts';
import { InsuredCounters } from './insured-counters.ts';
import type { LimitName, LimitPolicies, LimitPolicy } from './limit-policies.ts';
import { type Consumer, LimitTally } from './limit-tally.ts';
import type { Logger } from '../log.ts';
import { MemoryCounters } from './memory-counters.ts';

/** What a use of a policy came to. */
export interface Verdict {
  policy: LimitPolicy;
  /** The policy's, or the client's own. */
  quota: number;
  remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  resetS: number;
  isOver: boolean;
  /** The first one too many of the window: to be told once. */
  isFirstOver: boolean;
}

/**
 * Keys that this process counts of each policy: all in all below 64 MiB, whatever the addresses. The load of a million
 * of them is part of the tests.
 */
export const MAX_KEYS = 20_000;
/** Clients of each policy that are followed by name. */
const PLACES = 100;

export interface RateLimitsOptions {
  policies: LimitPolicies;
  /** Of all nodes; `null`: this process is the only one. */
  shared: Counters | null;
  clock: Clock;
  logger: Logger;
  registry: Registry;
}

/** Counts what clients use of each policy, and remembers who used most. */
export class RateLimits {
  readonly policies: LimitPolicies;
  readonly #local: MemoryCounters;
  readonly #insured: InsuredCounters | null;
  readonly #tallies: Map<string, LimitTally>;

  constructor({ policies, shared, clock, logger, registry }: RateLimitsOptions) {
    this.policies = policies;
    this.#local = new MemoryCounters({ clock, maxKeys: MAX_KEYS });
    this.#insured =
      shared === null ? null : new InsuredCounters({ shared, local: this.#local, clock, logger });
    this.#tallies = new Map(
      Object.keys(policies).map((name) => [name, new LimitTally({ clock, places: PLACES })]),
    );
    this.#measure(registry);
  }

  /**
   * Counts one use. @param own the client's own quota, where it has one
   * @returns `null` when the policy has no limit
   */
  async take(name: LimitName, key: string, own?: number): Promise<Verdict | null> {
    const policy: LimitPolicy = this.policies[name];
    const quota = own === undefined ? policy.quota : policy.quota === 0 ? own : Math.min(own, policy.quota);
    if (quota === 0) return null;
    const { used, resetMs } = await this.#counters.take(policy, key);
    const isOver = used > quota;
    this.#tallies.get(name)?.count(key, isOver);
    return {
      policy,
      quota,
      remaining: Math.max(0, quota - used),
      resetS: Math.max(1, Math.ceil(resetMs / 1000)),
      isOver,
      isFirstOver: used === quota + 1,
    };
  }

  /** Takes back one use that turned out not to count. */
  async giveBack(name: LimitName, key: string): Promise<void> {
    await this.#counters.giveBack(this.policies[name], key);
  }

  async forget(name: LimitName, key: string): Promise<void> {
    await this.#counters.forget(this.policies[name], key);
  }

  /** Whether nothing of the kind was in this window yet, on any node that counts along: for what is told once. */
  async isFirst(window: Window, key: string): Promise<boolean> {
    return (await this.#counters.take(window, key)).used === 1;
  }

  /** Where uses are counted at the moment. `node`: by each node for itself while the shared counters are away. */
  get scope(): 'process' | 'fleet' | 'node' {
    if (this.#insured === null) return 'process';
    return this.#insured.isShared ? 'fleet' : 'node';
  }

  /** What this process has seen of each policy. */
  report(places: number): { policy: LimitPolicy; allowed: number; limited: number; consumers: Consumer[] }[] {
    return Object.values(this.policies).map((policy) => {
      const tally = this.#tallies.get(policy.name);
      return {
        policy,
        allowed: tally?.allowed ?? 0,
        limited: tally?.limited ?? 0,
        consumers: tally?.consumers(places) ?? [],
      };
    });
  }

  get #counters(): Counters {
    return this.#insured ?? this.#local;
  }

  #measure(registry: Registry): void {
    const registers = [registry];
    const tallies = this.#tallies;
    const local = this.#local;
    const isShared = (): boolean => this.scope !== 'node';
    new Counter({
      name: 'marktide_rate_limit_requests_total',
      help: 'What was counted against a limit; outcome "limited": refused.',
      labelNames: ['policy', 'outcome'],
      registers,
      collect() {
        this.reset();
        for (const [policy, { allowed, limited }] of tallies) {
          this.inc({ policy, outcome: 'allowed' }, allowed);
          this.inc({ policy, outcome: 'limited' }, limited);
        }
      },
    });
    new Gauge({
      name: 'marktide_rate_limit_keys',
      help: 'Clients that this process keeps a count of.',
      registers,
      collect() {
        this.set(local.size);
      },
    });
    new Gauge({
      name: 'marktide_rate_limit_shared',
      help: '0 while the counters that nodes share cannot be reached, and each node counts alone.',
      registers,
      collect() {
        this.set(isShared() ? 1 : 0);
      },
    });
  }
}
