import type { Clock } from '../../lib/clock.ts';
import { DeadlineError, withDeadline } from '../../lib/deadline.ts';
import type { Logger } from '../../lib/log.ts';
import { NoSlotError, type Slot } from '../../lib/slots.ts';
import { type Broker, BrokerUnavailableError, type Position } from './broker.ts';
import { catchUp, statesOf } from './catch-up.ts';
import type { Channel } from './channel.ts';
import { type Batch, Cohort, type CohortMember } from './cohort.ts';
import { type CursorPosition, encodePart, logTag, positionOfPart } from './cursor.ts';
import type { FlushScheduler, Flushable } from './flush-scheduler.ts';
import type { Frame } from './frame.ts';
import type { FrameReceiver, LogView } from './log-view.ts';
import { type Origin, originAfter, originIn } from './places.ts';
import { type Place, Places } from './places.ts';
import { type Queued, SendQueue } from './send-queue.ts';
import { END_DETAIL, type EndReason, type Sink } from './sink.ts';
import type { StartOutcome, StreamObserver } from './stream-observer.ts';
import type { Wire } from './wire.ts';

/** What a connection asks for, and how to write to it. */
export interface SubscriberRequest {
  channels: readonly Channel[];
  /** `Last-Event-ID` as the client sent it; empty or null if it has none. */
  lastEventId: string | null;
  /** `full`: every retained event after the id. `latest`: of state channels only the newest state. */
  replay: 'full' | 'latest';
  /** The longest that it gathers events while it is busy, in milliseconds. Default: that of the hub. */
  flushMs?: number | null;
  /** Part of every id: proves later that its client was let in. */
  seal?: string | null;
  wire: Wire;
  sink: Sink;
}

export interface SubscriberOptions extends SubscriberRequest {
  /** Bytes of undroppable events that may wait for a slow client. */
  queueBytes: number;
  /** How long the client should wait before it reconnects after this end, jittered, in milliseconds. */
  retryMs: (reason: EndReason) => number;
  broker: Broker;
  scheduler: FlushScheduler;
  clock: Clock;
  logger: Logger;
  observer: StreamObserver;
  /** Waits for a turn to read what the client has missed. @throws NoSlotError */
  replaySlot: () => Promise<Slot>;
  /** What is left of the connection's subscriber before this one. */
  before?: Released;
  onEnd: (reason: EndReason | 'closed' | 'replaced') => void;
}

/** How far a connection had come when its client changed its channels. */
export interface Released {
  /** By log. */
  origins: ReadonlyMap<string, Origin>;
  /** The id that the client came with, as long as it has not named any channels. */
  lastEventId: string | null;
  /** Channels whose state the client has. */
  known: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** While it catches up, a reader takes so many bytes of what was written in this time, or all there are. */
const STALL_MS = 30_000;
const STALL_BYTES = 64 * 1024;

/** How long a stream waits for the state of a log that has just been reset. */
const SETTLE_MS = 10_000;

/** One connection: catches up on each log from the client's cursor, then goes live, with one id over all its logs. */
export class Subscriber implements FrameReceiver, CohortMember, Flushable {
  lastFlush = 0;
  readonly flushMs: number | null;
  lastWrite: number;
  readonly openedAt: number;
  readonly channels: readonly Channel[];
  readonly #options: SubscriberOptions;
  readonly #places: Places;
  readonly #known: ReadonlySet<string>;
  /** Of the first log that could not be resumed. */
  #resetReason: string | null = null;
  #reportedConflated = 0;
  #started = false;
  readonly #queue = new SendQueue();
  /** The source of live frames if there is only one log: ids over several logs differ from client to client. */
  #cohort: Cohort | null = null;
  #sharedConflated = 0;
  #blocked = false;
  #ended = false;
  #writable: (() => void) | null = null;
  #heartbeatId = '';
  #waiting: AbortController | null = null;
  sentEvents = 0;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.channels = options.channels;
    this.flushMs = options.flushMs ?? null;
    this.#places = new Places(options.channels, options.seal ?? null);
    this.#known = options.before?.known ?? NONE;
    this.openedAt = options.clock.now();
    this.lastWrite = options.clock.monotonic();
    options.sink.onDrain(() => this.#drained());
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Whether it has caught up with each of its logs. */
  get isReady(): boolean {
    return this.#places.all.every(({ isLive }) => isLive);
  }

  /** Whether the client has yet to read what was written. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#options.sink.pendingBytes;
  }

  get conflated(): number {
    return this.#queue.conflated + this.#sharedConflated;
  }

  /** How many events, of any channel, the client is behind: the most of any log. */
  get lag(): number {
    let lag = 0;
    for (const { view, part, isLive } of this.#places.all) {
      if (view === null || (isLive && this.#isInStep)) continue;
      const reached = part === null ? 0 : (positionOfPart(part)?.offset ?? 0);
      lag = Math.max(lag, view.position.offset - reached);
    }
    return lag;
  }

  /** Brings the client from its cursor (or from nothing) to live, one log after the other. */
  async start(views: ReadonlyMap<string, LogView>): Promise<void> {
    const places = this.#places;
    const origins = places.all.map(({ log }) => this.#originOf(log));
    if (origins.some((origin) => origin.position !== null && !this.#hasSameChannels(origin)))
      places.tellChannels(false);
    // From the first id on: a client that is cut while one log catches up must not lose its place in the others.
    places.all.forEach((place, index) => {
      const origin = origins[index];
      if (!origin?.position) return;
      const { epoch, offset, views } = origin.position;
      place.part = encodePart(logTag(place.log), epoch, offset, this.#hasSameChannels(origin) ? views : 0);
    });
    this.#started = true;
    try {
      for (const [index, place] of places.all.entries()) {
        const view = views.get(place.log);
        const origin = origins[index];
        if (view === undefined || origin === undefined) throw new Error(`no view of ${place.log}`);
        place.view = view;
        await this.#untilSettled(view);
        if (this.#ended) return;
        if (origin.position === null) await this.#startAnew(place, view, origin.lost);
        else await this.#catchUp(place, view, origin.position, this.#hasSameChannels(origin));
        if (this.#ended) return;
      }
    } catch (error) {
      const isExpected = [BrokerUnavailableError, DeadlineError, NoSlotError].some(
        (kind) => error instanceof kind,
      );
      if (!isExpected) this.#options.logger.error({ err: error }, 'stream start failed');
      const isOwn = error instanceof NoSlotError && error.limit === 'client';
      this.end(isOwn ? 'rate-limited' : 'unavailable');
      return;
    }
    places.tellChannels(true);
    if (this.#options.before === undefined)
      this.#options.observer.started(this.#outcome(origins.some(({ position }) => position !== null)));
    this.#queue.pushControl({
      event: 'ready',
      data: { channels: this.channels.map(({ name }) => name) },
      reached: new Map(),
    });
    this.flush();
  }

  #originOf(log: string): Origin {
    const { before, lastEventId } = this.#options;
    return before === undefined
      ? originIn(lastEventId, log)
      : originAfter(before.origins.get(log), lastEventId ?? before.lastEventId, log);
  }

  #hasSameChannels({ channelSet }: Origin): boolean {
    return channelSet === this.#places.channelSet;
  }

  /** @throws DeadlineError */
  async #untilSettled(view: LogView): Promise<void> {
    if (view.isSettled) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      await withDeadline(view.settled(), {
        clock: this.#options.clock,
        ms: SETTLE_MS,
        what: `the state of the log ${view.log}`,
        signal: waiting.signal,
      });
    } catch (error) {
      if (!this.#ended) throw error;
    } finally {
      this.#waiting = null;
    }
  }

  #outcome(resumed: boolean): StartOutcome {
    if (this.#resetReason !== null) return `reset-${this.#resetReason}`;
    return resumed ? 'resumed' : 'fresh';
  }

  deliver(log: string, position: Position, frames: readonly Frame[]): void {
    const place = this.#places.of(log);
    if (place === null || !place.isLive || position.offset <= place.live || this.#ended) return;
    place.live = position.offset;
    frames.forEach((frame, index) => {
      this.#queue.push({ frame, log, views: index + 1 < frames.length ? index + 1 : 0 });
    });
    this.#goOn();
  }

  /** After something was queued. */
  #goOn(): void {
    // A burst does not make a client slow. It is slow if it has not read what was written before.
    if (this.#queue.eventBytes > this.#options.queueBytes) this.flush();
    if (this.#queue.eventBytes > this.#options.queueBytes) this.end('slow-reader');
    else if (!this.#blocked) this.#options.scheduler.request(this);
  }

  /** Whether everything delivered has been written. */
  get #isInStep(): boolean {
    return this.#queue.size === 0 && (this.#cohort === null || this.#cohort.waiting === 0);
  }

  take(batch: Batch): boolean {
    const { frames, shared } = batch;
    const place = this.#places.only;
    if (place === null || !place.isLive || batch.last <= place.live || this.#ended) return false;
    const last = place.live;
    place.live = batch.last;
    this.#sharedConflated += batch.conflated;
    if (!this.#blocked && this.#queue.size === 0 && batch.first > last) {
      place.part = batch.reached;
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
    const place = this.#places.of(log);
    const view = place?.view ?? null;
    if (this.#ended || place === null || view === null) return;
    this.#queue.drop(log);
    place.live = position.offset;
    this.#pushState(place, view, position, reason);
    this.#options.scheduler.request(this);
  }

  conditionChanged(log: string, state: 'away' | 'back'): void {
    const place = this.#places.of(log);
    if (this.#ended || place === null || !place.isLive) return;
    const data =
      state === 'away'
        ? { code: 'delayed', detail: 'The event log cannot be reached: the stream may be out of date.' }
        : { code: 'restored', detail: 'Events arrive again.' };
    this.#queue.pushControl({
      event: 'notice',
      data: { ...data, channels: place.channels },
      reached: null,
    });
    this.#options.scheduler.request(this);
  }

  /** Writes what is queued now, unless the client is behind. */
  flush(): void {
    if (this.#blocked || this.#ended || this.#queue.size === 0) return;
    this.#writeQueue();
  }

  #writeQueue(): void {
    const items = this.#queue.take();
    const [first] = items;
    const at = first !== undefined && 'frame' in first && first.aside !== true ? first.frame.at : null;
    this.#write(items, at === null ? null : this.#options.clock.now() - at);
    const dropped = this.#queue.conflated - this.#reportedConflated;
    if (dropped > 0) {
      this.#reportedConflated += dropped;
      this.#options.observer.dropped('conflated', dropped);
    }
  }

  /** Writes a sign of life, which moves the cursor past events of other channels. */
  heartbeat(): void {
    if (this.#blocked || this.#ended) return;
    let moved = false;
    if (this.#isInStep) moved = this.#advance();
    const id = this.#places.id();
    this.#send(this.#options.wire.heartbeat(moved && id !== this.#heartbeatId ? id : null));
    this.#heartbeatId = id;
  }

  /** Moves the cursor past events of other channels. Nothing may be queued. @returns whether it moved */
  #advance(): boolean {
    let moved = false;
    for (const place of this.#places.all) {
      const { view } = place;
      if (!place.isLive || view === null || !view.isSettled || view.position.offset <= place.live) continue;
      place.live = view.position.offset;
      place.reach(view, view.position);
      moved = true;
    }
    return moved;
  }

  /** Makes way for another subscriber on the same connection. */
  release(): Released {
    this.#cohort?.flush();
    // Even if the client is behind: there may be a reset in the queue.
    if (this.#queue.size > 0) this.#writeQueue();
    this.#advance();
    const { all, channelSet } = this.#places;
    const known = new Set(all.flatMap((place) => (place.isLive ? place.channels : [])));
    const origins = new Map(
      all.map(({ log, part }): [string, Origin] => {
        const position = part === null || !this.#started ? null : positionOfPart(part);
        return [log, position === null ? this.#originOf(log) : { position, channelSet, lost: null }];
      }),
    );
    this.#ended = true;
    this.#detach();
    this.#options.onEnd('replaced');
    return { origins, known, lastEventId: all.length === 0 ? this.#options.lastEventId : null };
  }

  /** Ends the stream as the protocol has it: a reconnect delay, a notice, and a response that simply ends. */
  end(reason: EndReason): void {
    if (this.#ended) return;
    // The client cannot come back for what is queued, which may be the event that explains the end.
    if (reason === 'access-lost') {
      this.#cohort?.flush();
      this.flush();
    }
    this.#ended = true;
    const { wire, sink, retryMs } = this.#options;
    if (reason === 'slow-reader') this.#options.observer.dropped('slow-reader', this.#queue.size);
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
    this.#waiting?.abort();
    if (this.#cohort !== null) this.#cohort.remove(this);
    else for (const { view, channels } of this.#places.all) view?.remove(this, channels);
    this.#options.scheduler.cancel(this);
    this.#queue.clear();
    for (const place of this.#places.all) place.leave();
    this.#writable?.();
  }

  #goLive(place: Place, view: LogView, offset: number): void {
    place.live = offset;
    if (this.#places.only !== null) {
      // All states have been sent, and the cohort's ids name the whole set of channels.
      this.#places.tellChannels(true);
      this.#joinCohort(view);
    } else view.add(this, place.channels);
    // A client that comes during an outage must learn of it too.
    if (view.isAway) this.conditionChanged(view.log, 'away');
  }

  #joinCohort(view: LogView): void {
    const { wire, scheduler, clock, queueBytes } = this.#options;
    const { flushMs } = this;
    const { head } = this.#places;
    const channels = this.channels.map(({ name }) => name).sort();
    const key = `${wire.name} ${flushMs ?? ''} ${head} ${channels.join(',')}`;
    const selection = { channels, idHead: head, wire, flushMs };
    const environment = { scheduler, clock, queueBytes, observer: this.#options.observer };
    this.#cohort = view.cohort(key, () => new Cohort(key, view, selection, environment));
    this.#cohort.add(this);
  }

  /** No usable position: the current state, then live. */
  async #startAnew(place: Place, view: LogView, resetReason: string | null): Promise<void> {
    this.#resetReason ??= resetReason;
    await this.#untilSettled(view);
    if (this.#ended) return;
    this.#goLive(place, view, view.position.offset);
    this.#pushState(place, view, view.position, resetReason);
    this.flush();
  }

  #pushState(place: Place, view: LogView, position: Position, resetReason: string | null): void {
    const { log, channels } = place;
    // After a reset this log has no valid cursor until its state has been sent.
    place.part = null;
    if (resetReason !== null) {
      this.#queue.pushControl({ event: 'reset', data: { reason: resetReason, channels }, reached: null });
    }
    for (const item of statesOf(place, view)) this.#queue.push(item);
    const reached = new Map([[log, encodePart(view.tag, position.epoch, position.offset)]]);
    if (resetReason === null) this.#queue.pushControl({ event: '', data: null, reached });
    else this.#queue.pushControl({ event: 'ready', data: { channels }, reached });
  }

  /** @throws NoSlotError, and what `catchUp` throws */
  async #catchUp(place: Place, view: LogView, from: CursorPosition, sameChannels: boolean): Promise<void> {
    const { broker, replay, replaySlot } = this.#options;
    const slot = await replaySlot();
    try {
      if (this.#ended) return;
      await catchUp(
        {
          isEnded: () => this.#ended,
          write: (items) => this.#write(items),
          flush: () => this.flush(),
          untilWritable: () => this.#untilWritable(),
          goLive: (offset) => this.#goLive(place, view, offset),
          startAnew: (reason) => this.#startAnew(place, view, reason),
        },
        place,
        view,
        { from, broker, latest: replay === 'latest', sameChannels, known: this.#known },
      );
    } finally {
      slot.release();
    }
  }

  /** @param waitedMs since the oldest live event was published */
  #write(items: readonly Queued[], waitedMs: number | null = null): void {
    if (items.length === 0) return;
    const sentBefore = this.sentEvents;
    const { wire } = this.#options;
    const places = this.#places;
    const { head, only } = places;
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
        const place = only ?? places.of(item.log);
        if (place !== null) place.part = part;
        text += wire.frame(frame, only === null ? places.id() : `${head}.${part}`);
        continue;
      }
      if (item.reached !== null) places.reach(item.reached);
      if (item.event !== '')
        text += wire.control(item.event, item.data, item.reached === null ? null : places.id());
    }
    this.lastFlush = this.#options.clock.monotonic();
    if (text !== '') this.#send(text);
    this.#options.observer.flushed(1, this.sentEvents - sentBefore, waitedMs);
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
    const { clock, sink } = this.#options;
    let pending = sink.pendingBytes;
    return new Promise((resolve) => {
      const cancel = clock.every(STALL_MS, () => {
        const taken = pending - sink.pendingBytes;
        pending = sink.pendingBytes;
        // It holds memory, and others back who would read as well.
        if (taken < STALL_BYTES) this.end('slow-reader');
      });
      this.#writable = () => {
        cancel();
        resolve();
      };
    });
  }
}
