import { type Clock, systemClock } from '../../lib/clock.ts';

/** The system's clock, which may be turned; timers keep to the real one. */
export class ShiftedClock implements Clock {
  #shift = 0;
  /** All that it was ever turned forward: durations are never negative. */
  #ahead = 0;
  readonly after = systemClock.after;
  readonly every = systemClock.every;

  /** Milliseconds that it is ahead. */
  get shift(): number {
    return this.#shift;
  }

  set shift(shift: number) {
    this.#ahead += Math.max(0, shift - this.#shift);
    this.#shift = shift;
  }

  now(): number {
    return systemClock.now() + this.#shift;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead;
  }
}
