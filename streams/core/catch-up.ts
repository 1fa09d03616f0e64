import { setImmediate } from 'node:timers/promises';
import type { Broker, LogEvent, Position } from './broker.ts';
import type { CursorPosition } from './cursor.ts';
import type { Place } from './places.ts';
import type { LogView } from './log-view.ts';
import type { QueuedFrame } from './send-queue.ts';

/** Events read from the ring at a time: enough to be quick, few enough to be fair. */
const PAGE = 1_000;
/** Of the first page so many are sent before the others are even encoded: a client that comes back sees life at once. */
const FIRST_EVENTS = 20;

export type LostReason = 'epoch' | 'foreign' | 'expired';

/** The connection that catches up. */
export interface Straggler {
  readonly isEnded: boolean;
  write(items: readonly QueuedFrame[]): void;
  /** Writes what else waits in its queue. */
  flush(): void;
  /** Resolves when the reader has taken what was written. */
  untilWritable(): Promise<void>;
  /** From the next offset on it gets what the log view delivers. */
  goLive(offset: number): void;
  /** What is missing is lost: the current state, then live. */
  startAnew(reason: LostReason): void;
}

/** Of all states, those from before the log too. */
export const EVER = -1;

/** The states of a place's channels newer than an offset, sent outside the log's order: each stands for all before it. */
export function statesOf(
  place: Place,
  view: LogView,
  since: number,
  but?: ReadonlySet<string>,
): QueuedFrame[] {
  return view
    .current(new Set(place.channels))
    .filter((frame) => frame.offset > since && !but?.has(frame.channel) && !but?.has(frame.wildcard ?? ''))
    .map((frame) => ({ frame, log: place.log, views: 0, aside: true }));
}

/** Frames of events in the ring that a place's channels select. */
class Selection {
  readonly #place: Place;
  readonly #view: LogView;
  readonly #names: ReadonlySet<string>;
  readonly #latest: boolean;
  /** Views of the next event that the client has already. */
  #skipViews: number;

  constructor(place: Place, view: LogView, { latest, skipViews }: { latest: boolean; skipViews: number }) {
    this.#place = place;
    this.#view = view;
    this.#names = new Set(place.channels);
    this.#latest = latest;
    this.#skipViews = skipViews;
  }

  of(epoch: string, event: LogEvent): QueuedFrame[] {
    const names = this.#names;
    const mine = this.#view
      .frames(epoch, event)
      .filter(
        (frame) =>
          !frame.quiet &&
          (names.has(frame.channel) || (frame.wildcard !== null && names.has(frame.wildcard))),
      );
    const items: QueuedFrame[] = [];
    mine.forEach((frame, index) => {
      if (index < this.#skipViews || (this.#latest && frame.kind === 'state')) return;
      items.push({ frame, log: this.#place.log, views: index + 1 < mine.length ? index + 1 : 0 });
    });
    this.#skipViews = 0;
    return items;
  }
}

export interface CatchUpOptions {
  from: CursorPosition;
  broker: Broker;
  /** The newest state of each channel instead of all that came before it. */
  latest: boolean;
  /** Whether the client had the same channels when it got its id. */
  sameChannels: boolean;
  /** Channels whose state the client has. */
  known: ReadonlySet<string>;
}

/**
 * Sends what the ring holds after a cursor, page by page, until nothing is left between it and what the log view has
 * delivered, and goes live in that same tick. So nothing is missed, nothing comes twice, and no queue grows while a
 * long history is sent.
 * @throws BrokerUnavailableError
 */
export async function catchUp(
  straggler: Straggler,
  place: Place,
  view: LogView,
  { from, broker, latest, sameChannels, known }: CatchUpOptions,
): Promise<void> {
  const skipViews = sameChannels ? from.views : 0;
  const selection = new Selection(place, view, { latest, skipViews });
  let after: Position = { epoch: from.epoch, offset: from.offset };
  let first = true;
  place.reach(view, after, skipViews);
  for (;;) {
    const page = await broker.history(view.log, after, PAGE);
    if (straggler.isEnded) return;
    if ('lost' in page) {
      straggler.startAnew(page.lost === 'ahead' ? 'foreign' : page.lost);
      return;
    }
    straggler.flush();
    if (first && latest) straggler.write(statesOf(place, view, sameChannels ? after.offset : EVER));
    let items: QueuedFrame[] = [];
    for (const event of page.events) {
      items.push(...selection.of(page.epoch, event));
      if (!first || items.length < FIRST_EVENTS) continue;
      first = false;
      straggler.write(items);
      items = [];
    }
    first = false;
    after = { epoch: page.epoch, offset: page.events.at(-1)?.offset ?? after.offset };
    straggler.write(items);
    place.reach(view, after);
    const { position } = view;
    const caughtUp = after.offset >= position.offset && after.offset >= page.head;
    if (caughtUp || (position.epoch !== after.epoch && after.offset >= page.head)) {
      // A channel that was not there last time may never have been told its state.
      if (!latest && !sameChannels) straggler.write(statesOf(place, view, EVER, known));
      straggler.goLive(after.offset);
      return;
    }
    await straggler.untilWritable();
    // A ring in memory answers within the tick: a long history must not keep everybody else waiting.
    await setImmediate();
    if (straggler.isEnded) return;
  }
}
