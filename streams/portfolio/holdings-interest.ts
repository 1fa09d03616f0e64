import type { Clock } from '../../lib/clock.ts';

/** How often a node says that it watches the holdings, and how long the others remember it. */
const INTEREST_MS = 5_000;
const INTEREST_MEMORY_MS = 15_000;

/** Who wants the holdings of one portfolio: watchers on this node, and nodes that have said so in its log. */
export class HoldingsInterest {
  readonly #clock: Clock;
  readonly #remind: () => void;
  #watchers = 0;
  /** Until when another node's request lasts, by the monotonic clock. */
  #wantedUntil = Number.NEGATIVE_INFINITY;
  #cancelReminders: (() => void) | null = null;

  /** @param remind called every few seconds while this node has readers */
  constructor(clock: Clock, remind: () => void) {
    this.#clock = clock;
    this.#remind = remind;
  }

  get isWanted(): boolean {
    return this.#watchers > 0 || this.#clock.monotonic() < this.#wantedUntil;
  }

  /** A watcher on this node. @returns a function that ends it, to be called once */
  add(): () => void {
    this.#watchers += 1;
    this.#cancelReminders ??= this.#clock.every(INTEREST_MS, this.#remind);
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.close();
    };
  }

  /** Another node has asked. @returns whether they had no readers before */
  hear(): boolean {
    const isNew = !this.isWanted;
    this.#wantedUntil = this.#clock.monotonic() + INTEREST_MEMORY_MS;
    return isNew;
  }

  close(): void {
    this.#cancelReminders?.();
    this.#cancelReminders = null;
  }
}
