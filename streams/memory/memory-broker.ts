import type { Logger } from 'pino';
import { type Clock, type Random, systemClock } from '../../lib/clock.ts';
import {
  BrokerUnavailableError,
  DEFAULT_BOUNDS,
  FencedError,
  type GenerationOf,
  OutdatedError,
  SequenceGapError,
  type Broker,
  type HistoryLoss,
  type HistoryPage,
  type LogBounds,
  type LogEvent,
  type LogListener,
  type LogState,
  type Payload,
  type Position,
  type PublishOptions,
  type SequenceRange,
  type Subscription,
} from '../core/broker.ts';
import { newEpoch } from '../core/cursor.ts';
import { Ring } from './ring.ts';

/** State keys of one log. More would be a leak. */
const MAX_STATE_KEYS = 10_000;

interface Log {
  epoch: string;
  generation: number;
  ring: Ring;
  bounds: LogBounds;
  state: Map<string, LogEvent>;
  fence: number;
  /** The last number of the writers' sequence. */
  sequence: number | null;
  /** Each listener with the offset it starts after. */
  listeners: Map<LogListener, number>;
  /** Batches not delivered yet. There are several only if a listener publishes while it is being called. */
  undelivered: LogEvent[][];
  delivering: boolean;
  touchedAt: number;
}

export interface MemoryBrokerOptions {
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: `Math.random`. */
  random?: Random;
  /** Default: `DEFAULT_BOUNDS` for every log. */
  bounds?: (log: string) => LogBounds;
  /** Default: 0 for every log. */
  generationOf?: GenerationOf;
  log?: Logger;
  /** Logs kept at most (default 10,000); the least recently used one without listeners goes first. */
  maxLogs?: number;
}

/** The broker of a single process: delivers within `publish`, and ends with the process. */
export class MemoryBroker implements Broker {
  readonly #options: MemoryBrokerOptions &
    Required<Pick<MemoryBrokerOptions, 'clock' | 'random' | 'bounds' | 'generationOf'>>;
  readonly #maxLogs: number;
  /** Least recently used first. */
  readonly #logs = new Map<string, Log>();
  #closed = false;

  constructor(options: MemoryBrokerOptions = {}) {
    this.#options = {
      clock: systemClock,
      random: Math.random,
      bounds: () => DEFAULT_BOUNDS,
      generationOf: () => 0,
      ...options,
    };
    this.#maxLogs = options.maxLogs ?? 10_000;
  }

  async publish(name: string, payloads: readonly Payload[], options: PublishOptions = {}): Promise<Position> {
    const log = this.#open(name);
    if (log.generation > this.#options.generationOf(name)) throw new OutdatedError(name);
    if (options.fence !== undefined) {
      if (options.fence < log.fence) throw new FencedError(name);
      log.fence = options.fence;
    }
    if (options.sequence !== undefined && !takes(name, log, options.sequence)) {
      return { epoch: log.epoch, offset: log.ring.head };
    }
    const at = this.#options.clock.now();
    const batch: LogEvent[] = [];
    for (const { key, data } of payloads) {
      const offset = log.ring.head + 1;
      const event: LogEvent =
        key === undefined || key === '' ? { offset, at, data } : { offset, at, key, data };
      log.ring.append(event);
      if (event.key !== undefined) {
        log.state.delete(event.key);
        log.state.set(event.key, event);
      }
      batch.push(event);
    }
    for (const key of log.state.keys()) {
      if (log.state.size <= MAX_STATE_KEYS) break;
      log.state.delete(key);
    }
    log.ring.trim(log.bounds, at);
    const position = { epoch: log.epoch, offset: log.ring.head };
    if (batch.length > 0) this.#deliver(name, log, batch);
    return position;
  }

  async history(name: string, after: Position, limit: number): Promise<HistoryPage | HistoryLoss> {
    this.#refuseWhenClosed();
    const log = this.#logs.has(name) ? this.#open(name) : undefined;
    if (!log || log.epoch !== after.epoch || !Number.isSafeInteger(after.offset)) return { lost: 'epoch' };
    log.ring.trim(log.bounds, this.#options.clock.now());
    if (after.offset > log.ring.head) return { lost: 'ahead' };
    if (after.offset < log.ring.first - 1) return { lost: 'expired' };
    return { epoch: log.epoch, events: log.ring.after(after.offset, limit), head: log.ring.head };
  }

  async subscribe(name: string, listener: LogListener): Promise<Subscription> {
    const log = this.#open(name);
    // A wrapper, so that the same listener object may subscribe twice.
    const entry: LogListener = {
      events: (epoch, events) => listener.events(epoch, events),
      reset: (position, reason) => listener.reset(position, reason),
      condition: (state) => listener.condition(state),
    };
    const position = { epoch: log.epoch, offset: log.ring.head };
    log.listeners.set(entry, position.offset);
    return {
      position,
      close: async () => {
        log.listeners.delete(entry);
      },
    };
  }

  async head(name: string): Promise<Position> {
    const log = this.#open(name);
    return { epoch: log.epoch, offset: log.ring.head };
  }

  async state(name: string): Promise<LogState> {
    const log = this.#open(name);
    return {
      position: { epoch: log.epoch, offset: log.ring.head },
      // An event moves its key to the end, so the map is in the order of offsets.
      entries: [...log.state.values()],
    };
  }

  async audience(name: string): Promise<number> {
    return this.#open(name).listeners.size > 0 ? 1 : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#logs.clear();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new BrokerUnavailableError(new Error('the broker is closed'));
  }

  #open(name: string): Log {
    this.#refuseWhenClosed();
    let log = this.#logs.get(name);
    if (!log) {
      log = {
        epoch: newEpoch(this.#options.random),
        generation: this.#options.generationOf(name),
        ring: new Ring(),
        bounds: this.#options.bounds(name),
        state: new Map(),
        fence: 0,
        sequence: null,
        listeners: new Map(),
        undelivered: [],
        delivering: false,
        touchedAt: 0,
      };
    }
    this.#touch(name, log);
    if (log.generation < this.#options.generationOf(name)) this.#startOver(name, log);
    return log;
  }

  #startOver(name: string, log: Log): void {
    log.epoch = newEpoch(this.#options.random);
    log.generation = this.#options.generationOf(name);
    log.ring = new Ring();
    log.state.clear();
    log.sequence = null;
    log.undelivered = [];
    const listeners = [...log.listeners.keys()];
    for (const listener of listeners) log.listeners.set(listener, 0);
    this.#tell(name, listeners, (listener) => listener.reset({ epoch: log.epoch, offset: 0 }, 'epoch'));
  }

  /** Marks a log as just used, and forgets unused ones, the least recently used first. */
  #touch(name: string, log: Log): void {
    const now = this.#options.clock.now();
    this.#logs.delete(name);
    this.#logs.set(name, log);
    log.touchedAt = now;
    for (const [oldName, old] of this.#logs) {
      const idle = now - old.touchedAt > old.bounds.ageMs;
      if ((!idle && this.#logs.size <= this.#maxLogs) || old === log) break;
      // With listeners it is in use: it moves to the back, as if it had just been read.
      this.#logs.delete(oldName);
      if (old.listeners.size > 0) {
        old.touchedAt = now;
        this.#logs.set(oldName, old);
        if (!idle) break;
      }
    }
  }

  #deliver(name: string, log: Log, batch: LogEvent[]): void {
    log.undelivered.push(batch);
    if (log.delivering) return;
    log.delivering = true;
    for (let next = log.undelivered.shift(); next; next = log.undelivered.shift()) {
      const { epoch } = log;
      const last = next[next.length - 1]?.offset ?? 0;
      for (const [listener, from] of log.listeners) {
        // A listener may have made the log start over.
        if (log.epoch !== epoch) break;
        // Subscribed in the middle of a delivery: the batch is already behind its position.
        if (from >= last) continue;
        this.#tell(name, [listener], () => listener.events(epoch, next));
      }
    }
    log.delivering = false;
  }

  #tell(name: string, listeners: readonly LogListener[], what: (listener: LogListener) => void): void {
    for (const listener of listeners) {
      try {
        what(listener);
      } catch (error) {
        this.#options.log?.error({ err: error, ring: name }, 'a listener of the log failed');
      }
    }
  }
}

/** @returns whether the batch is the next one; if not, it was published already @throws SequenceGapError */
function takes(name: string, log: Log, { after, last }: SequenceRange): boolean {
  const { sequence } = log;
  if (sequence === after || (sequence === null && after === 0)) {
    log.sequence = last;
    return true;
  }
  if (sequence === null || sequence < last) throw new SequenceGapError(name, sequence);
  return false;
}
