import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { type Broker, BrokerUnavailableError, type Position } from './broker.ts';
import type { Channel } from './channel.ts';
import { channelSetTag } from './channel.ts';
import { type Batch, Cohort, type CohortMember } from './cohort.ts';
import { type CursorPosition, decodeCursor, encodeCursor, encodePart, logTag } from './cursor.ts';
import type { FlushScheduler, Flushable } from './flush-scheduler.ts';
import type { Frame } from './frame.ts';
import type { FrameReceiver, LogView } from './log-view.ts';
import { type Queued, type QueuedFrame, SendQueue } from './send-queue.ts';
import type { SharedText } from './shared-text.ts';
import { type StartOutcome, type StreamObserver, UNOBSERVED } from './stream-observer.ts';
import type { Wire } from './wire.ts';

/** The transport under a subscriber: an HTTP response or a WebSocket. */
export interface Sink {
  /** @returns false when the reader is behind: write again after `onDrain` */
  write(chunk: string): boolean;
  /** The same for text that others write too, where that can be done for less. */
  writeShared?(shared: SharedText): boolean;
  onDrain(listener: () => void): void;
  /** Bytes handed over that the reader has not taken yet. */
  readonly pendingBytes: number;
  end(reason: EndReason): void;
}

export type EndReason =
  | 'slow-reader'
  | 'token-expired'
  | 'revoked'
  | 'access-lost'
  | 'max-age'
  | 'shutdown'
  | 'ended'
  | 'unavailable';

const END_DETAIL: Record<EndReason, string> = {
  'slow-reader': 'The connection reads more slowly than its events come; resume with the last id.',
  'token-expired': 'The credential that opened the stream has expired.',
  revoked: 'The credential that opened the stream was revoked.',
  'access-lost': 'The portfolio can no longer be read.',
  'max-age': 'The stream has reached its age; resume with the last id.',
  shutdown: 'The server is going down; resume with the last id.',
  ended: 'The stream was ended on request.',
  unavailable: 'The event log cannot be reached; resume with the last id.',
};

/** Every reason there is. */
export const END_REASONS = Object.keys(END_DETAIL) as EndReason[];

export interface SubscriberOptions {
  channels: readonly Channel[];
  /** `Last-Event-ID` as the client sent it; empty or null when it has none. */
  lastEventId: string | null;
  replay: 'full' | 'latest';
  wire: Wire;
  sink: Sink;
  /** Longest time it gathers events while it is busy, in milliseconds; as long as everybody when left out. */
  flushMs?: number | null;
  /** Bytes of undroppable events that may wait for a slow reader. */
  queueBytes: number;
  /** Reconnect delay told to the client when the stream ends, jittered by the caller. */
  retryMs: (reason: EndReason) => number;
  broker: Broker;
  scheduler: FlushScheduler;
  clock: Clock;
  logger: Logger;
  observer?: StreamObserver;
  /** Goes into every id: proves later that its reader was let in. */
  seal?: string | null;
  /** Channels whose state the client has: it goes on from where another subscriber of its connection has left it. */
  known?: ReadonlySet<string>;
  onEnd: (reason: EndReason | 'closed' | 'replaced') => void;
}

/** Events read from the ring at a time: enough to be quick, few enough to be fair. */
const PAGE = 1_000;
/** Of the first page so many are sent before the others are even encoded: a client that comes back sees life at once. */
const FIRST_EVENTS = 20;
const NONE: ReadonlySet<string> = new Set();

/**
 * One connection: catches up on each log from the client's cursor, then goes live, with one id over all its logs.
 *
 * Catching up pulls pages until it has reached what the log view has delivered, and goes live in that same tick. So
 * nothing is missed, nothing comes twice, and no queue grows while a long history is sent.
 */
export class Subscriber implements FrameReceiver, CohortMember, Flushable {
  lastFlush = 0;
  readonly flushMs: number | null;
  lastWrite: number;
  readonly openedAt: number;
  readonly channels: readonly Channel[];
  readonly #options: SubscriberOptions;
  readonly #channelSet: string;
  /** What every id begins with. */
  readonly #head: string;
  readonly #observer: StreamObserver;
  readonly #known: ReadonlySet<string>;
  /** Worst that has befallen a log at the start. */
  #resetReason: string | null = null;
  #toldConflated = 0;
  #started = false;
  readonly #names: ReadonlySet<string>;
  readonly #byLog = new Map<string, Channel[]>();
  readonly #views = new Map<string, LogView>();
  /** Last offset handed over per live log. */
  readonly #live = new Map<string, number>();
  /** Cursor part per log, as of what was written. Sorted by log, since ids are compared as text. */
  readonly #reached = new Map<string, string>();
  readonly #queue = new SendQueue();
  /** Where live frames come from when there is only one log: ids of several logs differ from client to client. */
  #cohort: Cohort | null = null;
  #sharedConflated = 0;
  #blocked = false;
  #ended = false;
  #writable: (() => void) | null = null;
  #heartbeatId = '';
  sentEvents = 0;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.channels = options.channels;
    this.flushMs = options.flushMs ?? null;
    this.#channelSet = channelSetTag(options.channels);
    this.#head = options.seal ? `${this.#channelSet}~${options.seal}` : this.#channelSet;
    this.#observer = options.observer ?? UNOBSERVED;
    this.#known = options.known ?? NONE;
    this.#names = new Set(options.channels.map((channel) => channel.name));
    for (const channel of options.channels) {
      const list = this.#byLog.get(channel.log);
      if (list) list.push(channel);
      else this.#byLog.set(channel.log, [channel]);
    }
    this.openedAt = options.clock.now();
    this.lastWrite = options.clock.monotonic();
    options.sink.onDrain(() => this.#drained());
  }

  get logs(): string[] {
    return [...this.#byLog.keys()].sort();
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#options.sink.pendingBytes;
  }

  get conflated(): number {
    return this.#queue.conflated + this.#sharedConflated;
  }

  /** How many events of its logs, of whatever channel, the client is behind: the most of any log. */
  get lag(): number {
    const reached = decodeCursor(this.#id())?.positions;
    let lag = 0;
    for (const view of this.#views.values()) {
      if (this.#isInStep && this.#live.has(view.log)) continue;
      lag = Math.max(lag, view.position.offset - (reached?.get(view.tag)?.offset ?? 0));
    }
    return lag;
  }

  /** Brings the client from its cursor (or from nothing) to live on the given views, one log after the other. */
  async start(views: ReadonlyMap<string, LogView>): Promise<void> {
    const { lastEventId } = this.#options;
    const cursor = lastEventId ? decodeCursor(lastEventId) : null;
    const sameChannels = cursor?.channelSet === this.#channelSet;
    // From the first id on: a client cut while one log catches up must not lose its place in the others.
    for (const log of this.logs) {
      const tag = logTag(log);
      const at = cursor?.positions.get(tag);
      if (at) this.#reached.set(log, encodePart(tag, at.epoch, at.offset, sameChannels ? at.views : 0));
    }
    this.#started = true;
    try {
      for (const log of this.logs) {
        const view = views.get(log);
        if (view === undefined) throw new Error(`no view of ${log}`);
        this.#views.set(log, view);
        const position = cursor?.positions.get(logTag(log)) ?? null;
        if (lastEventId && cursor === null) this.#startAnew(view, 'garbled');
        else if (position === null) this.#startAnew(view, null);
        else await this.#catchUp(view, position, sameChannels);
        if (this.#ended) return;
      }
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError))
        this.#options.logger.error({ err: error }, 'stream start failed');
      this.end('unavailable');
      return;
    }
    if (this.#options.known === undefined) this.#observer.started(this.#outcome(cursor !== null));
    this.#queue.pushControl({ event: 'ready', data: { channels: [...this.#names] }, reached: new Map() });
    this.flush();
  }

  #outcome(resumed: boolean): StartOutcome {
    if (this.#resetReason !== null) return `reset-${this.#resetReason}`;
    return resumed ? 'resumed' : 'fresh';
  }

  deliver(log: string, position: Position, frames: readonly Frame[]): void {
    const last = this.#live.get(log);
    if (last === undefined || position.offset <= last || this.#ended) return;
    this.#live.set(log, position.offset);
    frames.forEach((frame, index) => {
      this.#queue.push({ frame, log, views: index + 1 < frames.length ? index + 1 : 0 });
    });
    this.#goOn();
  }

  /** After something was queued. */
  #goOn(): void {
    // A burst alone makes nobody slow: only who has not taken what was written before.
    if (this.#queue.eventBytes > this.#options.queueBytes) this.flush();
    if (this.#queue.eventBytes > this.#options.queueBytes) this.end('slow-reader');
    else if (!this.#blocked) this.#options.scheduler.request(this);
  }

  /** Whether all that was delivered has been written. */
  get #isInStep(): boolean {
    return this.#queue.size === 0 && (this.#cohort === null || this.#cohort.waiting === 0);
  }

  take(batch: Batch): boolean {
    const { log, frames, shared } = batch;
    const last = this.#live.get(log);
    if (last === undefined || batch.last <= last || this.#ended) return false;
    this.#live.set(log, batch.last);
    this.#sharedConflated += batch.conflated;
    if (!this.#blocked && this.#queue.size === 0 && batch.first > last) {
      this.#reached.set(log, batch.reached);
      this.sentEvents += frames.length;
      this.lastWrite = batch.sentAt;
      const { sink } = this.#options;
      this.#blocked = !(sink.writeShared?.(shared) ?? sink.write(shared.text));
      return true;
    }
    for (const item of frames) if (item.frame.offset > last) this.#queue.push(item);
    this.#goOn();
    return false;
  }

  resetLog(log: string, position: Position, reason: string): void {
    if (this.#ended || !this.#views.has(log)) return;
    this.#queue.drop(log);
    this.#live.set(log, position.offset);
    this.#pushState(log, position, reason);
    this.#options.scheduler.request(this);
  }

  conditionChanged(log: string, state: 'away' | 'back'): void {
    if (this.#ended || !this.#live.has(log)) return;
    const data =
      state === 'away'
        ? { code: 'delayed', detail: 'The event log cannot be reached: what is shown may be out of date.' }
        : { code: 'restored', detail: 'Events arrive again.' };
    this.#queue.pushControl({
      event: 'notice',
      data: { ...data, channels: this.#channelNames(log) },
      reached: null,
    });
    this.#options.scheduler.request(this);
  }

  /** Writes what is queued, at once, unless the reader is behind. */
  flush(): void {
    if (this.#blocked || this.#ended || this.#queue.size === 0) return;
    this.#writeQueue();
  }

  #writeQueue(): void {
    const items = this.#queue.take();
    const [first] = items;
    const at = first !== undefined && 'frame' in first && first.aside !== true ? first.frame.at : null;
    this.#write(items, at === null ? null : this.#options.clock.now() - at);
    const dropped = this.#queue.conflated - this.#toldConflated;
    if (dropped > 0) {
      this.#toldConflated += dropped;
      this.#observer.dropped('conflated', dropped);
    }
  }

  /** A comment when nothing was written for a while, carrying the cursor on past events of other channels. */
  heartbeat(): void {
    if (this.#blocked || this.#ended) return;
    let moved = false;
    if (this.#isInStep) moved = this.#advance();
    const id = this.#id();
    this.#send(this.#options.wire.heartbeat(moved && id !== this.#heartbeatId ? id : null));
    this.#heartbeatId = id;
  }

  /** Moves the cursor past events of other channels. Nothing may be queued. @returns whether it moved */
  #advance(): boolean {
    let moved = false;
    for (const [log, offset] of this.#live) {
      const view = this.#views.get(log);
      if (view === undefined || !view.isSettled || view.position.offset <= offset) continue;
      this.#live.set(log, view.position.offset);
      this.#reached.set(log, encodePart(view.tag, view.position.epoch, view.position.offset));
      moved = true;
    }
    return moved;
  }

  /**
   * Makes way for another subscriber on the same connection.
   * @returns the id it goes on from (`null` when nothing was reached) and the channels whose state the client has
   */
  release(): { lastEventId: string | null; known: Set<string> } {
    this.#cohort?.flush();
    // What is queued is told even to a reader that is behind: there may be a reset among it.
    if (this.#queue.size > 0) this.#writeQueue();
    this.#advance();
    const known = new Set([...this.#live.keys()].flatMap((log) => this.#channelNames(log)));
    const reached = this.#reached.size === 0 ? null : this.#id();
    const lastEventId = this.#started ? reached : this.#options.lastEventId;
    this.#ended = true;
    this.#detach();
    this.#options.onEnd('replaced');
    return { lastEventId, known };
  }

  /** Ends the stream in the protocol's own terms: a notice, a reconnect delay, and a response that just ends. */
  end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    const { wire, sink, retryMs } = this.#options;
    if (reason === 'slow-reader') this.#observer.dropped('slow-reader', this.#queue.size);
    this.#detach();
    const notice = wire.control('notice', { code: reason, detail: END_DETAIL[reason] }, null);
    sink.write(wire.retry(retryMs(reason)) + notice);
    sink.end(reason);
    this.#options.onEnd(reason);
  }

  /** The client has gone. */
  closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#detach();
    this.#options.onEnd('closed');
  }

  #detach(): void {
    if (this.#cohort !== null) this.#cohort.remove(this);
    else for (const [log, view] of this.#views) view.remove(this, this.#channelNames(log));
    this.#options.scheduler.cancel(this);
    this.#queue.clear();
    this.#live.clear();
    this.#writable?.();
  }

  #channelNames(log: string): string[] {
    return (this.#byLog.get(log) ?? []).map((channel) => channel.name);
  }

  #goLive(view: LogView, offset: number): void {
    this.#live.set(view.log, offset);
    if (this.#byLog.size === 1) this.#joinCohort(view);
    else view.add(this, this.#channelNames(view.log));
    // Who comes during an outage must hear of it too.
    if (view.isAway) this.conditionChanged(view.log, 'away');
  }

  #joinCohort(view: LogView): void {
    const { wire, scheduler, clock, queueBytes } = this.#options;
    const { flushMs } = this;
    const channels = [...this.#names].sort();
    const key = `${wire.name} ${flushMs ?? ''} ${this.#head} ${channels.join(',')}`;
    const selection = { channels, idHead: this.#head, wire, flushMs };
    const environment = { scheduler, clock, queueBytes, observer: this.#observer };
    this.#cohort = view.cohort(key, () => new Cohort(key, view, selection, environment));
    this.#cohort.add(this);
  }

  /** No usable position: the current state, then live. */
  #startAnew(view: LogView, resetReason: string | null): void {
    this.#resetReason ??= resetReason;
    this.#goLive(view, view.position.offset);
    this.#pushState(view.log, view.position, resetReason);
    this.flush();
  }

  #pushState(log: string, position: Position, resetReason: string | null): void {
    const view = this.#views.get(log);
    if (view === undefined) return;
    const channels = this.#channelNames(log);
    // Under a reset the cursor of this log means nothing any more, until its state has been sent.
    this.#reached.delete(log);
    if (resetReason !== null) {
      this.#queue.pushControl({ event: 'reset', data: { reason: resetReason, channels }, reached: null });
    }
    for (const item of this.#states(view, 0)) this.#queue.push(item);
    const reached = new Map([[log, encodePart(view.tag, position.epoch, position.offset)]]);
    if (resetReason === null) this.#queue.pushControl({ event: '', data: null, reached });
    else this.#queue.pushControl({ event: 'ready', data: { channels }, reached });
  }

  /** The states newer than an offset, to be sent outside the log's order: a whole state stands for all before it. */
  #states(view: LogView, since: number, but: ReadonlySet<string> = NONE): QueuedFrame[] {
    return view
      .current(new Set(this.#channelNames(view.log)))
      .filter((frame) => frame.offset > since && !but.has(frame.channel) && !but.has(frame.wildcard ?? ''))
      .map((frame) => ({ frame, log: view.log, views: 0, aside: true }));
  }

  async #catchUp(view: LogView, from: CursorPosition, sameChannels: boolean): Promise<void> {
    const { broker, replay } = this.#options;
    const names = new Set(this.#channelNames(view.log));
    const latest = replay === 'latest';
    let after: Position = { epoch: from.epoch, offset: from.offset };
    let skipViews = sameChannels ? from.views : 0;
    let first = true;
    this.#reached.set(view.log, encodePart(view.tag, after.epoch, after.offset, skipViews));
    for (;;) {
      const page = await broker.history(view.log, after, PAGE);
      if (this.#ended) return;
      if ('lost' in page) {
        this.#startAnew(
          view,
          page.lost === 'epoch' ? 'epoch' : page.lost === 'ahead' ? 'foreign' : 'expired',
        );
        return;
      }
      this.flush();
      if (first && latest) this.#write(this.#states(view, sameChannels ? after.offset : 0));
      let items: QueuedFrame[] = [];
      for (const event of page.events) {
        const mine = view
          .frames(page.epoch, event)
          .filter(
            (frame) =>
              !frame.quiet &&
              (names.has(frame.channel) || (frame.wildcard !== null && names.has(frame.wildcard))),
          );
        mine.forEach((frame, index) => {
          if (index < skipViews || (latest && frame.kind === 'state')) return;
          items.push({ frame, log: view.log, views: index + 1 < mine.length ? index + 1 : 0 });
        });
        skipViews = 0;
        if (first && items.length >= FIRST_EVENTS) {
          first = false;
          this.#write(items);
          items = [];
        }
      }
      first = false;
      after = { epoch: page.epoch, offset: page.events.at(-1)?.offset ?? after.offset };
      this.#write(items);
      this.#reached.set(view.log, encodePart(view.tag, after.epoch, after.offset));
      const { position } = view;
      const caughtUp = after.offset >= position.offset && after.offset >= page.head;
      if (caughtUp || (position.epoch !== after.epoch && after.offset >= page.head)) {
        // A channel that was not there last time may never have been told its state.
        if (!latest && !sameChannels) this.#write(this.#states(view, 0, this.#known));
        this.#goLive(view, after.offset);
        return;
      }
      await this.#untilWritable();
      // A ring in memory answers within the tick: a long history must not keep everybody else waiting.
      await setImmediate();
      if (this.#ended) return;
    }
  }

  #id(): string {
    return encodeCursor(
      this.#head,
      this.logs.flatMap((log) => this.#reached.get(log) ?? []),
    );
  }

  /** `waitedMs`: since the oldest of live events was published. */
  #write(items: readonly Queued[], waitedMs: number | null = null): void {
    if (items.length === 0) return;
    const sentBefore = this.sentEvents;
    const { wire } = this.#options;
    const single = this.#byLog.size === 1;
    let text = '';
    for (const item of items) {
      if ('frame' in item) {
        const { frame } = item;
        this.sentEvents += 1;
        if (item.aside === true) {
          text += wire.frame(frame, null);
          continue;
        }
        const part = frame.part(item.views);
        this.#reached.set(item.log, part);
        text += wire.frame(frame, single ? `${this.#head}.${part}` : this.#id());
        continue;
      }
      for (const [log, part] of item.reached ?? []) this.#reached.set(log, part);
      if (item.event !== '')
        text += wire.control(item.event, item.data, item.reached === null ? null : this.#id());
    }
    this.lastFlush = this.#options.clock.monotonic();
    if (text !== '') this.#send(text);
    this.#observer.flushed(1, this.sentEvents - sentBefore, waitedMs);
  }

  #send(text: string): void {
    this.lastWrite = this.#options.clock.monotonic();
    this.#blocked = !this.#options.sink.write(text) || this.#blocked;
  }

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#writable?.();
    this.#writable = null;
    if (this.#queue.size > 0) this.#options.scheduler.request(this);
  }

  #untilWritable(): Promise<void> {
    if (!this.#blocked || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#writable = resolve;
    });
  }
}
