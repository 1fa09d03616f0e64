import type { Clock } from '../clock.ts';

/** A timer on the wheel. */
export interface Spoke {
  /** Called when it is due. @returns when to call again, by the monotonic clock; `null`: never */
  due(now: number): number | null;
}

/** Resolution of the wheel. */
const TICK_MS = 250;
/** One turn takes 128 s. A timer that is due later stays for several turns. */
const SLOTS = 512;

/**
 * Many timers for the price of one. A tick checks only the timers in its slot: with 10,000 connections and a heartbeat
 * every 15 s, about 170 of them. A connection that writes moves nothing; a timer that turns out not to be due yet is
 * put into a later slot.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: Map<Spoke, number>[] = Array.from({ length: SLOTS }, () => new Map());
  /** The slot of each spoke. */
  readonly #places = new Map<Spoke, Map<Spoke, number>>();
  readonly #cancel: () => void;
  /** The last tick that was handled. */
  #tick: number;
  /** How far the wall clock is ahead of the monotonic one. */
  #ahead: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.monotonic() / TICK_MS);
    this.#ahead = clock.now() - clock.monotonic();
    this.#cancel = clock.every(TICK_MS, () => this.#turn());
  }

  get size(): number {
    return this.#places.size;
  }

  /** Calls a spoke at a time (monotonic), up to a tick later. A spoke that is on the wheel is moved. */
  put(spoke: Spoke, at: number): void {
    this.remove(spoke);
    const tick = Math.max(this.#tick + 1, Math.ceil(at / TICK_MS));
    const slot = this.#slots[tick % SLOTS];
    slot?.set(spoke, tick);
    if (slot !== undefined) this.#places.set(spoke, slot);
  }

  remove(spoke: Spoke): void {
    this.#places.get(spoke)?.delete(spoke);
    this.#places.delete(spoke);
  }

  close(): void {
    this.#cancel();
    this.#places.clear();
    for (const slot of this.#slots) slot.clear();
  }

  #turn(): void {
    const now = this.#clock.monotonic();
    const current = Math.floor(now / TICK_MS);
    // After a sleep of more than a turn, every slot is checked once.
    const from = Math.max(this.#tick + 1, current - SLOTS + 1);
    this.#tick = current;
    for (let tick = from; tick <= current; tick += 1) {
      for (const [spoke, due] of this.#slots[tick % SLOTS] ?? []) if (due <= current) this.#call(spoke, now);
    }
    const ahead = this.#clock.now() - now;
    if (Math.abs(ahead - this.#ahead) < TICK_MS) return;
    // The wall clock was set: a timer that follows it may be due now, or much later.
    this.#ahead = ahead;
    const all = [...this.#places.keys()];
    for (const spoke of all) this.#call(spoke, now);
  }

  #call(spoke: Spoke, now: number): void {
    this.remove(spoke);
    const next = spoke.due(now);
    if (next !== null) this.put(spoke, next);
  }
}
