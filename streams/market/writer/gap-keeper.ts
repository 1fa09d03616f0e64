import type { Gap, GapChanges } from '../../../db/market/gaps.ts';
import { pause } from '../../../lib/async/backoff.ts';
import { withDeadline } from '../../../lib/async/deadline.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { FeedTerm } from './feed-runner.ts';

/**
 * How many gaps may wait for the database. Beyond that the oldest are dropped; until a restart they are still known.
 */
const MAX_UNSAVED = 10_000;
/** How long live trades wait until the doubtful range before them is stored, and how often that is tried. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 250;

export interface GapKeeperOptions {
  /** `saveGaps(db, changes, fence)`, unless another node has written under a later lease of the feed. */
  save: (changes: GapChanges, fence: number) => Promise<void>;
  clock: Clock;
  log: Logger;
}

/** A time range of a symbol in which trades may be missing, as it is stored. */
export interface Doubt {
  readonly gap: Gap;
  isStored: boolean;
}

/** Stores gaps and possible gaps as soon as the database accepts them. */
export class GapKeeper {
  readonly #options: GapKeeperOptions;
  #unsaved: Gap[] = [];
  /** By feed and symbol. */
  readonly #doubts = new Map<string, Doubt>();
  readonly #settled = new Map<string, Gap>();
  #saving: Promise<void> | null = null;
  #isFailing = false;

  constructor(options: GapKeeperOptions) {
    this.#options = options;
  }

  add(gap: Gap): void {
    this.#unsaved.push(gap);
    this.#unsaved.splice(0, this.#unsaved.length - MAX_UNSAVED);
  }

  /** Resolves when it is stored, or when live trades have waited long enough. Never rejects. */
  async doubt(gap: Gap, term: FeedTerm): Promise<void> {
    const { clock, log } = this.#options;
    const key = keyOf(gap);
    const before = this.#doubts.get(key)?.gap ?? gap;
    const whole = { ...gap, from: Math.min(before.from, gap.from), to: Math.max(before.to, gap.to) };
    const doubt = { gap: whole, isStored: false };
    this.#doubts.set(key, doubt);
    this.#settled.delete(key);
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, term.signal]);
    const what = 'storing which trades may be missing';
    await withDeadline(this.#stored(doubt, term.fence, signal), { clock, ms: PATIENCE_MS, what })
      .catch((error: unknown) => {
        log.warn({ err: error, symbol: gap.symbol }, 'live trades go on before what is missing is noted');
      })
      .finally(() => waiting.abort());
  }

  /** The current doubt about a symbol. */
  doubtOf(feed: string, symbol: string): Doubt | null {
    return this.#doubts.get(keyOf({ feed, symbol })) ?? null;
  }

  /** Ends a doubt, unless something else has become doubtful since. */
  settle(doubt: Doubt): void {
    const key = keyOf(doubt.gap);
    if (this.#doubts.get(key) !== doubt) return;
    this.#doubts.delete(key);
    this.#settled.set(key, doubt.gap);
  }

  /** A new term begins: the doubts of the previous one are its legacy. */
  forgetDoubts(): void {
    this.#doubts.clear();
    this.#settled.clear();
  }

  /** Never rejects: what failed waits for the next call. */
  save(fence: number): Promise<void> {
    this.#saving ??= this.#saveAll(fence).finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  async #stored(doubt: Doubt, fence: number, signal: AbortSignal): Promise<void> {
    while (!doubt.isStored && !signal.aborted) {
      // A save under way may have begun before the last one.
      await this.save(fence);
      if (!doubt.isStored) await this.save(fence);
      if (!doubt.isStored) await pause(this.#options.clock, RETRY_MS, signal);
    }
  }

  async #saveAll(fence: number): Promise<void> {
    const gaps = this.#unsaved;
    const doubts = [...this.#doubts.values()].filter(({ isStored }) => !isStored);
    const settled = [...this.#settled];
    if (gaps.length + doubts.length + settled.length === 0) return;
    this.#unsaved = [];
    this.#settled.clear();
    try {
      const changes = { gaps, doubted: doubts.map(({ gap }) => gap), settled: settled.map(([, gap]) => gap) };
      await this.#options.save(changes, fence);
      for (const doubt of doubts) doubt.isStored = true;
      this.#isFailing = false;
    } catch (error) {
      this.#unsaved = [...gaps, ...this.#unsaved];
      for (const [key, gap] of settled) if (!this.#doubts.has(key)) this.#settled.set(key, gap);
      if (!this.#isFailing) this.#options.log.warn({ err: error }, 'gaps cannot be stored, trying again');
      this.#isFailing = true;
    }
  }
}

function keyOf({ feed, symbol }: Pick<Gap, 'feed' | 'symbol'>): string {
  return `${feed} ${symbol}`;
}
