import type { Clock } from '../../lib/clock.ts';
import type { Position } from './broker.ts';
import type { FlushScheduler, Flushable } from './flush-scheduler.ts';
import type { Frame } from './frame.ts';
import type { FrameReceiver, LogView } from './log-view.ts';
import { type QueuedFrame, SendQueue } from './send-queue.ts';
import { SharedText } from './shared-text.ts';
import type { StreamObserver } from './stream-observer.ts';
import type { Wire } from './wire.ts';

/** Live frames of one log, in order, as every member of a cohort gets them. */
export interface Batch {
  log: string;
  frames: readonly QueuedFrame[];
  /** Offsets of the first and of the last frame. */
  first: number;
  last: number;
  /** Cursor part after the last frame. */
  reached: string;
  /** All frames with their ids, for members that are in step. */
  shared: SharedText;
  conflated: number;
  /** When the first frame's event was published, epoch milliseconds. */
  publishedAt: number;
  /** When it is sent, by the monotonic clock. */
  sentAt: number;
}

export interface CohortMember extends Pick<FrameReceiver, 'resetLog' | 'conditionChanged'> {
  /** Writes the batch, or queues what it has not had of it. @returns whether it was written */
  take(batch: Batch): boolean;
}

/** So many writes take a few milliseconds; encoding once more for as many again is next to nothing beside them. */
const COHORT_SIZE = 500;

/**
 * Live connections that read the same channels of one log in the same format. Their ids are the same too, so a
 * window's events are queued, joined and encoded once, and each member that is in step writes the same bytes: an event
 * costs as much for hundreds of readers as for one, and only the write is per connection.
 */
export class Cohort implements FrameReceiver, Flushable {
  lastFlush = 0;
  readonly flushMs: number | null;
  readonly #observer: StreamObserver;
  readonly #key: string;
  readonly #view: LogView;
  readonly #channels: readonly string[];
  readonly #idHead: string;
  readonly #wire: Wire;
  readonly #scheduler: FlushScheduler;
  readonly #clock: Clock;
  /** More than this is not gathered, since a member that is behind could not queue it. */
  readonly #queueBytes: number;
  readonly #members = new Set<CohortMember>();
  readonly #queue = new SendQueue();
  #conflated = 0;

  constructor(
    key: string,
    view: LogView,
    selection: { channels: readonly string[]; idHead: string; wire: Wire; flushMs: number | null },
    environment: { scheduler: FlushScheduler; clock: Clock; queueBytes: number; observer: StreamObserver },
  ) {
    this.#key = key;
    this.#view = view;
    this.#channels = selection.channels;
    this.#idHead = selection.idHead;
    this.#wire = selection.wire;
    this.flushMs = selection.flushMs;
    this.#observer = environment.observer;
    this.#scheduler = environment.scheduler;
    this.#clock = environment.clock;
    this.#queueBytes = environment.queueBytes;
  }

  /** It takes nobody else: the write to all its members is one turn of the loop. */
  get isFull(): boolean {
    return this.#members.size >= COHORT_SIZE;
  }

  /** Frames that no member has got yet. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(member: CohortMember): void {
    if (this.#members.size === 0) this.#view.add(this, this.#channels);
    this.#members.add(member);
  }

  remove(member: CohortMember): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#view.remove(this, this.#channels);
    this.#view.forgetCohort(this.#key, this);
    this.#scheduler.cancel(this);
    this.#queue.clear();
  }

  deliver(log: string, _position: Position, frames: readonly Frame[]): void {
    frames.forEach((frame, index) => {
      this.#queue.push({ frame, log, views: index + 1 < frames.length ? index + 1 : 0 });
    });
    if (this.#queue.bytes > this.#queueBytes) this.flush();
    else this.#scheduler.request(this);
  }

  resetLog(log: string, position: Position, reason: string): void {
    this.#queue.clear();
    for (const member of this.#members) member.resetLog(log, position, reason);
  }

  conditionChanged(log: string, state: 'away' | 'back'): void {
    this.flush();
    for (const member of this.#members) member.conditionChanged(log, state);
  }

  flush(): void {
    const batch = this.#nextBatch();
    if (batch === null) return;
    const { frames, conflated } = batch;
    if (conflated > 0) this.#observer.dropped('conflated', conflated * this.#members.size);
    let writes = 0;
    for (const member of this.#members) if (member.take(batch)) writes += 1;
    // Behind the writes, as nothing can have come meanwhile: the next window is for gathering alone.
    this.lastFlush = this.#clock.monotonic();
    if (writes === 0) return;
    this.#observer.flushed(writes, writes * frames.length, this.#clock.now() - batch.publishedAt);
  }

  #nextBatch(): Batch | null {
    const frames: QueuedFrame[] = [];
    for (const item of this.#queue.take()) if ('frame' in item) frames.push(item);
    const first = frames[0];
    const last = frames.at(-1);
    if (first === undefined || last === undefined) return null;
    let text = '';
    for (const { frame, views } of frames) {
      text += this.#wire.frame(frame, `${this.#idHead}.${frame.part(views)}`);
    }
    const conflated = this.#queue.conflated - this.#conflated;
    this.#conflated += conflated;
    return {
      log: this.#view.log,
      frames,
      first: first.frame.offset,
      last: last.frame.offset,
      reached: last.frame.part(last.views),
      shared: new SharedText(text),
      conflated,
      publishedAt: first.frame.at,
      sentAt: this.#clock.monotonic(),
    };
  }
}
