import { pause } from '../../lib/async/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';
import type { Lease, Leases } from '../core/lease.ts';
import type { Feed, FeedStatus, Tick } from './tick.ts';

export const FEED_LEASE = 'feed';
const LEASE_RETRY_MS = 1_000;
/** How long a feed may take to close. */
const CLOSE_MS = 5_000;

/** A time during which this node runs the feed. */
export interface FeedTerm {
  readonly fence: number;
  /** Aborted when the term is over. */
  readonly signal: AbortSignal;
}

export interface FeedRunnerOptions {
  leases: Leases;
  clock: Clock;
  log: Logger;
  /** The feed's name, for health while another node runs it. */
  feedName: string;
  /** A new feed for each term; `null`: this node never runs it, and leaves the lease to others. */
  openFeed: (() => Feed) | null;
  /** Called before the feed of a term is opened. */
  begin: (term: FeedTerm) => void;
  /** Takes what the feed delivers. */
  take: (ticks: readonly Tick[], term: FeedTerm) => Promise<void>;
  /** Called when the state of the feed may have changed. */
  changed: () => void;
  /** Called when the feed of a term is closed and the lease is still held. */
  finish: (term: FeedTerm) => Promise<void>;
}

/** Runs the feed on one node of a fleet, the one that holds the lease `feed`. */
export class FeedRunner {
  readonly #options: FeedRunnerOptions;
  readonly #closing = new AbortController();
  /** Whether the lease was asked for with success, held or not. */
  #hasAsked = false;
  #leading: { feed: Feed; term: FeedTerm; end: () => void } | null = null;
  #contending: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(options: FeedRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    const { openFeed } = this.#options;
    if (openFeed !== null) this.#contending = this.#contend(openFeed);
  }

  /** The present term; `null` while this node does not run the feed. */
  get term(): FeedTerm | null {
    return this.#leading?.term ?? null;
  }

  /** Why the lease cannot be asked for, for health. */
  get trouble(): string | null {
    return this.#trouble;
  }

  status(): Pick<FeedStatus, 'state' | 'detail'> {
    if (this.#leading !== null) return this.#leading.feed.status();
    if (this.#options.openFeed === null)
      return { state: 'ended', detail: 'no feed is configured on this node' };
    if (!this.#hasAsked) return { state: 'starting', detail: null };
    return { state: 'standby', detail: 'another node runs the feed' };
  }

  /** Ends the present term, although the lease is not known to be lost. */
  endTerm(): void {
    this.#leading?.end();
  }

  /** Closes the feed and releases the lease. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#contending;
  }

  async #contend(openFeed: () => Feed): Promise<void> {
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
        await this.#lead(lease, openFeed).catch((error: unknown) =>
          log.error({ err: error }, 'the feed failed'),
        );
      }
      await pause(clock, LEASE_RETRY_MS, signal);
    }
  }

  /** Runs the feed until the lease is lost or the node closes. */
  async #lead(lease: Lease, openFeed: () => Feed): Promise<void> {
    const { begin, take, changed, finish, log } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, lease.signal, this.#closing.signal]);
    const term: FeedTerm = { fence: lease.fence, signal };
    try {
      begin(term);
      const feed = openFeed();
      this.#leading = { feed, term, end: () => over.abort() };
      if (!signal.aborted) {
        changed();
        feed.start((ticks) => take(ticks, term), changed);
        changed();
      }
      await aborted(signal);
      await this.#closeFeed(feed);
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
