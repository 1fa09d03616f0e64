import { causeOf } from '../../../lib/logging/repeated-log.ts';
import { DeadlineError } from '../../../lib/async/deadline.ts';
import { NoSlotError } from '../../../lib/async/slots.ts';
import { BrokerUnavailableError, type Position } from '../broker.ts';
import { statesOf } from './catch-up.ts';
import type { Channel } from '../channel.ts';
import type { Batch, Cohort, CohortMember } from '../cohort.ts';
import { encodePart, positionOfPart } from '../cursor.ts';
import type { Flushable } from '../../../lib/async/flush-scheduler.ts';
import type { Frame } from '../frame.ts';
import type { FrameReceiver } from '../frame-router.ts';
import type { LogView } from '../log-view.ts';
import { type Origin, originOf } from './origin.ts';
import { type Place, Places } from './places.ts';
import { SendQueue } from '../send-queue.ts';
import { END_DETAIL, type EndReason } from '../sink.ts';
import { NothingToShowError } from './stream-hold.ts';
import { StreamStart } from './stream-start.ts';
import { StreamWriter } from './stream-writer.ts';
import type { Released, SubscriberOptions } from './subscriber-options.ts';
import { ToldTroubles } from '../troubles.ts';

const DELAYED = {
  code: 'delayed',
  detail: 'These channels cannot be kept up to date at the moment: what they show may be old or missing.',
};
const RESTORED = { code: 'restored', detail: 'These channels are up to date again.' };

/** One connection: catches up on each log from the client's cursor, then goes live, with one id over all its logs. */
export class Subscriber implements FrameReceiver, CohortMember, Flushable {
  readonly flushMs: number | null;
  readonly openedAt: number;
  readonly channels: readonly Channel[];
  readonly #options: SubscriberOptions;
  readonly #places: Places;
  readonly #troubles: ToldTroubles;
  /** Whether `ready` has been sent for all channels. */
  #isReadyTold = false;
  readonly #queue = new SendQueue();
  readonly #writer: StreamWriter;
  /** States on this connection that were replaced by newer ones before they were written. */
  conflated: number;
  /** The source of live frames if there is only one log: ids over several logs differ from client to client. */
  #cohort: Cohort | null = null;
  #ended = false;
  /** Until it is live on all its logs. */
  #starting: StreamStart | null = null;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.channels = options.channels;
    this.flushMs = options.flushMs ?? null;
    const { wire, sink, clock, observer } = options;
    const places = new Places(options.channels, options.seal ?? null);
    this.#places = places;
    const onDrain = (): void => {
      if (this.#queue.size > 0) options.scheduler.request(this);
    };
    this.#writer = new StreamWriter({ wire, sink, places, clock, observer, onDrain });
    this.#troubles = options.before?.troubles ?? new ToldTroubles();
    this.#troubles.keep(new Set(options.channels.map(({ name }) => name)));
    this.#writer.sentEvents = options.before?.sentEvents ?? 0;
    this.conflated = options.before?.conflated ?? 0;
    this.openedAt = clock.now();
  }

  get lastFlush(): number {
    return this.#writer.lastFlush;
  }

  get lastWrite(): number {
    return this.#writer.lastWrite;
  }

  get sentEvents(): number {
    return this.#writer.sentEvents;
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
    return this.#writer.isBlocked;
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#options.sink.pendingBytes;
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

  /** Brings the client from its cursor, or from nothing, to live. */
  async start(views: ReadonlyMap<string, Promise<LogView>>): Promise<void> {
    const starting = new StreamStart(this.#options, this.#places, {
      isEnded: () => this.#ended,
      write: (items) => this.#writer.write(items),
      flush: () => this.flush(),
      untilWritable: () => this.#writer.untilWritable(() => this.end('slow-reader')),
      goLive: (place, view, offset) => this.#goLive(place, view, offset),
      pushState: (place, view, position, reason) => this.#pushState(place, view, position, reason),
    });
    this.#starting = starting;
    try {
      await starting.run(views);
    } catch (error) {
      this.#failed(error);
    }
    this.#starting = null;
    if (this.#ended) return;
    this.#places.tellChannels(true);
    if (this.#options.before === undefined) this.#options.observer?.started(starting.outcome);
    this.#isReadyTold = true;
    this.#queue.pushControl({
      event: 'ready',
      data: { channels: this.channels.map(({ name }) => name) },
      reached: new Map(),
    });
    this.flush();
  }

  #failed(error: unknown): void {
    const { repeated } = this.#options;
    const cause = causeOf(error);
    if (error instanceof NoSlotError) {
      this.end(error.limit === 'client' ? 'rate-limited' : 'unavailable');
      return;
    }
    const isExpected = [BrokerUnavailableError, DeadlineError, NothingToShowError].some(
      (kind) => error instanceof kind,
    );
    if (isExpected) repeated.warn({ err: error }, 'a stream cannot be served at the moment', cause);
    else repeated.error({ err: error }, 'a stream could not be started', cause);
    this.end('unavailable');
  }

  deliver(log: string, position: Position, frames: readonly Frame[]): void {
    const place = this.#places.of(log);
    if (place === null || !place.isLive || position.offset <= place.live || this.#ended) return;
    place.live = position.offset;
    this.#queue.pushEvent(log, frames);
    this.#goOn();
  }

  /** After something was queued. */
  #goOn(): void {
    // A burst does not make a client slow. It is slow if it has not read what was written before.
    if (this.#queue.eventBytes > this.#options.queueBytes) this.flush();
    if (this.#queue.eventBytes > this.#options.queueBytes) this.end('slow-reader');
    else if (!this.#writer.isBlocked) this.#options.scheduler.request(this);
  }

  /** Whether everything delivered has been written. */
  get #isInStep(): boolean {
    return this.#queue.size === 0 && (this.#cohort === null || this.#cohort.waiting === 0);
  }

  take(batch: Batch): boolean {
    const place = this.#places.only;
    if (place === null || !place.isLive || batch.last <= place.live || this.#ended) return false;
    const last = place.live;
    place.live = batch.last;
    this.conflated += batch.conflated;
    if (!this.#writer.isBlocked && this.#queue.size === 0 && batch.first > last) {
      place.part = batch.reached;
      this.#writer.writeShared(batch);
      return true;
    }
    for (const item of batch.frames) if (item.frame.offset > last) this.#queue.push(item);
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
    if (place === null || !place.isLive) return;
    const { isDelayed } = this.#options;
    this.#tellDelay(
      place.channels.filter((channel) => state === 'away' || !isDelayed(channel)),
      state,
    );
  }

  /** Whatever keeps one channel up to date has begun to fail, or works again. */
  channelChanged(channel: string, isFailing: boolean): void {
    const place = this.#places.all.find(({ channels }) => channels.includes(channel));
    // Otherwise it is sent when the place goes live, or when its log is back.
    if (place === undefined || !place.isLive || place.view?.isDelayed !== false) return;
    this.#tellDelay([channel], isFailing ? 'away' : 'back');
  }

  /** Tells of troubles that have begun or are over. Those of a place that is not live yet are told when it is. */
  tellTroubles(): void {
    const { troubles, scheduler } = this.#options;
    if (troubles === undefined || this.#ended) return;
    const live = this.#places.all.flatMap(({ isLive, channels }) => (isLive ? channels : []));
    const due = this.#troubles.due(troubles, live);
    if (due.length === 0) return;
    for (const data of due) this.#queue.pushControl({ event: 'notice', data, reached: null });
    scheduler.request(this);
  }

  #tellDelay(channels: readonly string[], state: 'away' | 'back'): void {
    if (this.#ended || channels.length === 0) return;
    const data = state === 'away' ? DELAYED : RESTORED;
    this.#queue.pushControl({ event: 'notice', data: { ...data, channels }, reached: null });
    this.#options.scheduler.request(this);
  }

  /** Writes what is queued now, unless the client is behind. */
  flush(): void {
    if (this.#writer.isBlocked || this.#ended || this.#queue.size === 0) return;
    this.#writeQueue();
  }

  #writeQueue(): void {
    const { items, conflated } = this.#queue.take();
    const [first] = items;
    const at = first !== undefined && 'frame' in first && first.aside !== true ? first.frame.at : null;
    this.#writer.write(items, at === null ? null : this.#options.clock.now() - at);
    if (conflated === 0) return;
    this.conflated += conflated;
    this.#options.observer?.dropped('conflated', conflated);
  }

  /** Writes a heartbeat, which moves the cursor past events of other channels. */
  heartbeat(): void {
    if (this.#writer.isBlocked || this.#ended) return;
    this.#writer.heartbeat(this.#isInStep && this.#advance());
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

  /** Hands the connection over to another subscriber. */
  release(): Released {
    this.#cohort?.flush();
    // Even if the client is behind: there may be a reset in the queue.
    if (this.#queue.size > 0) this.#writeQueue();
    this.#advance();
    const { all, channelSet } = this.#places;
    const known = new Set(all.flatMap((place) => (place.isLive ? place.channels : [])));
    const origins = new Map(
      all.map(({ log, part }): [string, Origin] => {
        const position = part === null ? null : positionOfPart(part);
        return [log, position === null ? originOf(this.#options, log) : { position, channelSet, lost: null }];
      }),
    );
    this.#detach();
    this.#options.onEnd('replaced');
    const { sentEvents, conflated } = this;
    const lastEventId = all.length === 0 ? this.#options.lastEventId : null;
    return { origins, known, lastEventId, troubles: this.#troubles, sentEvents, conflated };
  }

  /** Ends the stream: sends a reconnect delay and a notice, then ends the response. */
  end(reason: EndReason): void {
    if (this.#ended) return;
    // The client cannot resume to get what is queued, which may be the event that explains the end.
    if (reason === 'access-lost') {
      this.#cohort?.flush();
      this.flush();
    }
    const { wire, sink, retryMs } = this.#options;
    if (reason === 'slow-reader') this.#options.observer?.dropped('slow-reader', this.#queue.size);
    this.#detach();
    const notice = wire.control('notice', { code: reason, detail: END_DETAIL[reason] }, null);
    sink.write(wire.retry(retryMs(reason)) + notice);
    sink.end(reason);
    this.#options.onEnd(reason);
  }

  /** The client has disconnected. */
  closed(): void {
    if (this.#ended) return;
    this.#detach();
    this.#options.onEnd('closed');
  }

  #detach(): void {
    this.#ended = true;
    this.#starting?.cancel();
    if (this.#cohort !== null) this.#cohort.remove(this);
    else for (const { view, channels } of this.#places.all) view?.router.remove(this, channels);
    this.#options.scheduler.cancel(this);
    this.#queue.clear();
    for (const place of this.#places.all) place.leave();
    this.#writer.close();
  }

  #goLive(place: Place, view: LogView, offset: number): void {
    place.live = offset;
    if (this.#places.only !== null) {
      // All states have been sent, and the cohort's ids name the whole set of channels.
      this.#places.tellChannels(true);
      this.#joinCohort(view);
    } else view.router.add(this, place.channels);
    // A client that connects during an outage must be told too.
    const { isDelayed } = this.#options;
    this.#tellDelay(view.isDelayed ? place.channels : place.channels.filter(isDelayed), 'away');
    this.tellTroubles();
  }

  #joinCohort(view: LogView): void {
    const { wire, scheduler, clock, queueBytes, observer } = this.#options;
    const channels = this.channels.map(({ name }) => name).sort();
    const selection = { channels, idHead: this.#places.head, wire, flushMs: this.flushMs };
    this.#cohort = view.cohorts.join(this, selection, { scheduler, clock, queueBytes, observer });
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
    // Until the stream has caught up with all its logs, the final `ready` covers this one too.
    if (this.#isReadyTold) this.#queue.pushControl({ event: 'ready', data: { channels }, reached });
    else this.#queue.pushControl({ event: '', data: null, reached });
  }
}
