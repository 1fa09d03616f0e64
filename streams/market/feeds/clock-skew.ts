/** Ticks that are looked back at. */
const WINDOW = 64;
/** Less than this may be chance. */
const TOLERANCE_MS = 1_000;

/** By how much the clock of a source is ahead, by the ticks that came: none can be older than when it was sent. */
export class ClockSkew {
  readonly #leads: number[] = [];

  /** @param time of a live tick, as its source has it */
  arrived(time: number, now: number): void {
    this.#leads.push(time - now);
    if (this.#leads.length > WINDOW) this.#leads.shift();
  }

  /** At least so much, milliseconds; 0 if it is not known to be ahead. */
  get aheadMs(): number {
    const least = this.#leads.length === 0 ? 0 : Math.min(...this.#leads);
    return least >= TOLERANCE_MS ? least : 0;
  }

  /** A time of the source by the clock of this machine: never far ahead of it. */
  correct(time: number, now: number): number {
    return Math.min(time - this.aheadMs, now + TOLERANCE_MS);
  }
}
