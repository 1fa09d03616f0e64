import type { Clock } from '../../lib/clock.ts';

interface Timer {
  due: number;
  /** Repeats when set. */
  period: number | null;
  task: () => void;
}

/** A clock that only moves when told to. Starts at 2024-01-01T00:00:00Z. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #wall: number;
  #elapsed = 0;

  constructor(start = Date.UTC(2024, 0, 1)) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, task: () => void): () => void {
    return this.#add({ due: this.#elapsed + Math.max(0, ms), period: null, task });
  }

  every(ms: number, task: () => void): () => void {
    const period = Math.max(1, ms);
    return this.#add({ due: this.#elapsed + period, period, task });
  }

  /** How many timers are set: a test that closes everything expects 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Time that goes by while something runs: nothing falls due before that is over. */
  spend(ms: number): void {
    this.#elapsed += ms;
  }

  /** Moves on by `ms`, running what falls due in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settled();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      if (timer.period === null) this.#timers.delete(timer);
      else timer.due += timer.period;
      timer.task();
      await settled();
    }
    this.#elapsed = Math.max(this.#elapsed, end);
    await settled();
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    return first;
  }
}

/** A turn of the event loop runs every promise reaction that is ready; two for what those set off. */
async function settled(): Promise<void> {
  for (let i = 0; i < 2; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
