/**
 * A log is a bounded, append-only sequence of events. Offsets run 1, 2, 3, … within an epoch, a random name made with
 * the log. If the log is lost or rolled back, its epoch changes, so old positions become invalid.
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
  /** The log's current epoch: a successor of `after.epoch` if the whole log survived a restart of Redis. */
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
   * `epoch` without a reset is a successor that took over the whole log, offsets included (Redis has restarted).
   */
  events(epoch: string, events: readonly LogEvent[]): void;
  /** Continuity is lost: another epoch, or a gap that the ring no longer covers. Delivery continues at `position`. */
  reset(position: Position, reason: 'epoch' | 'expired'): void;
  /** Delivery is interrupted (`away`: the backend cannot be reached) or continues (`back`). */
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
  /** Keys and data together, in UTF-8 bytes. */
  bytes: number;
  ageMs: number;
}

export const DEFAULT_BOUNDS: LogBounds = { events: 10_000, bytes: 16 * 2 ** 20, ageMs: 3_600_000 };

export interface PublishOptions {
  /** Fencing token of the writer's lease. The log refuses one that is smaller than the last it has seen. */
  fence?: number;
  /** Orders the batch among those of other writers. Any of them may publish it again: it is appended only once. */
  sequence?: SequenceRange;
}

/**
 * The part of a sequence that a batch covers, such as versions of a document. A log remembers the last number that it
 * has taken and appends a batch only if it begins right after that, so concurrent writers can neither skip a batch nor
 * swap two. A batch that ends at or before it has been published already.
 */
export interface SequenceRange {
  /** The number before the batch. `null` or 0: the log has taken none yet. */
  after: number | null;
  /** The number of its last event. */
  last: number;
}

/**
 * The data behind the logs may go back to an earlier state, for example when a backup is restored. What the logs hold
 * has then never happened. Its states are counted in generations. A log of an earlier generation than the process that
 * opens it starts over: it gets a new epoch, without events, states or sequence, so all its listeners are reset. A
 * process in an earlier generation than the log cannot publish.
 */
export type GenerationOf = (log: string) => number;

/** The writer's lease has passed to another holder. The writer must stop. */
export class FencedError extends Error {
  constructor(log: string) {
    super(`another writer has taken over the log ${log}`);
    this.name = 'FencedError';
  }
}

/** The batch does not follow the log's sequence: something before it is missing, or part of it was published already. */
export class SequenceGapError extends Error {
  /** The last number that the log has taken, `null` if it has taken none. */
  readonly last: number | null;

  constructor(log: string, last: number | null) {
    super(`the log ${log} stands at ${last ?? 'no number'} of the sequence, not where the batch begins`);
    this.name = 'SequenceGapError';
    this.last = last;
  }
}

/** The backend cannot be reached or did not answer in time. The outcome of the command is unknown. */
export class BrokerUnavailableError extends Error {
  constructor(cause?: unknown) {
    super('the broker cannot be reached', { cause });
    this.name = 'BrokerUnavailableError';
  }
}

/** The log is in a later generation than this process, which does not know it yet. */
export class OutdatedError extends BrokerUnavailableError {
  constructor(log: string) {
    super(new Error(`the log ${log} is in a later generation than this process`));
    this.name = 'OutdatedError';
  }
}

/** Logs with history and live delivery: in memory for one process, in Redis for a fleet. */
export interface Broker {
  /**
   * Appends a batch in order, or nothing if its whole `sequence` was published before.
   * @returns the log's position after it
   * @throws FencedError, SequenceGapError, BrokerUnavailableError
   */
  publish(log: string, events: readonly Payload[], options?: PublishOptions): Promise<Position>;
  /** At most `limit` events after a position, oldest first. An empty page means that `after` is the head. */
  history(log: string, after: Position, limit: number): Promise<HistoryPage | HistoryLoss>;
  /**
   * Starts live delivery. All listeners of a log share one backend subscription. The first events may arrive before the
   * promise resolves.
   */
  subscribe(log: string, listener: LogListener): Promise<Subscription>;
  /** The log's newest position. Creates the log if there is none. */
  head(log: string): Promise<Position>;
  /** The newest event of every key. */
  state(log: string): Promise<LogState>;
  /** How many processes listen to a log now. @throws BrokerUnavailableError */
  audience(log: string): Promise<number>;
  close(): Promise<void>;
}
