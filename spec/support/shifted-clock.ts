import { type Clock, systemClock } from '../../lib/clock.ts';

/** The system's clock, which may be turned forward; timers keep to the real one. */
export class ShiftedClock implements Clock {
  /** Milliseconds that it is ahead. */
  shift = 0;
  readonly after = systemClock.after;
  readonly every = systemClock.every;

  now(): number {
    return systemClock.now() + this.shift;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.shift;
  }
}
