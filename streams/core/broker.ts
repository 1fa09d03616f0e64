/**
 * A log is an append-only bounded sequence of events: the ring. Offsets run 1, 2, 3, … within an epoch, a random
 * name made with the log. When a log is lost or rolled back its epoch changes, so no old position fits it any more.
 */
export interface Position {
  epoch: string;
  offset: number;
}

/** What a writer appends. `data` is JSON text, encoded once for every subscriber of every node. */
export interface Payload {
  /** State key within the log (`price:BTC`): the log remembers the newest event of each key. */
  key?: string;
  data: string;
}

export interface LogEvent extends Payload {
  offset: number;
  /** When it was published, epoch milliseconds. */
  at: number;
}

export interface HistoryPage {
  /** Of the log now: a successor of `after.epoch` when the log came through a restart of Redis whole. */
  epoch: string;
  events: LogEvent[];
  /** The log's last offset when the page was read. */
  head: number;
}

/** `after` is no longer (or never was) a position in this log: the reader must start from the current state. */
export type HistoryLoss = { lost: 'expired' | 'epoch' | 'ahead' };

/** The newest event of every key, as of `head`. */
export interface LogState {
  position: Position;
  entries: LogEvent[];
}

export interface LogListener {
  /**
   * Consecutive events: the first follows the last one delivered, or the position that `subscribe` returned. A new
   * `epoch` without a reset is a successor that took over the log whole, offsets included (Redis has restarted).
   */
  events(epoch: string, events: readonly LogEvent[]): void;
  /** Continuity is lost (other epoch, or a gap the ring no longer covers). `position` is where delivery goes on. */
  reset(position: Position, reason: 'epoch' | 'expired'): void;
  /** Delivery is held up (`away`: the backend cannot be reached) or goes on again (`back`). */
  condition(state: 'away' | 'back'): void;
}

export interface Subscription {
  /** Events after this position are delivered to the listener. */
  position: Position;
  close(): Promise<void>;
}

/** How much of a log is kept. The first bound that is reached counts. */
export interface LogBounds {
  events: number;
  /** UTF-8 bytes of keys and data. */
  bytes: number;
  ageMs: number;
}

export const DEFAULT_BOUNDS: LogBounds = { events: 10_000, bytes: 16 * 2 ** 20, ageMs: 3_600_000 };

export interface PublishOptions {
  /** Fencing token of the writer's lease: a publish with a smaller one than the log has seen is refused. */
  fence?: number;
  /** Orders the batch among those of other writers, and lets any of them publish it again without repeating it. */
  sequence?: SequenceRange;
}

/**
 * The part of a sequence that a batch covers, such as versions of a ledger. A log remembers the last number it has
 * taken. It appends a batch only if it stands exactly where the batch begins, so that concurrent writers can neither
 * leave something out nor swap two batches; a batch that lies behind it has been published before.
 */
export interface SequenceRange {
  /** The number before the batch. `null`: the log has taken none yet; so has one that stands at 0. */
  after: number | null;
  /** The number of its last event. */
  last: number;
}

/** The writer's lease has passed to another holder: it must stop writing. */
export class FencedError extends Error {
  constructor(log: string) {
    super(`another writer has taken over the log ${log}`);
    this.name = 'FencedError';
  }
}

/** The log does not stand where the batch begins: something before it is missing, or part of it was published already. */
export class SequenceGapError extends Error {
  /** The last number that the log has taken, `null` if it has taken none. */
  readonly last: number | null;

  constructor(log: string, last: number | null) {
    super(`the log ${log} stands at ${last ?? 'no number'} of the sequence, not where the batch begins`);
    this.name = 'SequenceGapError';
    this.last = last;
  }
}

/** The backend cannot be reached or did not answer in time. Nothing is known of the command's outcome. */
export class BrokerUnavailableError extends Error {
  constructor(cause?: unknown) {
    super('the broker cannot be reached', { cause });
    this.name = 'BrokerUnavailableError';
  }
}

/** Rings for queueing and replay, with live delivery. Memory: one process. Redis: a fleet. */
export interface Broker {
  /**
   * Appends a batch in order, or nothing if all of its `sequence` was published before.
   * @returns the log's position after it
   * @throws FencedError, SequenceGapError, BrokerUnavailableError
   */
  publish(log: string, events: readonly Payload[], options?: PublishOptions): Promise<Position>;
  /** At most `limit` events after a position, oldest first. An empty page means that `after` is the head. */
  history(log: string, after: Position, limit: number): Promise<HistoryPage | HistoryLoss>;
  /**
   * Live delivery. Several listeners of one log share one backend subscription. The first events may be delivered
   * before the caller has seen the promise resolve.
   */
  subscribe(log: string, listener: LogListener): Promise<Subscription>;
  /** The log's newest position; makes the log (an epoch) if there is none. */
  head(log: string): Promise<Position>;
  /** The newest event of every key. */
  state(log: string): Promise<LogState>;
  /** How many processes listen to a log now. @throws BrokerUnavailableError */
  audience(log: string): Promise<number>;
  close(): Promise<void>;
}
