import type { Clock } from '../../lib/clock.ts';
import type { Position } from './broker.ts';
import type { FlushScheduler, Flushable } from '../../lib/async/flush-scheduler.ts';
import type { Frame } from './frame.ts';
import type { FrameReceiver, FrameRouter } from './frame-router.ts';
import { type QueuedFrame, SendQueue } from './send-queue.ts';
import { SharedText } from './sink.ts';
import type { StreamObserver } from './stream-observer.ts';
import type { Wire } from './wire.ts';

/** Live frames of one log, in order, for every member of a cohort. */
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
  /** Writes the batch, or queues the part of it that the member lacks. @returns whether it was written */
  take(batch: Batch): boolean;
}

/** What the members of a cohort have in common. */
export interface CohortSelection {
  channels: readonly string[];
  idHead: string;
  wire: Wire;
  flushMs: number | null;
}

export interface CohortEnvironment {
  scheduler: FlushScheduler;
  clock: Clock;
  /** No more than this is gathered: a member that is behind could not queue it. */
  queueBytes: number;
  observer?: StreamObserver | undefined;
}

/** This many writes take a few milliseconds. Encoding again for the next cohort costs almost nothing in comparison. */
const COHORT_SIZE = 500;

/**
 * Live connections that read the same channels of one log in the same format. Their ids are the same too, so the events
 * of a window are queued, joined and encoded once, and every member that is in step writes the same bytes.
 */
export class Cohort implements FrameReceiver, Flushable {
  lastFlush = 0;
  readonly flushMs: number | null;
  readonly #router: FrameRouter;
  readonly #selection: CohortSelection;
  readonly #environment: CohortEnvironment;
  readonly #members = new Set<CohortMember>();
  readonly #queue = new SendQueue();
  readonly #onEmpty: () => void;

  constructor(
    router: FrameRouter,
    selection: CohortSelection,
    environment: CohortEnvironment,
    onEmpty: () => void,
  ) {
    this.#router = router;
    this.#onEmpty = onEmpty;
    this.#selection = selection;
    this.#environment = environment;
    this.flushMs = selection.flushMs;
  }

  /** Whether it takes no more members: writing to all of them is a single turn of the event loop. */
  get isFull(): boolean {
    return this.#members.size >= COHORT_SIZE;
  }

  /** Frames that no member has received yet. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(member: CohortMember): void {
    if (this.#members.size === 0) this.#router.add(this, this.#selection.channels);
    this.#members.add(member);
  }

  remove(member: CohortMember): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#router.remove(this, this.#selection.channels);
    this.#onEmpty();
    this.#environment.scheduler.cancel(this);
    this.#queue.clear();
  }

  deliver(log: string, _position: Position, frames: readonly Frame[]): void {
    this.#queue.pushEvent(log, frames);
    if (this.#queue.bytes > this.#environment.queueBytes) this.flush();
    else this.#environment.scheduler.request(this);
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
    if (conflated > 0) this.#environment.observer?.dropped('conflated', conflated * this.#members.size);
    let writes = 0;
    for (const member of this.#members) if (member.take(batch)) writes += 1;
    // Measured after the writes, so that the next window is for gathering only.
    this.lastFlush = this.#environment.clock.monotonic();
    if (writes === 0) return;
    this.#environment.observer?.flushed(
      writes,
      writes * frames.length,
      this.#environment.clock.now() - batch.publishedAt,
    );
  }

  #nextBatch(): Batch | null {
    const frames: QueuedFrame[] = [];
    const { items, conflated } = this.#queue.take();
    for (const item of items) if ('frame' in item) frames.push(item);
    const first = frames[0];
    const last = frames.at(-1);
    if (first === undefined || last === undefined) return null;
    const { wire, idHead } = this.#selection;
    let text = '';
    for (const { frame, views } of frames) {
      text += wire.frame(frame, `${idHead}.${frame.part(views)}`);
    }
    return {
      log: this.#router.log,
      frames,
      first: first.frame.offset,
      last: last.frame.offset,
      reached: last.frame.part(last.views),
      shared: new SharedText(text),
      conflated,
      publishedAt: first.frame.at,
      sentAt: this.#environment.clock.monotonic(),
    };
  }
}

/** The cohorts of one log. */
export class Cohorts {
  readonly #router: FrameRouter;
  readonly #bySelection = new Map<string, Set<Cohort>>();

  constructor(router: FrameRouter) {
    this.#router = router;
  }

  /** Adds a member to a cohort with the same selection that has room. */
  join(member: CohortMember, selection: CohortSelection, environment: CohortEnvironment): Cohort {
    const { channels, idHead, wire, flushMs } = selection;
    const key = `${wire.name} ${flushMs ?? ''} ${idHead} ${channels.join(',')}`;
    const cohorts = this.#bySelection.get(key) ?? new Set();
    this.#bySelection.set(key, cohorts);
    let cohort = [...cohorts].find(({ isFull }) => !isFull);
    if (cohort === undefined) {
      const made = new Cohort(this.#router, selection, environment, () => {
        cohorts.delete(made);
        if (cohorts.size === 0 && this.#bySelection.get(key) === cohorts) this.#bySelection.delete(key);
      });
      cohorts.add(made);
      cohort = made;
    }
    cohort.add(member);
    return cohort;
  }
}
