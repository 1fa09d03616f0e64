import { withDeadline } from '../../../lib/async/deadline.ts';
import type { Position } from '../broker.ts';
import { catchUp, type StartingStream } from './catch-up.ts';
import { type CursorPosition, encodePart, logTag } from '../cursor.ts';
import type { LogView } from '../log-view.ts';
import { ANEW, type Origin, originOf } from './origin.ts';
import type { Place, Places } from './places.ts';
import type { StartOutcome } from '../stream-observer.ts';
import type { SubscriberOptions } from './subscriber-options.ts';

const NONE: ReadonlySet<string> = new Set();

/** How long a stream waits for the state of a log that has just been reset. */
const SETTLE_MS = 10_000;

/** The connection that starts, on all of its logs. */
export interface NewStream extends StartingStream {
  /** Queues the current state, after a `reset` if there is a reason for one. */
  pushState(place: Place, view: LogView, position: Position, resetReason: string | null): void;
}

/** Brings one connection from the client's cursor, or from nothing, to live on each of its logs. */
export class StreamStart {
  readonly #options: SubscriberOptions;
  readonly #places: Places;
  readonly #stream: NewStream;
  /** Created when there is something to wait for. */
  #waiting: AbortController | null = null;
  #isResumed = false;
  /** Why the first log that could not be resumed was reset. */
  #resetReason: string | null = null;

  constructor(options: SubscriberOptions, places: Places, stream: NewStream) {
    this.#options = options;
    this.#places = places;
    this.#stream = stream;
  }

  /** What monitoring learns when the stream is live. */
  get outcome(): StartOutcome {
    if (this.#resetReason !== null) return `reset-${this.#resetReason}`;
    return this.#isResumed ? 'resumed' : 'fresh';
  }

  /**
   * One log after the other, each as soon as its view is open: a slow log does not hold up the others. Resolves when all
   * are live, or when the stream has ended.
   * @throws NoSlotError, DeadlineError, BrokerUnavailableError, and whatever opening a view throws
   */
  async run(views: ReadonlyMap<string, Promise<LogView>>): Promise<void> {
    const { all } = this.#places;
    const origins = new Map(all.map((place) => [place, originOf(this.#options, place.log)]));
    const resumed = [...origins.values()].filter(({ position }) => position !== null);
    this.#isResumed = resumed.length > 0;
    if (resumed.some((origin) => !this.#hasSameChannels(origin))) this.#places.tellChannels(false);
    // From the first id on: a client that is cut while one log catches up must not lose its place in the others.
    for (const [place, origin] of origins) {
      if (origin.position === null) continue;
      const { epoch, offset, views: had } = origin.position;
      place.part = encodePart(logTag(place.log), epoch, offset, this.#hasSameChannels(origin) ? had : 0);
    }
    const waiting = new Map(all.map((place) => [place, this.#open(place, views.get(place.log))]));
    while (waiting.size > 0) {
      const [place, view] = await Promise.race(waiting.values());
      waiting.delete(place);
      if (this.#stream.isEnded()) return;
      const origin = origins.get(place) ?? ANEW;
      if (origin.position === null) await this.#startAnew(place, view, origin.lost);
      else await this.#catchUp(place, view, origin.position, this.#hasSameChannels(origin));
      if (this.#stream.isEnded()) return;
    }
  }

  /** The stream has ended. */
  cancel(): void {
    this.#waiting?.abort();
  }

  #hasSameChannels({ channelSet }: Origin): boolean {
    return channelSet === this.#places.channelSet;
  }

  /** Resolves when the view of a place is open and knows the log's state. */
  #open(place: Place, opening: Promise<LogView> | undefined): Promise<[Place, LogView]> {
    const open = async (): Promise<[Place, LogView]> => {
      if (opening === undefined) throw new Error(`no view of ${place.log}`);
      const view = await opening;
      place.view = view;
      await this.#untilSettled(view);
      return [place, view];
    };
    const opened = open();
    // Nobody awaits it if the stream ends meanwhile.
    opened.catch(() => undefined);
    return opened;
  }

  /** @throws DeadlineError */
  async #untilSettled(view: LogView): Promise<void> {
    if (view.isSettled || this.#stream.isEnded()) return;
    this.#waiting ??= new AbortController();
    try {
      await withDeadline(view.settled(), {
        clock: this.#options.clock,
        ms: SETTLE_MS,
        what: `the state of the log ${view.log}`,
        signal: this.#waiting.signal,
      });
    } catch (error) {
      if (!this.#stream.isEnded()) throw error;
    }
  }

  /** No usable position: the current state, then live. */
  async #startAnew(place: Place, view: LogView, resetReason: string | null): Promise<void> {
    this.#resetReason ??= resetReason;
    await this.#untilSettled(view);
    if (this.#stream.isEnded()) return;
    this.#stream.goLive(place, view, view.position.offset);
    this.#stream.pushState(place, view, view.position, resetReason);
    this.#stream.flush();
  }

  /** @throws NoSlotError, and what `catchUp` throws */
  async #catchUp(place: Place, view: LogView, from: CursorPosition, sameChannels: boolean): Promise<void> {
    const { broker, replay, replaySlot, before } = this.#options;
    const slot = await replaySlot();
    try {
      if (this.#stream.isEnded()) return;
      await catchUp(this.#stream, place, view, {
        from,
        broker,
        latest: replay === 'latest',
        sameChannels,
        known: before?.known ?? NONE,
        startAnew: (reason) => this.#startAnew(place, view, reason),
      });
    } finally {
      slot.release();
    }
  }
}
