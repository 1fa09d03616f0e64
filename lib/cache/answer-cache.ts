import type { Clock } from '../clock.ts';
import { type CachedAnswer, type CacheKind, isCurrent, isOfBasis, type Wanted } from './cached-answer.ts';
import type { CacheTier } from './cache-tier.ts';

/** `hit`: cached, or made for a simultaneous request. `stale`: cached, and a price has moved since. */
export type Outcome = 'hit' | 'miss' | 'stale';

export type Made = Omit<CachedAnswer, 'basis' | 'madeAt'>;

export interface AnswerCacheOptions {
  /** `null`: nothing is cached, but simultaneous requests still share one answer. */
  first: CacheTier | null;
  /** `null` for a single node, or without a cache. */
  shared: CacheTier | null;
  /** Decides which node computes an answer. `null` as for `shared`. */
  leases: AnswerLeases | null;
  clock: Clock;
  ttlMs: Record<CacheKind, number>;
  observer?: CacheObserver;
}

/**
 * Leases on computing answers (`Leases` of the core). They save work and protect nothing: two nodes that compute the
 * same answer do no harm.
 */
export interface AnswerLeases {
  /** @returns `null` while another node has it. @throws Error when it is not known who has it */
  acquire(key: string): Promise<AnswerLease | null>;
}

export interface AnswerLease {
  release(): Promise<void>;
}

export interface CacheObserver {
  answered(kind: CacheKind, outcome: Outcome): void;
  made(kind: CacheKind): void;
}

/** Part of every key: raise it when `CachedAnswer` changes. */
const FORMAT = 1;
/** Prices are in every node's memory: asking Redis would take longer than computing the answer again. */
const ONLY_HERE: ReadonlySet<CacheKind> = new Set(['prices']);
/** How often a node that waits for another one checks for its answer, and for how long at most. */
const LOOK_MS = 25;
const PATIENCE_MS = 3_000;
/** How many answers of other requests a reader waits for before it computes its own. */
const JOINS = 2;

/**
 * Answers that are computed once for all who ask the same. An answer is valid only for the inputs it was computed from:
 * each reader looks up the ledger's current version in the database and compares. So nothing has to be invalidated when
 * a ledger or a price changes, no invalidation can get lost, and every reader sees their own writes.
 *
 * A key is `<format>:<kind>:<owner>:<name>` and has one answer, the newest one: an outdated answer is overwritten.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  /** Answers that this node is computing, by key: at most one each. */
  readonly #making = new Map<string, Promise<{ answer: CachedAnswer; made: boolean }>>();
  /** Running lookups in `first`: simultaneous requests for a key share one. */
  readonly #looking = new Map<string, Promise<CachedAnswer | null>>();
  readonly #background = new Set<Promise<unknown>>();

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** @throws what `make` throws, to all who wait for it; nothing is cached then */
  async read(wanted: Wanted, make: () => Promise<Made>): Promise<{ answer: CachedAnswer; outcome: Outcome }> {
    const found = await this.#read(wanted, make);
    this.#options.observer?.answered(wanted.kind, found.outcome);
    return found;
  }

  /** Waits for work that continues after answers were given. */
  async close(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async #read(
    wanted: Wanted,
    make: () => Promise<Made>,
  ): Promise<{ answer: CachedAnswer; outcome: Outcome }> {
    const key = `${FORMAT}:${wanted.kind}:${wanted.owner}:${wanted.name}`;
    const kept = await this.#find(key, wanted);
    if (kept !== null && isCurrent(kept, wanted)) return { answer: kept, outcome: 'hit' };
    if (kept !== null && this.#mayBeStale(kept, wanted)) {
      if (!this.#making.has(key)) this.#behind(this.#begin(key, wanted, make));
      return { answer: kept, outcome: 'stale' };
    }
    for (let joined = 0; ; joined += 1) {
      const running = this.#making.get(key);
      if (running === undefined || joined === JOINS) break;
      const { answer } = await running;
      if (isCurrent(answer, wanted)) return { answer, outcome: 'hit' };
      // The first may have been started before the change that the reader knows of; the next ones were not.
      if (joined > 0 && isOfBasis(answer, wanted)) return { answer, outcome: 'hit' };
    }
    const { answer, made } = await this.#begin(key, wanted, make);
    return { answer, outcome: made ? 'miss' : 'hit' };
  }

  #mayBeStale(kept: CachedAnswer, wanted: Wanted): boolean {
    if (wanted.staleMs <= 0 || !isOfBasis(kept, wanted)) return false;
    return this.#options.clock.now() - kept.madeAt <= wanted.staleMs;
  }

  /** The best cached answer: a current one, or one that may serve a reader who accepts stale answers. */
  async #find(key: string, wanted: Wanted): Promise<CachedAnswer | null> {
    const { first } = this.#options;
    if (first === null) return null;
    const here = await this.#look(key, first);
    if (here !== null && isCurrent(here, wanted)) return here;
    const there = await this.#sharedBy(wanted.kind)?.get(key);
    if (!there || !isOfBasis(there, wanted)) return here;
    if (here !== null && isOfBasis(here, wanted) && here.madeAt >= there.madeAt) return here;
    const left = there.madeAt + this.#options.ttlMs[wanted.kind] - this.#options.clock.now();
    if (left > 0) await first.set(key, there, left);
    return there;
  }

  async #look(key: string, first: CacheTier): Promise<CachedAnswer | null> {
    let look = this.#looking.get(key);
    if (look === undefined) {
      look = first.get(key).finally(() => this.#looking.delete(key));
      this.#looking.set(key, look);
    }
    return await look;
  }

  #sharedBy(kind: CacheKind): CacheTier | null {
    return ONLY_HERE.has(kind) ? null : this.#options.shared;
  }

  async #begin(
    key: string,
    wanted: Wanted,
    make: () => Promise<Made>,
  ): Promise<{ answer: CachedAnswer; made: boolean }> {
    const making = this.#make(key, wanted, make).finally(() => {
      if (this.#making.get(key) === making) this.#making.delete(key);
    });
    this.#making.set(key, making);
    return await making;
  }

  async #make(
    key: string,
    wanted: Wanted,
    make: () => Promise<Made>,
  ): Promise<{ answer: CachedAnswer; made: boolean }> {
    const { first, clock, observer, ttlMs, leases } = this.#options;
    const shared = this.#sharedBy(wanted.kind);
    const turn =
      shared === null || leases === null ? null : await this.#turn(key, wanted, { shared, leases });
    if (turn !== null && 'answer' in turn) {
      await first?.set(key, turn.answer, ttlMs[wanted.kind]);
      return { answer: turn.answer, made: false };
    }
    let storing: Promise<void> | undefined;
    try {
      observer?.made(wanted.kind);
      const answer = { ...(await make()), basis: wanted.basis, madeAt: clock.now() };
      await first?.set(key, answer, ttlMs[wanted.kind]);
      storing = shared?.set(key, answer, ttlMs[wanted.kind]);
      return { answer, made: true };
    } finally {
      // Only once it is stored: the next holder of the lease looks there first.
      this.#behind(Promise.resolve(storing).then(() => turn?.release()));
    }
  }

  /** Waits for the lease, or for the answer of the node that has it. `null`: this node computes it without one. */
  async #turn(
    key: string,
    wanted: Wanted,
    { shared, leases }: { shared: CacheTier; leases: AnswerLeases },
  ): Promise<AnswerLease | { answer: CachedAnswer } | null> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + PATIENCE_MS;
    for (let waited = false; ; waited = true) {
      const lease = await leases.acquire(key).catch(() => 'unknown' as const);
      if (waited) {
        const answer = await shared.get(key);
        if (answer !== null && isCurrent(answer, wanted)) {
          if (lease !== null && lease !== 'unknown') this.#behind(lease.release());
          return { answer };
        }
      }
      if (lease === 'unknown') return null;
      if (lease !== null) return lease;
      if (clock.monotonic() >= deadline) return null;
      await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
    }
  }

  /** Work in the background. If it fails, so does the next request, which reports the error. */
  #behind(task: Promise<unknown>): void {
    const settled = task.catch(() => undefined).finally(() => this.#background.delete(settled));
    this.#background.add(settled);
  }
}
