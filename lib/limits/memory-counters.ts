import type { Clock } from '../clock.ts';
import type { Counters, Usage, Window } from './counters.ts';

interface Count {
  used: number;
  /** By the monotonic clock. */
  endsAt: number;
}

/** The counts of one window: the younger half, and the older half, which is dropped as a whole. */
interface Generations {
  young: Map<string, Count>;
  old: Map<string, Count>;
  /** When the younger half was begun. */
  begunAt: number;
}

/**
 * Counters of this process, bounded: at most `maxKeys` of each window, so that who comes from ever new addresses makes
 * it forget, not grow. Forgotten is what began first, and not before half as many others have come.
 *
 * Two generations and not one map with its first key deleted: a Map walks over all that was deleted before it.
 */
export class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #byWindow = new Map<string, Generations>();

  constructor({ clock, maxKeys }: { clock: Clock; maxKeys: number }) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  take(window: Window, key: string): Promise<Usage> {
    const now = this.#clock.monotonic();
    const windowMs = window.seconds * 1000;
    const generations = this.#generationsOf(window, now);
    const found = generations.young.get(key) ?? generations.old.get(key);
    if (found !== undefined && found.endsAt > now) {
      found.used += 1;
      return Promise.resolve({ used: found.used, resetMs: found.endsAt - now });
    }
    // After a whole window nothing of the older half is still running.
    if (generations.young.size >= this.#maxKeys / 2 || now - generations.begunAt >= windowMs) {
      Object.assign(generations, { young: new Map(), old: generations.young, begunAt: now });
    }
    generations.old.delete(key);
    generations.young.set(key, { used: 1, endsAt: now + windowMs });
    return Promise.resolve({ used: 1, resetMs: windowMs });
  }

  giveBack(window: Window, key: string): Promise<void> {
    const { young, old } = this.#generationsOf(window, this.#clock.monotonic());
    const found = young.get(key) ?? old.get(key);
    if (found !== undefined && found.used > 0) found.used -= 1;
    return Promise.resolve();
  }

  forget(window: Window, key: string): Promise<void> {
    const { young, old } = this.#generationsOf(window, this.#clock.monotonic());
    young.delete(key);
    old.delete(key);
    return Promise.resolve();
  }

  /** How many keys are kept. */
  get size(): number {
    let size = 0;
    for (const { young, old } of this.#byWindow.values()) size += young.size + old.size;
    return size;
  }

  #generationsOf({ name }: Window, now: number): Generations {
    let generations = this.#byWindow.get(name);
    if (generations === undefined) {
      generations = { young: new Map(), old: new Map(), begunAt: now };
      this.#byWindow.set(name, generations);
    }
    return generations;
  }
}
