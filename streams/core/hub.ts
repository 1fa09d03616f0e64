import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/deadline.ts';
import { createLogger, type Logger } from '../../lib/log.ts';
import { Slots } from '../../lib/slots.ts';
import { type Spoke, TimerWheel } from '../../lib/timer-wheel.ts';
import { FlushScheduler } from './flush-scheduler.ts';
import { DEFAULTS, type HubOptions, type HubSettings } from './hub-options.ts';
import type { LogView } from './log-view.ts';
import type { Admission, OpenStream, Reselection, StreamRequest } from './open-stream.ts';
import { OPEN_MS, type SharedView, SharedViews } from './shared-views.ts';
import type { EndReason } from './sink.ts';
import { Subscriber } from './subscriber.ts';
import type { Released } from './subscriber-options.ts';

interface HubStream extends OpenStream, Spoke {
  /** When it reaches its maximum age, by the monotonic clock. */
  readonly oldAt: number;
  readonly request: StreamRequest;
}

/** What a subscriber holds open. */
interface Hold {
  views: SharedView[];
  stops: (() => Promise<void>)[];
}

/** How long a stream waits for its turn to read what its client has missed. */
const REPLAY_WAIT_MS = 10_000;

/** How much later a stream that was not ready for its heartbeat is looked at again. */
const MIN_LOOK_MS = 1_000;

/** The connections of this process and the log views they share. */
export class Hub {
  readonly #options: HubSettings;
  readonly #scheduler: FlushScheduler;
  readonly #views: SharedViews;
  readonly #slots: Slots;
  /** Taken by streams while they read what their clients have missed. */
  readonly replays: Slots;
  readonly #wheel: TimerWheel;
  readonly #streams = new Map<string, HubStream>();
  #draining = false;

  constructor({ logger = createLogger('warn'), ...given }: HubOptions) {
    const options = { ...DEFAULTS, ...given, logger };
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
   * Takes a slot for a stream before it is opened, so that of many concurrent requests only one gets the last slot.
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
    const hold: Hold = { views: [], stops: [] };
    const subscriber = this.#subscriber(request, hold);
    const stream: HubStream = {
      id: request.id,
      owner: request.owner,
      transport: request.wire.name,
      openedAt: subscriber.openedAt,
      subscriber,
      sentBefore: 0,
      conflatedBefore: 0,
      // ± 10 %, so that the streams of a fleet do not all reconnect at once.
      oldAt: this.#options.clock.monotonic() + maxAgeMs * (0.9 + 0.2 * random()),
      request,
      due: () => this.#check(stream),
    };
    this.#streams.set(request.id, stream);
    this.#wheel.put(stream, this.#nextLook(stream));
    this.#options.observer.opened(request.wire.name);
    request.onOpen(subscriber);
    // Not an error status: an EventSource would never reconnect after one.
    if (this.#draining) subscriber.end('shutdown');
    const views = await this.#openLogs(request, hold, subscriber);
    // The client of a WebSocket may not have subscribed yet.
    if (views !== null && views.size > 0 && !subscriber.isEnded) await subscriber.start(views);
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
    const hold: Hold = { views: [], stops: [] };
    const request = { ...stream.request, ...change };
    // The present subscriber continues while new logs are being opened.
    const views = await this.#openLogs(request, hold, subscriber);
    if (views === null || subscriber.isEnded) {
      this.#release(hold);
      return;
    }
    const before = subscriber.release();
    stream.sentBefore += subscriber.sentEvents;
    stream.conflatedBefore += subscriber.conflated;
    stream.subscriber = this.#subscriber(request, hold, before);
    onSwitch();
    if (views.size > 0 && !stream.subscriber.isEnded) void stream.subscriber.start(views);
  }

  /** The client of a stream has gone. */
  closed(id: string): void {
    this.#streams.get(id)?.subscriber.closed();
  }

  #subscriber(request: StreamRequest, hold: Hold, before?: Released): Subscriber {
    const { clock, logger, broker, queueBytes } = this.#options;
    const { channels, lastEventId, replay, wire, sink, seal = null, flushMs = null } = request;
    const client = request.admission?.client ?? request.owner.userId ?? request.id;
    return new Subscriber({
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
      logger,
      observer: this.#options.observer,
      onEnd: (reason) => {
        if (reason !== 'replaced') {
          const stream = this.#streams.get(request.id);
          if (stream !== undefined) this.#wheel.remove(stream);
          this.#streams.delete(request.id);
          request.admission?.release();
          this.#options.observer.closed(request.wire.name, reason);
          logger.debug({ stream: request.id, reason }, 'stream ended');
        }
        this.#release(hold);
      },
    });
  }

  /**
   * Opens what the channels need, into `hold`, unless the subscriber ends meanwhile.
   * @returns `null` if a log cannot be opened: the subscriber has been ended
   */
  async #openLogs(
    { id, channels }: StreamRequest,
    hold: Hold,
    subscriber: Subscriber,
  ): Promise<Map<string, LogView> | null> {
    const logs = new Set(channels.map((channel) => channel.log));
    // Concurrently: each may take seconds.
    const watching = channels.map(async (channel) => {
      const task = this.#options.watchChannel?.(channel);
      if (task === undefined) return;
      const what = `the watch of ${channel.name}`;
      const { clock } = this.#options;
      hold.stops.push(await withDeadline(task, { clock, ms: OPEN_MS, what, late: (stop) => stop() }));
    });
    const opening = [...logs].map(async (log): Promise<[string, LogView]> => {
      const shared = this.#views.acquire(log);
      // Not pushed: a grown array keeps room for 16 more elements, in every connection.
      hold.views = hold.views.concat(shared);
      return [log, await shared.opening];
    });
    // Only after all have settled: whatever opened later would never be released.
    await Promise.allSettled([...watching, ...opening]);
    try {
      await Promise.all(watching);
      const views = new Map(await Promise.all(opening));
      // If the stream ended meanwhile, nothing else releases what was opened since.
      if (subscriber.isEnded) this.#release(hold);
      return views;
    } catch (error) {
      this.#options.logger.warn({ err: error, stream: id }, 'a log cannot be read');
      this.#release(hold);
      subscriber.end('unavailable');
      return null;
    }
  }

  #release(hold: Hold): void {
    for (const shared of hold.views.splice(0)) this.#views.release(shared);
    for (const stop of hold.stops.splice(0)) this.#views.settle(stop());
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

  /** Ends a stream that has expired, or sends its heartbeat. @returns when to look again; `null`: never */
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
    // A client that is behind gets no heartbeat: it is looked at again one beat later.
    const beat = Math.max(subscriber.lastWrite, monotonic - heartbeatMs + MIN_LOOK_MS) + heartbeatMs;
    const expiry =
      owner.expiresAt === null ? Infinity : monotonic + Math.max(0, owner.expiresAt - clock.now());
    return Math.min(beat, oldAt, expiry);
  }
}
