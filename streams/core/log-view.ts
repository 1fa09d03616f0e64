import type { Logger } from '../../lib/log.ts';
import {
  type Broker,
  type LogEvent,
  type LogListener,
  MARKET_LOG,
  type Position,
  type Subscription,
} from './broker.ts';
import type { Cohort } from './cohort.ts';
import { logTag } from './cursor.ts';
import { type Frame, framesOf } from './frame.ts';
import { RecentFrames } from './recent-frames.ts';
import { type StreamObserver, UNOBSERVED } from './stream-observer.ts';

/** What a log view delivers to: one connection's subscriber. */
export interface FrameReceiver {
  /** The frames of one event on the receiver's channels, in order. */
  deliver(log: string, position: Position, frames: readonly Frame[]): void;
  /** Continuity is lost: tell the client, send the current state, go on from `position`. */
  resetLog(log: string, position: Position, reason: string): void;
  /** Delivery of the log is held up, or goes on again. */
  conditionChanged(log: string, state: 'away' | 'back'): void;
}

export interface LogViewOptions {
  broker: Broker;
  logger: Logger;
  observer?: StreamObserver;
  /** States from before the log began, at offset 0: what is known of keys that the log knows nothing of. */
  older?: ((log: string) => readonly LogEvent[]) | undefined;
}

/**
 * One process's view of one log: a single broker subscription, each event encoded once, routed to the receivers of
 * its channels. Keeps the newest frame of every state channel for the state that a new connection gets.
 */
export class LogView implements LogListener {
  readonly log: string;
  readonly tag: string;
  readonly #broker: Broker;
  readonly #logger: Logger;
  #position: Position = { epoch: '', offset: 0 };
  #subscription: Subscription | null = null;
  #closed = false;
  #away = false;
  /** Between a reset and the state that follows it nothing is delivered: the state will cover it. */
  #resetting = false;
  #resets = 0;
  readonly #latest = new Map<string, Frame>();
  readonly #receivers = new Map<string, Set<FrameReceiver>>();
  readonly #all = new Set<FrameReceiver>();
  readonly #cohorts = new Map<string, Set<Cohort>>();
  /** Only of the public log: a private one has few readers. */
  readonly #recent: RecentFrames | null;
  readonly #observer: StreamObserver;
  readonly #older: LogViewOptions['older'];

  private constructor(log: string, { broker, logger, observer, older }: LogViewOptions) {
    this.#observer = observer ?? UNOBSERVED;
    this.log = log;
    this.#recent = log === MARKET_LOG ? new RecentFrames() : null;
    this.tag = logTag(log);
    this.#broker = broker;
    this.#logger = logger;
    this.#older = older;
  }

  /** Subscribes and loads the state. @throws BrokerUnavailableError */
  static async open(log: string, options: LogViewOptions): Promise<LogView> {
    const { broker } = options;
    const view = new LogView(log, options);
    const subscription = await broker.subscribe(log, view);
    view.#subscription = subscription;
    if (view.#position.epoch === '') view.#position = subscription.position;
    try {
      await view.#loadState();
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

  /** False while a reset is under way: the position is ahead of what the receivers know. */
  get isSettled(): boolean {
    return !this.#resetting;
  }

  get isAway(): boolean {
    return this.#away;
  }

  get size(): number {
    return this.#all.size;
  }

  /** The newest frame of each state channel that the names select, in log order. */
  current(channels: ReadonlySet<string>): Frame[] {
    const frames: Frame[] = [];
    for (const frame of this.#latest.values()) {
      if (channels.has(frame.channel) || (frame.wildcard !== null && channels.has(frame.wildcard))) {
        frames.push(frame);
      }
    }
    return frames.sort((a, b) => a.offset - b.offset);
  }

  /** The frames of an event, which may be one of history. */
  frames(epoch: string, event: LogEvent): Frame[] {
    const known = this.#recent?.get(epoch, event.offset);
    if (known) return known;
    const frames = framesOf(this.log, this.tag, epoch, event);
    this.#recent?.add(epoch, event.offset, frames, event.data.length);
    return frames;
  }

  /** A cohort with room of a key: of the channels, the format and what else its members must have in common. */
  cohort(key: string, create: () => Cohort): Cohort {
    let cohorts = this.#cohorts.get(key);
    if (cohorts === undefined) {
      cohorts = new Set();
      this.#cohorts.set(key, cohorts);
    }
    for (const cohort of cohorts) if (!cohort.isFull) return cohort;
    const made = create();
    cohorts.add(made);
    return made;
  }

  /** The last member of a cohort has gone. */
  forgetCohort(key: string, cohort: Cohort): void {
    const cohorts = this.#cohorts.get(key);
    cohorts?.delete(cohort);
    if (cohorts?.size === 0) this.#cohorts.delete(key);
  }

  add(receiver: FrameReceiver, channels: Iterable<string>): void {
    this.#all.add(receiver);
    for (const channel of channels) {
      const set = this.#receivers.get(channel);
      if (set) set.add(receiver);
      else this.#receivers.set(channel, new Set([receiver]));
    }
  }

  remove(receiver: FrameReceiver, channels: Iterable<string>): void {
    this.#all.delete(receiver);
    for (const channel of channels) {
      const set = this.#receivers.get(channel);
      set?.delete(receiver);
      if (set?.size === 0) this.#receivers.delete(channel);
    }
  }

  events(epoch: string, events: readonly LogEvent[]): void {
    this.#observer.received(this.log, events.length);
    for (const event of events) {
      const position = { epoch, offset: event.offset };
      this.#position = position;
      const frames = this.frames(epoch, event);
      for (const frame of frames) this.#remember(frame);
      if (this.#resetting) continue;
      const only = frames[0];
      if (frames.length === 1 && only) {
        this.#deliverOne(position, only);
      } else if (frames.length > 1) {
        this.#deliverMany(position, frames);
      }
    }
  }

  reset(position: Position, reason: 'epoch' | 'expired'): void {
    this.#position = position;
    this.#latest.clear();
    this.#recent?.clear();
    this.#resetting = true;
    this.#resets += 1;
    const mine = this.#resets;
    void this.#loadState()
      .catch((error: unknown) =>
        this.#logger.warn({ err: error, log: this.log }, 'state after a reset is unknown'),
      )
      .then(() => {
        // Another reset came meanwhile: it is that one's state that counts.
        if (mine !== this.#resets) return;
        this.#resetting = false;
        for (const receiver of this.#all) receiver.resetLog(this.log, this.#position, reason);
      });
  }

  condition(state: 'away' | 'back'): void {
    this.#away = state === 'away';
    for (const receiver of this.#all) receiver.conditionChanged(this.log, state);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#subscription?.close();
  }

  #remember(frame: Frame): void {
    if (frame.kind !== 'state') return;
    const known = this.#latest.get(frame.channel);
    if (known === undefined || known.offset < frame.offset) this.#latest.set(frame.channel, frame);
  }

  #deliverOne(position: Position, frame: Frame): void {
    const frames = [frame];
    const named = this.#receivers.get(frame.channel);
    if (named) for (const receiver of named) receiver.deliver(this.log, position, frames);
    const wild = frame.wildcard === null ? undefined : this.#receivers.get(frame.wildcard);
    if (wild) {
      for (const receiver of wild) if (!named?.has(receiver)) receiver.deliver(this.log, position, frames);
    }
  }

  #deliverMany(position: Position, frames: readonly Frame[]): void {
    const byReceiver = new Map<FrameReceiver, Frame[]>();
    for (const frame of frames) {
      if (frame.quiet) continue;
      const add = (receiver: FrameReceiver): void => {
        const list = byReceiver.get(receiver);
        if (list) list.push(frame);
        else byReceiver.set(receiver, [frame]);
      };
      const named = this.#receivers.get(frame.channel);
      named?.forEach(add);
      if (frame.wildcard === null) continue;
      this.#receivers.get(frame.wildcard)?.forEach((receiver) => {
        if (!named?.has(receiver)) add(receiver);
      });
    }
    for (const [receiver, list] of byReceiver) receiver.deliver(this.log, position, list);
  }

  async #loadState(): Promise<void> {
    const state = await this.#broker.state(this.log);
    if (this.#closed || state.position.epoch !== this.#position.epoch) return;
    for (const event of state.entries) {
      // What is later than the position is about to be delivered: nobody shall see it twice.
      if (event.offset > this.#position.offset) continue;
      for (const frame of this.frames(state.position.epoch, event)) this.#remember(frame);
    }
    for (const event of this.#older?.(this.log) ?? []) {
      for (const frame of framesOf(this.log, this.tag, state.position.epoch, event)) this.#remember(frame);
    }
  }
}
