import { systemClock } from '../../lib/clock.ts';
import { ShiftedClock } from './shifted-clock.ts';

/** A clock whose longer timers can be held back: what happens meanwhile has waited for none of them. */
export class HeldClock extends ShiftedClock {
  #limit = Infinity;
  #held: (() => void)[] = [];

  /** Timers of more than `limit` milliseconds do not run until `release`, whenever they were set. */
  hold(limit: number): void {
    this.#limit = limit;
  }

  release(): void {
    this.#limit = Infinity;
    const held = this.#held;
    this.#held = [];
    for (const task of held) task();
  }

  override readonly after = (ms: number, task: () => void): (() => void) => this.#add('after', ms, task);

  override readonly every = (ms: number, task: () => void): (() => void) => this.#add('every', ms, task);

  #add(kind: 'after' | 'every', ms: number, task: () => void): () => void {
    let isCancelled = false;
    const run = (): void => {
      if (!isCancelled) task();
    };
    const cancel = systemClock[kind](ms, () => {
      if (ms <= this.#limit) run();
      else if (kind === 'after') this.#held.push(run);
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}
