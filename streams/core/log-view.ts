import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { pause } from '../../lib/async/backoff.ts';
import {
  type Broker,
  type LogEvent,
  type LogListener,
  type LogState,
  type Position,
  type Subscription,
} from './broker.ts';
import type { ChannelCatalog } from './channel.ts';
import { Cohorts } from './cohort.ts';
import { logTag } from './cursor.ts';
import { Frame } from './frame.ts';
import { FrameRouter } from './frame-router.ts';
import { NewestFrames } from './newest-frames.ts';
import { RecentFrames } from './recent-frames.ts';
import type { StreamObserver } from './stream-observer.ts';

export interface LogViewOptions {
  catalog: Pick<ChannelCatalog, 'views'>;
  /**
   * Logs with many readers: the frames of their latest events are kept for clients that catch up at the same time.
   * Default: none.
   */
  isPopular?: ((log: string) => boolean) | undefined;
  broker: Broker;
  logger: Logger;
  clock: Clock;
  observer?: StreamObserver | undefined;
  /**
   * States that this process knows, as of a position, for keys that the log's own state lacks: older than the log (with
   * offset 0), or lost from it.
   */
  known?: ((log: string, at: Position, lacks: (key: string) => boolean) => readonly LogEvent[]) | undefined;
  /** A state channel without which a log's state is incomplete. Its publisher makes sure that the log has one. */
  essential?: ((log: string) => string | null) | undefined;
}

/** Pause between two attempts to read the state. */
const RETRY_MS = 500;
/** The longest wait for the state of the essential channel. */
const ESSENTIAL_MS = 5_000;
const POLL_MS = 50;

/**
 * One process's view of one log: a single broker subscription, each event encoded once, routed to the receivers of
 * its channels. Keeps the newest frame of every state channel for the state that a new connection gets.
 */
export class LogView implements LogListener {
  readonly log: string;
  readonly tag: string;
  readonly #options: LogViewOptions;
  #position: Position = { epoch: '', offset: 0 };
  #subscription: Subscription | null = null;
  #isAway = false;
  #isStale = false;
  #isDelayed = false;
  /** True from a reset until the state is known. Nothing is delivered meanwhile: the state will cover it. */
  #settling: Promise<void> | null = null;
  #resets = 0;
  readonly #closing = new AbortController();
  readonly #newest = new NewestFrames();
  /** To whom live frames go. */
  readonly router: FrameRouter;
  readonly cohorts: Cohorts;
  readonly #recent: RecentFrames | null;
  readonly #essential: string | null;

  private constructor(log: string, options: LogViewOptions) {
    this.log = log;
    this.tag = logTag(log);
    this.#options = options;
    this.router = new FrameRouter(log);
    this.cohorts = new Cohorts(this.router);
    this.#recent = options.isPopular?.(log) === true ? new RecentFrames() : null;
    this.#essential = options.essential?.(log) ?? null;
  }

  /** Subscribes and loads the state. @throws BrokerUnavailableError */
  static async open(log: string, options: LogViewOptions): Promise<LogView> {
    const { broker } = options;
    const view = new LogView(log, options);
    const subscription = await broker.subscribe(log, view);
    view.#subscription = subscription;
    if (view.#position.epoch === '') view.#position = subscription.position;
    try {
      if (!(await view.#loadState()) || view.#lacksEssential) view.#settle(null);
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return view;
  }

  /** Everything up to here was delivered to the receivers. */
  get position(): Position {
    return this.#position;
  }

  /** False during a reset: the position is ahead of what the receivers have, and the state is unknown. */
  get isSettled(): boolean {
    return this.#settling === null;
  }

  /** Resolves when the state is known, or the view is closed. */
  async settled(): Promise<void> {
    while (this.#settling !== null) await this.#settling;
  }

  /** Whether whatever keeps the log up to date is failing. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** Whether events may be late: the log cannot be reached, or is stale, or was until it was reset. */
  get isDelayed(): boolean {
    return this.#isDelayed;
  }

  /** The newest frame of each state channel that the names select, in log order. */
  current(channels: ReadonlySet<string>): Frame[] {
    return this.#newest.on(channels);
  }

  /** The same from a state that was just read from the log. */
  framesOf(state: LogState, channels: ReadonlySet<string>): Frame[] {
    const newest = new NewestFrames();
    this.#takeState(state, state.position, newest);
    return newest.on(channels);
  }

  /** The frames of an event, live or from history. */
  frames(epoch: string, event: LogEvent): Frame[] {
    const known = this.#recent?.get(epoch, event.offset);
    if (known) return known;
    const frames = this.#encode(epoch, event);
    this.#recent?.add(epoch, event.offset, frames, event.data.length);
    return frames;
  }

  /** In the fixed order that a cursor's view count relies on. */
  #encode(epoch: string, { offset, at, data }: LogEvent): Frame[] {
    const source = { tag: this.tag, epoch, offset, at };
    return this.#options.catalog.views(this.log, data).map((view) => new Frame(source, view));
  }

  events(epoch: string, events: readonly LogEvent[]): void {
    this.#options.observer?.received(this.log, events.length);
    for (const event of events) {
      const position = { epoch, offset: event.offset };
      this.#position = position;
      const frames = this.frames(epoch, event);
      for (const frame of frames) this.#newest.remember(frame);
      if (this.#settling === null) this.router.route(position, frames);
    }
  }

  reset(position: Position, reason: 'epoch' | 'expired'): void {
    this.#position = position;
    this.#newest.clear();
    this.#recent?.clear();
    this.#settle(reason);
  }

  condition(state: 'away' | 'back'): void {
    this.#isAway = state === 'away';
    this.#tellCondition();
  }

  setStale(isStale: boolean): void {
    this.#isStale = isStale;
    this.#tellCondition();
  }

  /** Receivers count as up to date only after they have been reset. */
  #tellCondition(): void {
    const isDelayed = this.#isAway || this.#isStale || (this.#isDelayed && this.#settling !== null);
    if (isDelayed === this.#isDelayed) return;
    this.#isDelayed = isDelayed;
    this.router.conditionChanged(isDelayed ? 'away' : 'back');
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#subscription?.close();
  }

  /** Reads the state until it is known, then resets the receivers (`null`: they need no reset). */
  #settle(reason: 'epoch' | 'expired' | null): void {
    this.#resets += 1;
    const mine = this.#resets;
    const settling = this.#untilStateIsKnown(() => mine !== this.#resets).then(() => {
      // If there was another reset meanwhile, its state counts.
      if (mine !== this.#resets) return;
      this.#settling = null;
      if (reason !== null) this.router.reset(this.#position, reason);
      this.#tellCondition();
    });
    this.#settling = settling;
  }

  async #untilStateIsKnown(isOutdated: () => boolean): Promise<void> {
    const { signal } = this.#closing;
    let isReported = false;
    while (!signal.aborted && !isOutdated()) {
      try {
        if (await this.#loadState()) return await this.#untilEssential(isOutdated);
      } catch (error) {
        if (!isReported)
          this.#options.logger.warn({ err: error, log: this.log }, 'state after a reset is unknown');
        isReported = true;
      }
      await pause(this.#options.clock, RETRY_MS, signal);
    }
  }

  get #lacksEssential(): boolean {
    return this.#essential !== null && !this.#newest.has(this.#essential);
  }

  /** Its publisher sees the reset first, and then publishes it. */
  async #untilEssential(isOutdated: () => boolean): Promise<void> {
    const { signal } = this.#closing;
    const end = this.#options.clock.monotonic() + ESSENTIAL_MS;
    while (this.#lacksEssential && this.#options.clock.monotonic() < end && !signal.aborted && !isOutdated())
      await pause(this.#options.clock, POLL_MS, signal);
  }

  /** @returns false if the log has a new epoch, about which the broker is about to call `reset` */
  async #loadState(): Promise<boolean> {
    const state = await this.#options.broker.state(this.log);
    if (this.#closing.signal.aborted) return true;
    if (state.position.epoch !== this.#position.epoch) {
      const page = await this.#options.broker.history(this.log, this.#position, 1);
      // A successor that took over the whole log. The broker does not say so before the next event.
      if ('lost' in page || page.epoch !== state.position.epoch) return false;
      this.#position = { epoch: page.epoch, offset: this.#position.offset };
    }
    this.#takeState(state, this.#position, this.#newest);
    return true;
  }

  /** Skips events after `end`: they are about to be delivered, and no one may see them twice. */
  #takeState({ position: { epoch }, entries }: LogState, end: Position, into: NewestFrames): void {
    const keys = new Set<string>();
    for (const event of entries) {
      // A state that is yet to be delivered does not count as known either: receivers must not be told that they are up
      // to date.
      if (event.offset > end.offset) continue;
      if (event.key !== undefined) keys.add(event.key);
      for (const frame of this.frames(epoch, event)) into.remember(frame);
    }
    for (const event of this.#options.known?.(this.log, end, (key) => !keys.has(key)) ?? []) {
      for (const frame of this.#encode(epoch, event)) into.remember(frame);
    }
  }
}
