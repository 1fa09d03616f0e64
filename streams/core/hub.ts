import { type Clock, type Random, systemClock } from '../../lib/clock.ts';
import { createLogger, type Logger } from '../../lib/log.ts';
import type { Broker } from './broker.ts';
import type { Channel, ChannelCatalog } from './channel.ts';
import { type Slot, Slots } from '../../lib/slots.ts';
import { FlushScheduler } from './flush-scheduler.ts';
import type { LogView, LogViewOptions } from './log-view.ts';
import { type StreamObserver, type Transport, UNOBSERVED } from './stream-observer.ts';
import { type SharedView, SharedViews, type SharedViewsOptions } from './shared-views.ts';
import type { EndReason, Sink } from './sink.ts';
import { type Released, Subscriber } from './subscriber.ts';
import { type Spoke, TimerWheel } from './timer-wheel.ts';
import type { Wire } from './wire.ts';

export interface HubOptions {
  broker: Broker;
  /** What the logs' events show on the channels. */
  catalog: Pick<ChannelCatalog, 'views'>;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: `Math.random`. */
  random?: Random;
  /** Default: JSON lines on stdout, from `warn` up. */
  logger?: Logger;
  /** The longest that a busy stream gathers events before it writes, in milliseconds. Default 20. */
  flushMs?: number;
  /** Silence after which a stream gets a heartbeat, in milliseconds. Default 15,000. */
  heartbeatMs?: number;
  /** Age at which a stream ends, ± 10 %, so that its client resumes elsewhere. Default: one hour. */
  maxAgeMs?: number;
  /** Bytes that may wait for one slow client. Default 1 MiB. */
  queueBytes?: number;
  /** Streams of this process. Default 20,000. */
  maxStreams?: number;
  /** Streams of one user. Default 64. */
  maxStreamsPerUser?: number;
  /** Streams of anonymous clients with one address. Default 64. */
  maxStreamsPerAddress?: number;
  observer?: StreamObserver;
  /** States that this process knows: see `LogViewOptions`. */
  known?: LogViewOptions['known'];
  /** The channel without which a log's state is not whole: see `LogViewOptions`. */
  essential?: LogViewOptions['essential'];
  /** Logs that many read: see `LogViewOptions`. */
  isPopular?: LogViewOptions['isPopular'];
  /** Starts whatever keeps a log up to date: see `SharedViewsOptions`. */
  watchLog?: SharedViewsOptions['watchLog'];
  /** The same for a single channel that needs more than its log does. `undefined`: it needs nothing. */
  watchChannel?: ((channel: Channel) => Promise<() => Promise<void>> | undefined) | undefined;
}

const DEFAULTS = {
  clock: systemClock,
  random: Math.random,
  flushMs: 20,
  heartbeatMs: 15_000,
  maxAgeMs: 3_600_000,
  queueBytes: 2 ** 20,
  maxStreams: 20_000,
  maxStreamsPerUser: 64,
  maxStreamsPerAddress: 64,
  observer: UNOBSERVED,
};

type HubSettings = HubOptions & typeof DEFAULTS & { logger: Logger };

/** Who opened a stream. All fields are `null` for an anonymous client. */
export interface StreamOwner {
  userId: string | null;
  sessionId: string | null;
  /** When the credential expires, and with it the stream: epoch milliseconds. */
  expiresAt: number | null;
}

export const ANONYMOUS: StreamOwner = { userId: null, sessionId: null, expiresAt: null };

export interface StreamRequest {
  id: string;
  owner: StreamOwner;
  channels: readonly Channel[];
  lastEventId: string | null;
  replay: 'full' | 'latest';
  /** Longest time it gathers events while it is busy, in milliseconds; as long as everybody when left out. */
  flushMs?: number | null;
  /** Its slot among the streams, if it was admitted before; it is released when the stream ends. */
  admission?: Slot;
  /** Goes into every id of the stream: see lib/tokens/stream-token.ts. */
  seal?: string | null;
  wire: Wire;
  sink: Sink;
  /** Called before anything is awaited, so that a client that leaves early is noticed. */
  onOpen: (subscriber: Subscriber) => void;
}

export interface OpenStream {
  readonly id: string;
  readonly owner: StreamOwner;
  readonly transport: Transport;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Another one whenever the client changes its channels. */
  subscriber: Subscriber;
  /** What the subscribers before this one have sent and conflated. */
  sentBefore: number;
  conflatedBefore: number;
}

interface HubStream extends OpenStream, Spoke {
  /** Its greatest age, by the monotonic clock. */
  readonly oldAt: number;
  readonly request: StreamRequest;
}

/** The channels a client changes to. */
export type Reselection = Pick<StreamRequest, 'channels' | 'lastEventId' | 'replay'>;

/** What a subscriber keeps open. */
interface Hold {
  views: SharedView[];
  stops: (() => Promise<void>)[];
}

/** A stream that was not ready for its heartbeat is looked at so much later. */
const MIN_LOOK_MS = 1_000;

/** The connections of this process and the log views they share. */
export class Hub {
  readonly #options: HubSettings;
  readonly #scheduler: FlushScheduler;
  readonly #views: SharedViews;
  readonly #slots: Slots;
  readonly #wheel: TimerWheel;
  readonly #streams = new Map<string, HubStream>();
  readonly #observer: StreamObserver;
  #draining = false;

  constructor({ logger = createLogger('warn'), ...given }: HubOptions) {
    const options = { ...DEFAULTS, ...given, logger };
    this.#options = options;
    this.#observer = options.observer;
    this.#scheduler = new FlushScheduler(options.clock, options.flushMs);
    this.#wheel = new TimerWheel(options.clock);
    const limits = { all: options.maxStreams, client: options.maxStreamsPerUser };
    this.#slots = new Slots('streams', limits, options.clock);
    this.#views = new SharedViews({
      broker: options.broker,
      clock: options.clock,
      logger: options.logger,
      observer: this.#observer,
      known: options.known,
      catalog: options.catalog,
      isPopular: options.isPopular,
      watchLog: options.watchLog,
      essential: options.essential,
    });
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

  /** Takes a slot for a stream that is to be opened, so that of many who come at once not all find the last one free. @throws NoSlotError */
  admit({ userId, network }: { userId: string | null; network: string }): Slot {
    if (userId !== null) return this.#slots.take(userId);
    return this.#slots.take(network, this.#options.maxStreamsPerAddress);
  }

  /** Serves a connection until it ends. Resolves when it is live. */
  async open(request: StreamRequest): Promise<Subscriber> {
    const { random, logger, maxAgeMs } = this.#options;
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
      // ± 10 %, so that the streams of a fleet do not all come back at once; nor when the time of day is set.
      oldAt: this.#options.clock.monotonic() + maxAgeMs * (0.9 + 0.2 * random()),
      request,
      due: () => this.#seeTo(stream),
    };
    this.#streams.set(request.id, stream);
    this.#wheel.put(stream, this.#nextLook(stream));
    this.#observer.opened(request.wire.name);
    request.onOpen(subscriber);
    // Not an error status, which would keep an EventSource away for good.
    if (this.#draining) subscriber.end('shutdown');
    let views: Map<string, LogView>;
    try {
      views = await this.#openLogs(request.channels, hold, () => subscriber.isEnded);
    } catch (error) {
      logger.warn({ err: error, stream: request.id }, 'a log cannot be read');
      this.#letGo(hold);
      subscriber.end('unavailable');
      return subscriber;
    }
    // A WebSocket may not have said yet what it wants.
    if (request.channels.length > 0 && !subscriber.isEnded) await subscriber.start(views);
    return subscriber;
  }

  /**
   * Puts other channels under an open stream. Logs that stay go on exactly where they are; `change.lastEventId` counts
   * for logs that come in. `onSwitch` is called just before the first word of the new channels.
   */
  async resubscribe(id: string, change: Reselection, onSwitch: () => void): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { subscriber } = stream;
    const hold: Hold = { views: [], stops: [] };
    let views: Map<string, LogView>;
    try {
      // The present subscriber goes on while new logs are being opened.
      views = await this.#openLogs(change.channels, hold, () => subscriber.isEnded);
    } catch (error) {
      this.#options.logger.warn({ err: error, stream: id }, 'a log cannot be read');
      this.#letGo(hold);
      subscriber.end('unavailable');
      return;
    }
    if (subscriber.isEnded) {
      this.#letGo(hold);
      return;
    }
    const before = subscriber.release();
    stream.sentBefore += subscriber.sentEvents;
    stream.conflatedBefore += subscriber.conflated;
    stream.subscriber = this.#subscriber({ ...stream.request, ...change }, hold, before);
    onSwitch();
    if (change.channels.length > 0 && !stream.subscriber.isEnded) void stream.subscriber.start(views);
  }

  /** The client of a stream has gone. */
  closed(id: string): void {
    this.#streams.get(id)?.subscriber.closed();
  }

  #subscriber(request: StreamRequest, hold: Hold, before?: Released): Subscriber {
    const { clock, logger, broker, queueBytes } = this.#options;
    return new Subscriber({
      channels: request.channels,
      lastEventId: request.lastEventId,
      replay: request.replay,
      wire: request.wire,
      sink: request.sink,
      seal: request.seal ?? null,
      flushMs: request.flushMs ?? null,
      ...(before === undefined ? {} : { before }),
      queueBytes,
      retryMs: (reason) => this.retryMs(reason),
      broker,
      scheduler: this.#scheduler,
      clock,
      logger,
      observer: this.#observer,
      onEnd: (reason) => {
        if (reason !== 'replaced') {
          const stream = this.#streams.get(request.id);
          if (stream !== undefined) this.#wheel.remove(stream);
          this.#streams.delete(request.id);
          request.admission?.release();
          this.#observer.closed(request.wire.name, reason);
          logger.debug({ stream: request.id, reason }, 'stream ended');
        }
        this.#letGo(hold);
      },
    });
  }

  /** Opens what the channels need, into `hold`, until `isOver`. @throws BrokerUnavailableError and others */
  async #openLogs(
    channels: readonly Channel[],
    hold: Hold,
    isOver: () => boolean,
  ): Promise<Map<string, LogView>> {
    const logs = new Set(channels.map((channel) => channel.log));
    // All at once: each may take seconds, and the reader waits for the slowest of them only.
    const watching = channels.map(async (channel) => {
      const stop = await this.#options.watchChannel?.(channel);
      if (stop !== undefined) hold.stops.push(stop);
    });
    const opening = [...logs].map(async (log): Promise<[string, LogView]> => {
      const shared = this.#views.acquire(log);
      // Not pushed: an array that has grown keeps room for sixteen more, in every connection.
      hold.views = hold.views.concat(shared);
      return [log, await shared.opening];
    });
    // Not before all have ended, well or badly: what comes later would be held by nobody.
    await Promise.allSettled([...watching, ...opening]);
    await Promise.all(watching);
    const views = new Map(await Promise.all(opening));
    // It ended while something was being opened: what was opened since has nobody else to let it go.
    if (isOver()) this.#letGo(hold);
    return views;
  }

  #letGo(hold: Hold): void {
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
   * How long a client shall wait before it reconnects. Around two seconds spreads clients that were cut at the same
   * moment; a stream that only has reached its end is taken up again at once, as its like end at other times.
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
      const share = streams.slice(
        Math.floor((streams.length * step) / steps),
        Math.floor((streams.length * (step + 1)) / steps),
      );
      for (const { subscriber } of share) subscriber.end('shutdown');
      if (step + 1 < steps) {
        await new Promise<void>((resolve) => {
          this.#options.clock.after(ms / steps, resolve);
        });
      }
    }
    for (const { subscriber } of this.streams()) subscriber.end('shutdown');
  }

  async close(): Promise<void> {
    this.#draining = true;
    for (const { subscriber } of this.streams()) subscriber.end('shutdown');
    this.#scheduler.close();
    this.#wheel.close();
    await this.#views.idle();
  }

  /** Ends a stream whose time has come, or lets it give a sign of life. @returns when to look again */
  #seeTo(stream: HubStream): number | null {
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

  /** When something may be due, by the monotonic clock; the wall clock may jump, so it is looked at often enough. */
  #nextLook({ owner, subscriber, oldAt }: HubStream): number {
    const { clock, heartbeatMs } = this.#options;
    const monotonic = clock.monotonic();
    // A reader that is behind gets no heartbeat: it is looked at again a beat later.
    const beat = Math.max(subscriber.lastWrite, monotonic - heartbeatMs + MIN_LOOK_MS) + heartbeatMs;
    const expiry =
      owner.expiresAt === null ? Infinity : monotonic + Math.max(0, owner.expiresAt - clock.now());
    return Math.min(beat, oldAt, expiry);
  }
}
