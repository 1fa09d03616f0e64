import type { Clock } from '../clock.ts';
import type { Counters, Usage, Window } from './counters.ts';
import { ExpiringCounts } from './expiring-counts.ts';

interface Count {
  used: number;
}

/** Counters of this process: at most `maxKeys` of each window. */
export class MemoryCounters implements Counters {
  readonly scope = 'process';
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #byWindow = new Map<string, ExpiringCounts<Count>>();

  constructor({ clock, maxKeys }: { clock: Clock; maxKeys: number }) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  take(window: Window, key: string): Promise<Usage> {
    const found = this.#countsOf(window).get(key);
    if (found === undefined) return Promise.resolve(this.note(window, key, 1));
    found.used += 1;
    return Promise.resolve({ used: found.used, resetMs: found.endsAt - this.#clock.monotonic() });
  }

  giveBack(window: Window, key: string): Promise<void> {
    const found = this.#countsOf(window).get(key);
    if (found !== undefined && found.used > 0) found.used -= 1;
    return Promise.resolve();
  }

  forget(window: Window, key: string): Promise<void> {
    this.#countsOf(window).delete(key);
    return Promise.resolve();
  }

  /** Sets the count of a key, without restarting its window. */
  note(window: Window, key: string, used: number): Usage {
    const counts = this.#countsOf(window);
    const found = counts.get(key);
    if (found === undefined) {
      counts.set(key, { used });
      return { used, resetMs: window.seconds * 1000 };
    }
    found.used = used;
    return { used, resetMs: found.endsAt - this.#clock.monotonic() };
  }

  get size(): number {
    let size = 0;
    for (const counts of this.#byWindow.values()) size += counts.size;
    return size;
  }

  #countsOf({ name, seconds }: Window): ExpiringCounts<Count> {
    let counts = this.#byWindow.get(name);
    if (counts === undefined) {
      counts = new ExpiringCounts({ clock: this.#clock, windowMs: seconds * 1000, maxKeys: this.#maxKeys });
      this.#byWindow.set(name, counts);
    }
    return counts;
  }
}
