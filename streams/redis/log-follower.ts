import type { Logger } from 'pino';
import type { LogEvent, LogListener, Position } from '../core/broker.ts';
import type { RedisRing } from './redis-ring.ts';
import type { Batch } from './redis-wire.ts';

const PAGE = 1000;
/** Batches held while the ring is read. Further ones are dropped, and read from the ring afterwards. */
const MAX_HELD = 256;

/**
 * One process's position in one log: turns messages that may be lost, late, repeated or from another epoch into strictly
 * consecutive delivery. A message is delivered only if it follows the last one; otherwise the ring is read from there.
 */
export class LogFollower {
  readonly log: string;
  readonly #ring: RedisRing;
  readonly #logger: Logger;
  readonly #listeners = new Set<LogListener>();
  /** `null` until the first head is known. */
  #position: Position | null = null;
  #held: Batch[] = [];
  #dropped = false;
  #reading: Promise<void> | null = null;
  #away = false;
  #closed = false;

  constructor(log: string, ring: RedisRing, logger: Logger) {
    this.log = log;
    this.#ring = ring;
    this.#logger = logger;
  }

  get away(): boolean {
    return this.#away;
  }

  get isOpen(): boolean {
    return this.#position !== null;
  }

  isAt(head: Position | null): boolean {
    return head !== null && this.#position?.epoch === head.epoch && this.#position.offset === head.offset;
  }

  /** The head, read after the subscription was confirmed: nothing can be missed between the two. */
  open(position: Position): void {
    this.#position = position;
    if (!this.#drain()) void this.catchUp().catch(() => this.setAway());
  }

  /** @returns the position after which the listener gets every event */
  add(listener: LogListener): Position {
    if (!this.#position) throw new Error('the log is not being followed');
    this.#listeners.add(listener);
    return { ...this.#position };
  }

  remove(listener: LogListener): void {
    this.#listeners.delete(listener);
  }

  receive(batch: Batch): void {
    if (this.#closed) return;
    if (this.#position === null || this.#reading !== null) {
      if (this.#held.length < MAX_HELD) this.#held.push(batch);
      else this.#dropped = true;
    } else if (!this.#apply(batch)) {
      // On failure the position stays; the next head check tries again.
      void this.catchUp().catch(() => this.setAway());
    }
  }

  /** Reads the ring and delivers, up to its head. @throws BrokerUnavailableError */
  catchUp(): Promise<void> {
    // A read that ends within the call would look as if it were still under way.
    if (this.#position === null || this.#closed) return Promise.resolve();
    this.#reading ??= this.#read();
    return this.#reading;
  }

  setAway(): void {
    if (this.#away || this.#closed) return;
    this.#away = true;
    this.#tell((listener) => listener.condition('away'));
  }

  /** The position was found to be at the head, and the subscription works. */
  setBack(): void {
    if (!this.#away || this.#closed) return;
    this.#away = false;
    this.#tell((listener) => listener.condition('back'));
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#held = [];
  }

  async #read(): Promise<void> {
    try {
      let done = this.#position === null;
      while (!done && !this.#closed) done = (await this.#readPage()) && this.#drain();
    } finally {
      // In the same turn as the last drain, so that no message is held without anything to drain it.
      this.#reading = null;
    }
  }

  /** @returns whether the position was at the head */
  async #readPage(): Promise<boolean> {
    const after = this.#position;
    if (after === null) return true;
    const page = await this.#ring.read(this.log, after, PAGE, true);
    if (this.#closed) return true;
    if (page.status === 'ok') {
      // The epoch may be a successor of ours that kept our place: that is no reset.
      this.#position = { epoch: page.head.epoch, offset: after.offset };
      this.#deliver(page.events);
      return (this.#position?.offset ?? 0) >= page.head.offset;
    }
    // Ahead of the head in its own epoch: offsets that were delivered are about to be given out again.
    const position = page.status === 'ahead' ? await this.#ring.rotate(this.log, page.head.epoch) : page.head;
    if (this.#closed) return true;
    this.#position = position;
    const reason = page.status === 'expired' ? 'expired' : 'epoch';
    this.#tell((listener) => listener.reset({ ...position }, reason));
    return true;
  }

  /** Applies the held batches. @returns whether all of them followed */
  #drain(): boolean {
    let whole = !this.#dropped;
    const held = this.#held;
    this.#held = [];
    this.#dropped = false;
    for (const batch of held) whole = this.#apply(batch) && whole;
    return whole;
  }

  /** @returns false when the ring must be read first */
  #apply(batch: Batch): boolean {
    const position = this.#position;
    if (position === null || batch.epoch !== position.epoch) return false;
    const next = position.offset + 1;
    if (batch.first > next) return false;
    this.#deliver(batch.events.slice(next - batch.first));
    return true;
  }

  #deliver(events: readonly LogEvent[]): void {
    const last = events[events.length - 1];
    if (this.#position === null || last === undefined) return;
    const { epoch } = this.#position;
    this.#position = { epoch, offset: last.offset };
    this.#tell((listener) => listener.events(epoch, events));
  }

  #tell(what: (listener: LogListener) => void): void {
    // A copy: a listener that is added during a delivery is already past it.
    const present = [...this.#listeners];
    for (const listener of present) {
      try {
        what(listener);
      } catch (error) {
        this.#logger.error({ err: error, ring: this.log }, 'a listener of the log failed');
      }
    }
  }
}
