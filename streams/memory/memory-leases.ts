import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Lease, Leases } from '../core/lease.ts';

/** Leases within one process. They never expire: they end with the process, as their holders do. */
export class MemoryLeases implements Leases {
  readonly #held = new Map<string, AbortController>();
  readonly #clock: Clock;
  /** One counter for all names, so that no name takes up memory. */
  #fence = 0;
  #closed = false;

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
  }

  async acquire(name: string): Promise<Lease | null> {
    if (this.#closed || this.#held.has(name)) return null;
    const controller = new AbortController();
    this.#held.set(name, controller);
    // At least the time, as in Redis: a database may remember fences for longer than a process lives.
    this.#fence = Math.max(this.#fence + 1, this.#clock.now());
    return {
      fence: this.#fence,
      signal: controller.signal,
      release: async () => {
        if (this.#held.get(name) === controller) this.#held.delete(name);
        controller.abort();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const controller of held) controller.abort();
  }
}
