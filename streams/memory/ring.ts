import type { LogBounds, LogEvent } from '../core/broker.ts';

/** The bytes that an event counts. The Redis scripts count the same way. */
function sizeOf(event: LogEvent): number {
  return Buffer.byteLength(event.data) + (event.key === undefined ? 0 : Buffer.byteLength(event.key));
}

/**
 * The retained tail of one log: consecutive offsets up to `head`. Finding an offset is arithmetic; dropping the
 * oldest only moves `#start`. The array is compacted when half of it is unused, so both take amortised O(1).
 */
export class Ring {
  #events: (LogEvent | undefined)[] = [];
  #start = 0;
  #bytes = 0;
  #head = 0;

  get head(): number {
    return this.#head;
  }

  /** Offset of the oldest retained event; `head + 1` when nothing is retained. */
  get first(): number {
    return this.#head + 1 - (this.#events.length - this.#start);
  }

  append(event: LogEvent): void {
    this.#events.push(event);
    this.#head = event.offset;
    this.#bytes += sizeOf(event);
  }

  /** Drops the oldest events until every bound holds at the time `now`. */
  trim(bounds: LogBounds, now: number): void {
    let oldest = this.#events[this.#start];
    while (oldest !== undefined) {
      const over =
        this.#events.length - this.#start > bounds.events ||
        this.#bytes > bounds.bytes ||
        oldest.at < now - bounds.ageMs;
      if (!over) break;
      this.#bytes -= sizeOf(oldest);
      this.#events[this.#start] = undefined;
      this.#start += 1;
      oldest = this.#events[this.#start];
    }
    if (this.#start > 32 && this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }

  /** At most `limit` events after `offset`, which must be at or above `first - 1`. */
  after(offset: number, limit: number): LogEvent[] {
    const from = this.#start + (offset + 1 - this.first);
    const page: LogEvent[] = [];
    for (const event of this.#events.slice(from, from + limit)) if (event) page.push(event);
    return page;
  }
}
