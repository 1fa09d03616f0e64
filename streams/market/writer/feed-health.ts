import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { FeedState } from '../../channels/record.ts';
import { Pace } from '../pace.ts';
import type { FeedStatus, ShownFeedStatus } from '../market-feed.ts';

/** How long a feed may be without its source before it counts as silent for those who read its prices. */
export const GRACE_MS = 10_000;

export interface FeedHealthOptions {
  /** What the feed says of itself. */
  read: () => FeedStatus;
  /** False for a feed whose silence means nothing, such as one that others push into. */
  expectsTicks: boolean;
  clock: Clock;
  log: Logger;
}

/** Follows the state of one feed: judges its silence, logs each change once, and counts reconnects. */
export class FeedHealth {
  readonly #options: FeedHealthOptions;
  readonly #pace = new Pace();
  /** As the feed says, and since when, on the monotonic clock. */
  #told: { state: FeedState; since: number };
  #shown: { state: FeedState; since: number };
  /** Whether the feed has failed since it was last live. */
  #hasFailed = false;
  #lastTickAt: number | null = null;
  #silentSince: number | null = null;
  #reconnects = 0;

  constructor(options: FeedHealthOptions) {
    this.#options = options;
    const { clock } = options;
    this.#told = { state: 'starting', since: clock.monotonic() };
    this.#shown = { state: 'starting', since: clock.now() };
  }

  /** How often the feed was live again after it had failed. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Goes on from where another node, or an earlier run, has left off. */
  inherit({ lastTickAt, silentSince }: Pick<ShownFeedStatus, 'lastTickAt' | 'silentSince'>): void {
    if (lastTickAt !== null) this.#lastTickAt = Math.max(lastTickAt, this.#lastTickAt ?? 0);
    this.#silentSince = silentSince;
  }

  /** Ticks of the feed have come. */
  arrived(): void {
    const { clock } = this.#options;
    this.#pace.arrived(clock.monotonic());
    this.#lastTickAt = clock.now();
    this.#silentSince = null;
    this.look();
  }

  /** Call it whenever the state may have changed, and from time to time: silence causes no call. */
  look(): ShownFeedStatus {
    const { read, expectsTicks, clock } = this.#options;
    const told = read();
    const now = clock.monotonic();
    if (told.state !== this.#told.state) this.#told = { state: told.state, since: now };
    const isSilent =
      expectsTicks &&
      (told.state === 'running' || told.state === 'starting') &&
      this.#pace.isOverdue(now, this.#told.since);
    const state = isSilent ? 'silent' : told.state;
    const detail = isSilent ? [this.#silence(), told.detail].filter(Boolean).join('; ') : told.detail;
    if (state !== this.#shown.state) this.#change(told.feed, state, detail);
    const isAway = (state === 'retrying' || state === 'ended') && now - this.#told.since >= GRACE_MS;
    // Being connected again brings no price: only a tick ends the silence.
    if (expectsTicks && (isSilent || isAway)) this.#silentSince ??= this.#lastTickAt ?? this.#shown.since;
    const lastTickAt = this.#lastTickAt;
    return { ...told, state, detail, lastTickAt, since: this.#shown.since, silentSince: this.#silentSince };
  }

  #silence(): string {
    return this.#lastTickAt === null
      ? 'no tick has come yet'
      : `no tick since ${new Date(this.#lastTickAt).toISOString()}`;
  }

  #change(feed: string, state: FeedState, detail: string | null): void {
    const { clock, log } = this.#options;
    const previous = this.#shown.state;
    this.#shown = { state, since: clock.now() };
    if (state === 'running' && this.#hasFailed) this.#reconnects += 1;
    if (state === 'retrying') this.#hasFailed = true;
    else if (state !== 'silent' && state !== 'starting') this.#hasFailed = false;
    const level = state === 'retrying' || state === 'silent' ? 'warn' : 'info';
    log[level]({ feed, previous, detail }, MESSAGES[state]);
  }
}

const MESSAGES: Record<FeedState, string> = {
  starting: 'the feed is starting',
  running: 'the feed is live',
  retrying: 'the feed has failed and is retrying',
  silent: 'the feed is silent',
  ended: 'the feed has ended',
  standby: 'another node runs the feed',
};
