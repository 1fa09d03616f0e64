import type { Clock } from '../../lib/clock.ts';

/**
 * A task that runs repeatedly, one run at a time, at the earliest time requested. What is requested during a run comes
 * after it. A run cannot be awaited, so no run can wait for itself.
 */
export class SerialTask {
  readonly #clock: Clock;
  readonly #task: () => Promise<void>;
  #isRunning = false;
  /** The run under way, or the last one. */
  #run: Promise<void> = Promise.resolve();
  /** When the next run is due, by the monotonic clock. */
  #dueAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  /** @param task must handle its own failures: it must not reject */
  constructor(clock: Clock, task: () => Promise<void>) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Whether a run is under way or due. If not, nothing happens until one is requested. */
  get isPending(): boolean {
    return this.#isRunning || this.#dueAt !== Number.POSITIVE_INFINITY;
  }

  /** Within the current turn of the event loop if it is idle. */
  runNow(): void {
    if (this.#isClosed) return;
    if (this.#isRunning) this.runIn(0);
    else this.#begin();
  }

  runIn(ms: number): void {
    const dueAt = this.#clock.monotonic() + Math.max(0, ms);
    if (this.#isClosed || dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    if (!this.#isRunning) this.#arm();
  }

  /** Starts no more runs. Resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#disarm();
    await this.#run;
  }

  #arm(): void {
    this.#cancel?.();
    const ms = Math.max(0, this.#dueAt - this.#clock.monotonic());
    this.#cancel = this.#clock.after(ms, () => this.#begin());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #begin(): void {
    this.#disarm();
    this.#isRunning = true;
    this.#run = this.#task().finally(() => {
      this.#isRunning = false;
      if (!this.#isClosed && this.isPending) this.#arm();
    });
  }
}
