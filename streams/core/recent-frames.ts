import type { Frame } from './frame.ts';

/** Events and bytes of event data kept at most. */
const MAX_EVENTS = 2_000;
const MAX_BYTES = 2 * 1024 * 1024;

interface Entry {
  frames: Frame[];
  bytes: number;
}

/**
 * The frames of a log's newest events, by offset. Clients that come back together after a cut have missed the same
 * events, which are encoded once for all of them.
 */
export class RecentFrames {
  #epoch = '';
  #bytes = 0;
  readonly #entries = new Map<number, Entry>();

  get(epoch: string, offset: number): Frame[] | null {
    return epoch === this.#epoch ? (this.#entries.get(offset)?.frames ?? null) : null;
  }

  add(epoch: string, offset: number, frames: Frame[], bytes: number): void {
    if (epoch !== this.#epoch) this.clear();
    this.#epoch = epoch;
    if (this.#entries.has(offset)) return;
    this.#entries.set(offset, { frames, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= MAX_EVENTS && this.#bytes <= MAX_BYTES) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
