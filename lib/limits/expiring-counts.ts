import type { Clock } from '../clock.ts';

/** When a count ends, by the monotonic clock. */
export interface Expiring {
  endsAt: number;
}

/**
 * A count for each key, for the length of a window that begins with `set`; after that the key is gone.
 *
 * At most `maxKeys` are kept, so that clients with ever-changing addresses cannot exhaust the memory. When it is full,
 * the older half is dropped at once: deleting the first key of a Map for each new one would walk over all deleted ones.
 */
export class ExpiringCounts<T extends object> extends Map<string, T & Expiring> {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  #sweepAt: number;

  constructor({ clock, windowMs, maxKeys }: { clock: Clock; windowMs: number; maxKeys: number }) {
    super();
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
    this.#sweepAt = clock.monotonic() + windowMs;
  }

  override get(key: string): (T & Expiring) | undefined {
    const found = super.get(key);
    return found !== undefined && found.endsAt > this.#clock.monotonic() ? found : undefined;
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  override set(key: string, count: T): this {
    const now = this.#clock.monotonic();
    this.delete(key);
    if (now >= this.#sweepAt) this.#dropEnded(now);
    if (this.size >= this.#maxKeys) this.#dropOldest(this.#maxKeys / 2);
    return super.set(key, { ...count, endsAt: now + this.#windowMs });
  }

  /** Once a window: the keys are in the order in which their windows end. */
  #dropEnded(now: number): void {
    this.#sweepAt = now + this.#windowMs;
    for (const [key, { endsAt }] of this) {
      if (endsAt > now) return;
      this.delete(key);
    }
  }

  #dropOldest(count: number): void {
    let left = count;
    for (const key of this.keys()) {
      if (left <= 0) return;
      this.delete(key);
      left -= 1;
    }
  }
}
