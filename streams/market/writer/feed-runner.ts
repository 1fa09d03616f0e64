import { pause } from '../../../lib/async/backoff.ts';
import type { Clock } from '../../../lib/clock.ts';
import { withDeadline } from '../../../lib/async/deadline.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { Lease, Leases } from '../../core/lease.ts';
import type { Feed, FeedDoubts, FeedGap, FeedSource, FeedStatus } from '../market-feed.ts';
import type { Tick } from '../tick.ts';

export const FEED_LEASE = 'feed';
const LEASE_RETRY_MS = 1_000;
/** How long a feed may take to close. */
const CLOSE_MS = 5_000;

/** A time during which this node runs the feeds. */
export interface FeedTerm {
  readonly fence: number;
  /** Aborted when the term is over. */
  readonly signal: AbortSignal;
}

export interface FeedRunnerOptions {
  leases: Leases;
  clock: Clock;
  log: Logger;
  /** None: this node never runs any, and leaves the lease to others. */
  feeds: readonly FeedSource[];
  /** Called before the feeds of a term are opened. */
  begin: (term: FeedTerm) => void;
  /** Takes what a feed delivers. */
  take: (ticks: readonly Tick[], source: FeedSource, term: FeedTerm) => Promise<void>;
  /** Takes what a feed has missed for good. */
  missed: (gap: FeedGap, source: FeedSource, term: FeedTerm) => void;
  /** What a feed is in doubt of. */
  doubts: (source: FeedSource, term: FeedTerm) => FeedDoubts;
  /** Called when the state of a feed may have changed. */
  changed: () => void;
  /** Called when the feeds of a term are closed and the lease is still held. */
  finish: (term: FeedTerm) => Promise<void>;
}

/** Runs the feeds on one node of a fleet, the one that holds the lease `feed`. None of them holds up another. */
export class FeedRunner {
  readonly #options: FeedRunnerOptions;
  readonly #closing = new AbortController();
  /** Whether the lease was asked for with success, held or not. */
  #hasAsked = false;
  #leading: { feeds: ReadonlyMap<FeedSource, Feed>; term: FeedTerm; end: () => void } | null = null;
  #contending: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(options: FeedRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.feeds.length > 0) this.#contending = this.#contend();
  }

  /** The present term; `null` while this node does not run the feeds. */
  get term(): FeedTerm | null {
    return this.#leading?.term ?? null;
  }

  /** Why the lease cannot be asked for, for health. */
  get trouble(): string | null {
    return this.#trouble;
  }

  status(source: FeedSource): Pick<FeedStatus, 'state' | 'detail' | 'closed' | 'aheadMs'> {
    const feed = this.#leading?.feeds.get(source);
    if (feed !== undefined) return feed.status();
    if (!this.#hasAsked) return { state: 'starting', detail: null };
    return { state: 'standby', detail: 'another node runs the feed' };
  }

  /** Ends the present term, although the lease is not known to be lost. */
  endTerm(): void {
    this.#leading?.end();
  }

  /** Closes the feeds and releases the lease. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#contending;
  }

  async #contend(): Promise<void> {
    const { leases, clock, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let lease: Lease | null = null;
      try {
        lease = await leases.acquire(FEED_LEASE);
        this.#hasAsked = true;
        this.#trouble = null;
      } catch (error) {
        this.#trouble = `the lease of the feed cannot be acquired: ${String(error)}`;
      }
      if (lease !== null) {
        await this.#lead(lease).catch((error: unknown) => log.error({ err: error }, 'the feeds failed'));
      }
      await pause(clock, LEASE_RETRY_MS, signal);
    }
  }

  /** Runs the feeds until the lease is lost or the node closes. */
  async #lead(lease: Lease): Promise<void> {
    const { begin, take, missed, doubts, changed, finish, log } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, lease.signal, this.#closing.signal]);
    const term: FeedTerm = { fence: lease.fence, signal };
    try {
      begin(term);
      const feeds = new Map(this.#options.feeds.map((source) => [source, source.open()]));
      this.#leading = { feeds, term, end: () => over.abort() };
      if (!signal.aborted) {
        changed();
        for (const [source, feed] of feeds) {
          feed.start(
            (ticks) => take(ticks, source, term),
            changed,
            (gap) => missed(gap, source, term),
            doubts(source, term),
          );
        }
        changed();
      }
      await aborted(signal);
      await Promise.all([...feeds.values()].map((feed) => this.#closeFeed(feed)));
      if (!lease.signal.aborted) await finish(term);
    } finally {
      this.#leading = null;
      await lease.release().catch((error: unknown) => {
        log.warn({ err: error }, 'the lease of the feed cannot be released: it will expire');
      });
    }
  }

  /** A feed that hangs is abandoned: what it still delivers is refused. */
  async #closeFeed(feed: Feed): Promise<void> {
    const { clock, log } = this.#options;
    await withDeadline(feed.close(), { clock, ms: CLOSE_MS, what: 'closing the feed' }).catch(
      (error: unknown) => log.warn({ err: error }, 'the feed could not be closed'),
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
