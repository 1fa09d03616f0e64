import type { Clock } from '../../../lib/clock.ts';
import { createLogger, type Logger } from '../../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { Slots } from '../../../lib/async/slots.ts';
import { type Spoke, TimerWheel } from '../../../lib/async/timer-wheel.ts';
import { FlushScheduler } from '../../../lib/async/flush-scheduler.ts';
import { DEFAULTS, type HubOptions, type HubSettings } from './hub-options.ts';
import type { Admission, OpenStream, Reselection, StreamRequest } from './open-stream.ts';
import { SharedViews } from '../shared-views.ts';
import type { EndReason } from '../sink.ts';
import { StreamHold } from './stream-hold.ts';
import { Subscriber } from './subscriber.ts';
import type { Released } from './subscriber-options.ts';

interface HubStream extends OpenStream, Spoke {
  /** When it reaches its maximum age, by the monotonic clock. */
  readonly oldAt: number;
  readonly request: StreamRequest;
}

/** How long a stream waits for its turn to read missed events. */
const REPLAY_WAIT_MS = 10_000;

/** When a stream that was not ready for its heartbeat is checked again. */
const MIN_LOOK_MS = 1_000;

/** The connections of this process and the log views they share. */
export class Hub {
  readonly #options: HubSettings;
  readonly #scheduler: FlushScheduler;
  readonly #views: SharedViews;
  readonly #slots: Slots;
  /** Taken by streams while they read missed events. */
  readonly replays: Slots;
  readonly #wheel: TimerWheel;
  readonly #streams = new Map<string, HubStream>();
  #draining = false;

  constructor({ logger = createLogger('warn'), ...given }: HubOptions) {
    const merged = { ...DEFAULTS, ...given, logger };
    const options = { ...merged, repeated: new RepeatedLog(logger, merged.clock) };
    this.#options = options;
    this.#scheduler = new FlushScheduler(options.clock, options.flushMs);
    this.#wheel = new TimerWheel(options.clock);
    const limits = { all: options.maxStreams, client: options.maxStreamsPerUser };
    this.#slots = new Slots('streams', limits, options.clock);
    const { maxReplays, maxReplaysPerUser } = options;
    this.replays = new Slots('replays', { all: maxReplays, client: maxReplaysPerUser }, options.clock);
    this.#views = new SharedViews(options);
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get logger(): Logger {
    return this.#options.logger;
  }

  /** Bytes that may wait for one slow client. */
  get queueBytes(): number {
    return this.#options.queueBytes;
  }

  streams(): OpenStream[] {
    return [...this.#streams.values()];
  }

  /**
   * Takes a slot for a stream before it is opened, so that only one of many concurrent requests gets the last one.
   * @throws NoSlotError
   */
  admit({ userId, network }: { userId: string | null; network: string }): Admission {
    const client = userId ?? network;
    const limit = userId === null ? this.#options.maxStreamsPerAddress : undefined;
    return { client, ...this.#slots.take(client, limit) };
  }

  /** Serves a connection until it ends. Resolves when it is live. */
  async open(request: StreamRequest): Promise<Subscriber> {
    const { random, maxAgeMs } = this.#options;
    const hold = new StreamHold(this.#options, this.#views);
    const subscriber = this.#subscriber(request, hold);
    const stream: HubStream = {
      id: request.id,
      owner: request.owner,
      transport: request.wire.name,
      openedAt: subscriber.openedAt,
      subscriber,
      // ± 10 %, so that the streams of a fleet do not all reconnect at once.
      oldAt: this.#options.clock.monotonic() + maxAgeMs * (0.9 + 0.2 * random()),
      request,
      due: () => this.#check(stream),
    };
    this.#streams.set(request.id, stream);
    this.#wheel.put(stream, this.#nextLook(stream));
    this.#options.observer?.opened(request.wire.name);
    request.onOpen(subscriber);
    // Not an error status: an EventSource would never reconnect after one.
    if (this.#draining) subscriber.end('shutdown');
    // The client of a WebSocket may not have subscribed yet.
    if (request.channels.length > 0 && !subscriber.isEnded)
      await subscriber.start(hold.open(request.channels));
    return subscriber;
  }

  /**
   * Changes the channels of an open stream. Logs that stay continue exactly where they are; `change.lastEventId` is for
   * new logs. `onSwitch` is called just before the first event of the new channels.
   */
  async resubscribe(id: string, change: Reselection, onSwitch: () => void): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { subscriber } = stream;
    const hold = new StreamHold(this.#options, this.#views);
    const request = { ...stream.request, ...change };
    // The current subscriber continues while new logs are being opened.
    const views = hold.open(request.channels);
    try {
      await Promise.all(views.values());
    } catch (error) {
      this.#options.repeated.warn({ err: error, stream: id }, 'channels cannot be opened', causeOf(error));
      subscriber.end('unavailable');
    }
    if (subscriber.isEnded) {
      hold.release();
      return;
    }
    const before = subscriber.release();
    stream.subscriber = this.#subscriber(request, hold, before);
    onSwitch();
    if (views.size > 0 && !stream.subscriber.isEnded) void stream.subscriber.start(views);
  }

  /** Tells the readers of each stream of troubles that have begun or are over. */
  tellTroubles(): void {
    for (const { subscriber } of this.#streams.values()) subscriber.tellTroubles();
  }

  /** The client of a stream has disconnected. */
  closed(id: string): void {
    this.#streams.get(id)?.subscriber.closed();
  }

  #subscriber(request: StreamRequest, hold: StreamHold, before?: Released): Subscriber {
    const { clock, logger, repeated, broker, queueBytes } = this.#options;
    const { channels, lastEventId, replay, wire, sink, seal = null, flushMs = null } = request;
    const client = request.admission?.client ?? request.owner.userId ?? request.id;
    const subscriber = new Subscriber({
      channels,
      lastEventId,
      replay,
      wire,
      sink,
      seal,
      flushMs,
      before,
      queueBytes,
      retryMs: (reason) => this.retryMs(reason),
      replaySlot: () => this.replays.wait(client, REPLAY_WAIT_MS),
      broker,
      scheduler: this.#scheduler,
      clock,
      repeated,
      observer: this.#options.observer,
      isDelayed: (channel) => hold.isFailing(channel),
      troubles: this.#options.troubles,
      onEnd: (reason) => {
        if (reason !== 'replaced') {
          const stream = this.#streams.get(request.id);
          if (stream !== undefined) this.#wheel.remove(stream);
          this.#streams.delete(request.id);
          request.admission?.release();
          this.#options.observer?.closed(request.wire.name, reason);
          logger.debug({ stream: request.id, reason }, 'stream ended');
        }
        hold.release();
      },
    });
    hold.onChange = (channel, isFailing) => subscriber.channelChanged(channel, isFailing);
    return subscriber;
  }

  /** Ends the streams that a predicate selects. @returns how many */
  endWhere(predicate: (stream: OpenStream) => boolean, reason: EndReason): number {
    const selected = this.streams().filter(predicate);
    for (const { subscriber } of selected) subscriber.end(reason);
    return selected.length;
  }

  /**
   * How long a client should wait before it reconnects, in milliseconds. One to three seconds spread clients that were
   * cut at the same moment. Planned ends are spread already, so their clients may come back at once.
   */
  retryMs(reason: EndReason | null = null): number {
    const planned = reason === 'token-expired' || reason === 'max-age';
    return Math.round((planned ? 100 : 1_000) + (planned ? 200 : 2_000) * this.#options.random());
  }

  /** Ends all streams, spread over `ms`. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    const streams = this.streams();
    const steps = Math.max(1, Math.min(20, streams.length, Math.floor(ms / 50)));
    for (let step = 0; step < steps; step += 1) {
      if (step > 0) await new Promise<void>((resolve) => void this.clock.after(ms / steps, resolve));
      const [from, to] = [step, step + 1].map((n) => Math.floor((streams.length * n) / steps));
      for (const { subscriber } of streams.slice(from, to)) subscriber.end('shutdown');
    }
    this.endWhere(() => true, 'shutdown');
  }

  async close(): Promise<void> {
    this.#draining = true;
    this.endWhere(() => true, 'shutdown');
    this.#scheduler.close();
    this.#wheel.close();
    await this.#views.idle();
  }

  /** Ends a stream that has expired, or sends its heartbeat. @returns when to check again; `null`: never */
  #check(stream: HubStream): number | null {
    const { owner, subscriber, oldAt } = stream;
    const { clock } = this.#options;
    if (owner.expiresAt !== null && clock.now() >= owner.expiresAt) subscriber.end('token-expired');
    else if (clock.monotonic() >= oldAt) subscriber.end('max-age');
    if (subscriber.isEnded) return null;
    if (clock.monotonic() - subscriber.lastWrite >= this.#options.heartbeatMs) {
      subscriber.heartbeat();
    }
    return this.#nextLook(stream);
  }

  /** When something may be due, by the monotonic clock. */
  #nextLook({ owner, subscriber, oldAt }: HubStream): number {
    const { clock, heartbeatMs } = this.#options;
    const monotonic = clock.monotonic();
    // A client that is behind gets no heartbeat: it is checked again one beat later.
    const beat = Math.max(subscriber.lastWrite, monotonic - heartbeatMs + MIN_LOOK_MS) + heartbeatMs;
    const expiry =
      owner.expiresAt === null ? Infinity : monotonic + Math.max(0, owner.expiresAt - clock.now());
    return Math.min(beat, oldAt, expiry);
  }
}
