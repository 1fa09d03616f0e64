import type { Clock } from './clock.ts';
import type { Counters, Usage, Window } from './counters.ts';

interface Count {
  used: number;
  /** By the monotonic clock. */
  endsAt: number;
}

/**
 * Counters of this process, bounded: at most `maxKeys` of each window, so that who comes from ever new addresses makes
 * it forget, not grow. A window's keys lie in the order in which they end, so that what goes first would have gone next.
 */
export class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #byWindow = new Map<string, Map<string, Count>>();

  constructor({ clock, maxKeys }: { clock: Clock; maxKeys: number }) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  take(window: Window, key: string): Promise<Usage> {
    const now = this.#clock.monotonic();
    const counts = this.#countsOf(window);
    const found = counts.get(key);
    if (found !== undefined && found.endsAt > now) {
      found.used += 1;
      return Promise.resolve({ used: found.used, resetMs: found.endsAt - now });
    }
    // Taken out first, so that it comes to stand behind all others.
    counts.delete(key);
    for (const [oldest, { endsAt }] of counts) {
      if (endsAt > now && counts.size < this.#maxKeys) break;
      counts.delete(oldest);
    }
    const resetMs = window.seconds * 1000;
    counts.set(key, { used: 1, endsAt: now + resetMs });
    return Promise.resolve({ used: 1, resetMs });
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

  /** How many keys are kept. */
  get size(): number {
    let size = 0;
    for (const counts of this.#byWindow.values()) size += counts.size;
    return size;
  }

  #countsOf({ name }: Window): Map<string, Count> {
    let counts = this.#byWindow.get(name);
    if (counts === undefined) {
      counts = new Map();
      this.#byWindow.set(name, counts);
    }
    return counts;
  }
}
