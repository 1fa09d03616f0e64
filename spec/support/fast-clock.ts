import { type Clock, systemClock } from '../../lib/clock.ts';

/** A clock whose timers and stop watch run so many times as fast as the real one. It tells the real time. */
export function fastClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    after: (ms, task) => systemClock.after(ms / factor, task),
    every: (ms, task) => systemClock.every(ms / factor, task),
  };
}
