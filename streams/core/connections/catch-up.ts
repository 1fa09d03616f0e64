import { setImmediate } from 'node:timers/promises';
import type { Broker, LogEvent, Position } from '../broker.ts';
import type { CursorPosition } from '../cursor.ts';
import { type Frame, isOn } from '../frame.ts';
import type { Place } from './places.ts';
import type { LogView } from '../log-view.ts';
import { type QueuedFrame, viewsUpTo } from '../send-queue.ts';

/** Events read from the ring at a time. */
const PAGE = 1_000;
/** Events of the first page that are sent before the rest is encoded, so that the client gets something at once. */
const FIRST_EVENTS = 20;

export type LostReason = 'epoch' | 'foreign' | 'expired';

/** The connection that catches up. */
export interface StartingStream {
  isEnded(): boolean;
  write(items: readonly QueuedFrame[]): void;
  /** Writes what is queued. */
  flush(): void;
  /** Resolves when the client has read what was written. */
  untilWritable(): Promise<void>;
  /** From the next offset on, it gets what the log view delivers. */
  goLive(place: Place, view: LogView, offset: number): void;
}

/** All states of a place's channels, sent outside the log's order: each replaces all earlier ones. */
export function statesOf(place: Place, view: LogView): QueuedFrame[] {
  return view.current(new Set(place.channels)).map((frame) => aside(frame, place));
}

function aside(frame: Frame, place: Place): QueuedFrame {
  return { frame, log: place.log, views: 0, aside: true };
}

export interface CatchUpOptions {
  from: CursorPosition;
  broker: Broker;
  /** Of each state channel, only the newest state. */
  latest: boolean;
  /** Whether the client had the same channels when it got its id. */
  sameChannels: boolean;
  /** Channels whose state the client has. */
  known: ReadonlySet<string>;
  /** The missing events are lost: sends `reset` and the current state, and goes live. */
  startAnew: (reason: LostReason) => Promise<void>;
}

/** Which states the client has, so that none is missing at the end and none follows a newer one. */
class ClientStates {
  readonly #since: number;
  /** `null`: all. */
  readonly #known: ReadonlySet<string> | null;
  /** Offset of the newest one sent, by channel. */
  readonly #sent = new Map<string, number>();

  constructor({ from, sameChannels, known }: CatchUpOptions) {
    this.#since = from.offset;
    this.#known = sameChannels ? null : known;
  }

  /** Whether the client has had any state of the frame's channel. */
  knows(frame: Frame): boolean {
    return this.#known === null || this.#sent.has(frame.channel) || isOn(frame, this.#known);
  }

  lacks(frame: Frame): boolean {
    const sent = this.#sent.get(frame.channel);
    if (sent !== undefined) return frame.offset > sent;
    return frame.offset > this.#since || !this.knows(frame);
  }

  send({ channel, offset }: Frame): void {
    this.#sent.set(channel, offset);
  }

  /** Those of the states that the client lacks, in log order. They count as sent. */
  due(frames: Iterable<Frame>): Frame[] {
    const newest = new Map<string, Frame>();
    for (const frame of frames) {
      const other = newest.get(frame.channel);
      if ((other === undefined || other.offset < frame.offset) && this.lacks(frame))
        newest.set(frame.channel, frame);
    }
    const due = [...newest.values()].sort((a, b) => a.offset - b.offset);
    for (const frame of due) this.send(frame);
    return due;
  }
}

/** Frames of events in the ring that a place's channels select. */
class Selection {
  readonly #view: LogView;
  readonly #names: ReadonlySet<string>;
  readonly #latest: boolean;
  readonly #states: ClientStates;
  /** Views of the next event that the client has already. */
  #skipViews: number;

  constructor(
    { channels }: Place,
    view: LogView,
    { latest, skipViews, states }: { latest: boolean; skipViews: number; states: ClientStates },
  ) {
    this.#view = view;
    this.#names = new Set(channels);
    this.#latest = latest;
    this.#skipViews = skipViews;
    this.#states = states;
  }

  /** With `latest`, states go to `apart` instead. */
  of(epoch: string, event: LogEvent, apart: Frame[]): QueuedFrame[] {
    const mine = this.#view.frames(epoch, event).filter((frame) => this.#selects(frame));
    const items: QueuedFrame[] = [];
    mine.forEach((frame, index) => {
      const isState = frame.kind === 'state';
      if (index < this.#skipViews) {
        if (isState) this.#states.send(frame);
      } else if (isState && this.#latest) {
        apart.push(frame);
      } else {
        if (isState) this.#states.send(frame);
        items.push({ frame, log: this.#view.log, views: viewsUpTo(index, mine) });
      }
    });
    this.#skipViews = 0;
    return items;
  }

  #selects(frame: Frame): boolean {
    return isOn(frame, this.#names) && (!frame.quiet || !this.#states.knows(frame));
  }
}

/**
 * The states of a place's channels as of `position` or later. If the view is behind `position`, the rest is read from
 * the ring or, if that is a lot, from the log's own state.
 * @returns the states and their offset, or `null` if the log has a new epoch by now
 * @throws BrokerUnavailableError
 */
async function statesAt(
  place: Place,
  view: LogView,
  broker: Broker,
  position: Position,
): Promise<{ frames: Frame[]; end: number } | null> {
  const names = new Set(place.channels);
  if (view.isSettled) {
    const reached = view.position;
    const frames = view.current(names);
    if (reached.epoch === position.epoch && reached.offset >= position.offset)
      return { frames, end: reached.offset };
    const page = await broker.history(view.log, reached, PAGE);
    if (!('lost' in page) && page.epoch === position.epoch) {
      const end = page.events.at(-1)?.offset ?? reached.offset;
      const beyond = page.events
        .flatMap((event) => view.frames(page.epoch, event))
        .filter((frame) => frame.kind === 'state' && isOn(frame, names));
      if (end >= position.offset) return { frames: [...frames, ...beyond], end };
    }
  }
  const state = await broker.state(view.log);
  if (state.position.epoch !== position.epoch) return null;
  return { frames: view.framesOf(state, names), end: state.position.offset };
}

/**
 * Sends what the ring holds after a cursor, page by page, until nothing is left between it and what the log view has
 * delivered, and goes live in that same tick. So nothing is missed, nothing comes twice, and no queue grows meanwhile.
 *
 * The view may be behind the ring, and even behind the cursor, which may come from another process: its states alone do
 * not suffice. An id is sent only when all states up to its position have been sent.
 * @throws BrokerUnavailableError
 */
export async function catchUp(
  stream: StartingStream,
  place: Place,
  view: LogView,
  options: CatchUpOptions,
): Promise<void> {
  const { from, broker, latest, sameChannels, startAnew } = options;
  const skipViews = sameChannels ? from.views : 0;
  /** The last event that the client has, at least in part. */
  const begun = from.views > 0 ? from.offset + 1 : from.offset;
  const states = new ClientStates(options);
  const selection = new Selection(place, view, { latest, skipViews, states });
  let after: Position = { epoch: from.epoch, offset: from.offset };
  /** The states that were sent are as of this offset: catching up must get at least that far. */
  let end = 0;
  let first = true;
  place.reach(view, after, skipViews);
  for (;;) {
    const page = await broker.history(view.log, after, PAGE);
    if (stream.isEnded()) return;
    if ('lost' in page) return startAnew(page.lost === 'ahead' ? 'foreign' : page.lost);
    stream.flush();
    if (first && (latest || !sameChannels)) {
      // What another process sent before the cut may be newer than the cursor, but not than the head.
      const least = latest ? page.head : begun;
      const known = await statesAt(place, view, broker, { epoch: page.epoch, offset: least });
      if (stream.isEnded()) return;
      if (known === null) return startAnew('epoch');
      ({ end } = known);
      // With `full`, what is newer than the cursor comes with the events.
      const frames = latest ? known.frames : known.frames.filter(({ offset }) => offset <= begun);
      stream.write(states.due(frames).map((frame) => aside(frame, place)));
    }
    let items: QueuedFrame[] = [];
    const apart: Frame[] = [];
    for (const event of page.events) {
      items.push(...selection.of(page.epoch, event, apart));
      if (!first || latest || items.length < FIRST_EVENTS) continue;
      first = false;
      stream.write(items);
      items = [];
    }
    first = false;
    after = { epoch: page.epoch, offset: page.events.at(-1)?.offset ?? after.offset };
    stream.write([...states.due(apart).map((frame) => aside(frame, place)), ...items]);
    place.reach(view, after);
    const { position } = view;
    const isAtHead = after.offset >= Math.max(page.head, end);
    if (isAtHead && (after.offset >= position.offset || position.epoch !== after.epoch)) {
      stream.goLive(place, view, after.offset);
      return;
    }
    await stream.untilWritable();
    // A ring in memory answers within the tick: a long history must not starve other connections.
    await setImmediate();
    if (stream.isEnded()) return;
  }
}
