import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Counters, Scope, Window } from './counters.ts';
import { type Expiring, ExpiringCounts } from './expiring-counts.ts';
import type { LimitName, LimitPolicies, LimitPolicy } from './limit-policies.ts';
import { type Consumer, LimitTally } from './limit-tally.ts';

/** The outcome of one use. */
export interface Verdict {
  policy: LimitPolicy;
  /** The policy's quota, or the client's own. */
  quota: number;
  remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  resetS: number;
  isOver: boolean;
  /** Whether it is the first one over the quota in this window. */
  isFirstOver: boolean;
}

/**
 * Maximum number of keys of each policy in this process: less than 64 MiB in total. A test counts a million addresses.
 */
export const MAX_KEYS = 20_000;
/** Clients tracked by name for each policy. */
const PLACES = 100;

/** What koa-ratelimit keeps of an address. */
interface AddressCount {
  /** Uses left before this request was served; `0`: it was one too many. */
  remaining: number;
  wasOver?: boolean;
}

export interface RateLimitsOptions {
  policies: LimitPolicies;
  /** Of every policy but `address`. */
  counters: Counters;
  clock: Clock;
  registry: Registry;
}

/** The limits counted here; koa-ratelimit counts the other one. */
export type CountedLimit = Exclude<LimitName, 'address'>;

/** The key in `addresses`: koa-ratelimit joins a namespace and an id. */
function addressKey(network: string): string {
  return `limit:${network}`;
}

/** Counts the uses of each policy, and tracks the heaviest clients. */
export class RateLimits {
  readonly policies: LimitPolicies;
  /** The `db` of koa-ratelimit, which counts the policy `address`. */
  readonly addresses: ExpiringCounts<AddressCount>;
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #tallies: Map<string, LimitTally>;

  constructor({ policies, counters, clock, registry }: RateLimitsOptions) {
    this.policies = policies;
    this.addresses = new ExpiringCounts({
      clock,
      windowMs: policies.address.seconds * 1000,
      maxKeys: MAX_KEYS,
    });
    this.#counters = counters;
    this.#clock = clock;
    this.#tallies = new Map(
      Object.keys(policies).map((name) => [name, new LimitTally({ clock, places: PLACES })]),
    );
    this.#measure(registry);
  }

  /** The verdict on a request that koa-ratelimit has just counted in `addresses`. */
  addressVerdict(network: string): Verdict {
    const policy = this.policies.address;
    const count = this.addresses.get(addressKey(network));
    const isOver = count?.remaining === 0;
    const isFirstOver = isOver && count.wasOver !== true;
    if (isFirstOver) count.wasOver = true;
    this.#tallies.get('address')?.count(network, isOver);
    const remaining = Math.max(0, (count?.remaining ?? policy.quota) - 1);
    return { policy, quota: policy.quota, remaining, resetS: this.#resetS(count), isOver, isFirstOver };
  }

  #resetS(count: Expiring | undefined): number {
    const resetMs = count === undefined ? 0 : count.endsAt - this.#clock.monotonic();
    return Math.max(1, Math.ceil(resetMs / 1000));
  }

  /**
   * Counts one use. @param own the client's own quota, where it has one
   * @returns `null` when the policy has no limit
   */
  async take(name: CountedLimit, key: string, own?: number): Promise<Verdict | null> {
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

  /** Takes one use back. */
  async giveBack(name: CountedLimit, key: string): Promise<void> {
    await this.#counters.giveBack(this.policies[name], key);
  }

  async forget(name: CountedLimit, key: string): Promise<void> {
    await this.#counters.forget(this.policies[name], key);
  }

  /** Whether this is the first use in the window, on all nodes that share the counts. */
  async isFirst(window: Window, key: string): Promise<boolean> {
    return (await this.#counters.take(window, key)).used === 1;
  }

  /** Who shares the counts at the moment; addresses are always counted by each process for itself. */
  get scope(): Scope {
    return this.#counters.scope;
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

  #measure(registry: Registry): void {
    const registers = [registry];
    const tallies = this.#tallies;
    const keyCount = (): number => this.#counters.size + this.addresses.size;
    const isShared = (): boolean => this.scope !== 'node';
    new Counter({
      name: 'marktide_rate_limit_requests_total',
      help: 'Uses of rate limits by policy; outcome "limited": refused.',
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
      help: 'Clients that this process counts.',
      registers,
      collect() {
        this.set(keyCount());
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
