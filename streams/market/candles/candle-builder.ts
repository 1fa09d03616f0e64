import type { Candle } from '../../../db/market/candles.ts';
import { mul, ZERO } from '../../../lib/money/money.ts';
import { addUp } from './candle-fold.ts';
import type { MarketTick } from '../market-tick.ts';

const MINUTE = 60_000;
/** How long a minute stays open after its end, for ticks that are on their way. */
export const GRACE_MS = 2_000;
/** How many minutes of a symbol are kept, so that a late tick is added to the rest of its minute. */
const KEPT = 5;

interface Building {
  candle: Candle;
  openTime: number;
  /** Differs from what was last handed out to be saved. */
  unsaved: boolean;
  /** Handed out to be saved, and not yet known to be. */
  saving: boolean;
  /** Differs from what was last handed out to be published. */
  unpublished: boolean;
  closed: boolean;
  /** Reopened by a late tick: until `complete` adds what the database has of this minute, it is not saved or published. */
  partial: boolean;
}

interface SymbolMinutes {
  minutes: Map<number, Building>;
  /** Time and arrival of the newest tick: they give the time in this symbol's market, in a replay too. */
  lastTime: number;
  lastArrival: number;
}

export interface CandleChange {
  candle: Candle;
  closed: boolean;
}

/**
 * One-minute candles from ticks. The earliest tick opens a minute and the latest closes it, in whatever order they arrive;
 * at equal times the first to arrive opens and the last closes. A minute is final when a later one has begun, or two
 * seconds after its end. A late tick reopens it.
 */
export class CandleBuilder {
  readonly #symbols = new Map<string, SymbolMinutes>();
  readonly #maxUnsaved: number;
  readonly #hasPast: boolean;
  #unsaved = 0;
  #lost = 0;

  /**
   * @param maxUnsaved how many candles may wait for the database; beyond that, the oldest of a symbol are given up
   * @param hasPast whether the database has earlier minutes: `complete` those that late ticks reopen
   */
  constructor({ maxUnsaved = 50_000, hasPast = false } = {}) {
    this.#maxUnsaved = maxUnsaved;
    this.#hasPast = hasPast;
  }

  /** Candles given up because the database did not take them for too long. */
  get lost(): number {
    return this.#lost;
  }

  /** @param now when it came in: the clock's time, not the tick's */
  add({ symbol, price, quantity, time, simulated }: MarketTick, now: number): void {
    const entry = this.#entry(symbol, time, now);
    const start = Math.floor(time / MINUTE) * MINUTE;
    const building = entry.minutes.get(start);
    const volume = quantity ?? ZERO;
    if (building === undefined) {
      this.#insert(entry, {
        candle: {
          symbol,
          time: start,
          closeTime: time,
          open: price,
          high: price,
          low: price,
          close: price,
          volume,
          quoteVolume: mul(price, volume),
          trades: quantity === null ? 0 : 1,
          simulated,
        },
        openTime: time,
        unsaved: false,
        saving: false,
        unpublished: true,
        closed: false,
        partial: this.#hasPast && start < Math.floor(entry.lastTime / MINUTE) * MINUTE,
      });
      return;
    }
    const { candle } = building;
    if (time < building.openTime) {
      candle.open = price;
      building.openTime = time;
    }
    if (time >= candle.closeTime) {
      candle.close = price;
      candle.closeTime = time;
    }
    if (price > candle.high) candle.high = price;
    if (price < candle.low) candle.low = price;
    candle.volume += volume;
    candle.quoteVolume += mul(price, volume);
    if (quantity !== null) candle.trades += 1;
    if (simulated) candle.simulated = true;
    building.unpublished = true;
    building.closed = false;
    this.#markUnsaved(building);
  }

  /** Publish minutes of [from, to) again: something about them other than their figures has changed. */
  publishAgain(symbol: string, from: number, to: number): void {
    for (const [start, building] of this.#symbols.get(symbol)?.minutes ?? [])
      if (start < to && start + MINUTE > from) building.unpublished = true;
  }

  /** Continues the last candles of an earlier process, finished or not. */
  seed(candles: readonly Candle[], now: number): void {
    for (const candle of candles) {
      const entry = this.#entry(candle.symbol, candle.closeTime, Math.min(now, candle.closeTime));
      entry.minutes.set(candle.time, {
        candle: { ...candle },
        openTime: candle.time,
        unsaved: false,
        saving: false,
        unpublished: false,
        closed: false,
        partial: false,
      });
    }
  }

  /** Minutes that late ticks have reopened, at most `limit`. */
  partial(limit: number): { symbol: string; time: number }[] {
    const found: { symbol: string; time: number }[] = [];
    for (const [symbol, { minutes }] of this.#symbols) {
      for (const [time, { partial }] of minutes) {
        if (found.length >= limit) return found;
        if (partial) found.push({ symbol, time });
      }
    }
    return found;
  }

  /** @param stored what the database has of a minute that late ticks have reopened */
  complete(symbol: string, time: number, stored: Candle | null): void {
    const building = this.#symbols.get(symbol)?.minutes.get(time);
    if (building === undefined || !building.partial) return;
    building.partial = false;
    building.openTime = stored === null ? building.openTime : time;
    building.candle = addUp(stored, building.candle);
  }

  /** What changed since the last call; each candle once as closed. */
  changes(now: number): CandleChange[] {
    const changes: CandleChange[] = [];
    for (const entry of this.#symbols.values()) {
      const marketTime = timeOf(entry, now);
      const newest = Math.floor(entry.lastTime / MINUTE) * MINUTE;
      for (const building of entry.minutes.values()) {
        const { time } = building.candle;
        if (building.partial) continue;
        const ends = !building.closed && (time < newest || marketTime >= time + MINUTE + GRACE_MS);
        if (!ends && !building.unpublished) continue;
        building.unpublished = false;
        if (ends) building.closed = true;
        changes.push({ candle: { ...building.candle }, closed: building.closed });
      }
      this.#forget(entry);
    }
    return changes;
  }

  get unsaved(): number {
    return this.#unsaved;
  }

  /** Hands out at most `limit` candles to be saved. `settle` them afterwards. */
  takeUnsaved(limit: number): Candle[] {
    const candles: Candle[] = [];
    for (const entry of this.#symbols.values()) {
      for (const building of entry.minutes.values()) {
        if (candles.length >= limit || this.#unsaved === 0) return candles;
        if (!building.unsaved || building.partial) continue;
        this.#clean(building);
        building.saving = true;
        candles.push({ ...building.candle });
      }
    }
    return candles;
  }

  /** @param saved `false`: they are handed out again */
  settle(candles: readonly Candle[], saved: boolean): void {
    for (const candle of candles) {
      const building = this.#symbols.get(candle.symbol)?.minutes.get(candle.time);
      if (building === undefined) continue;
      building.saving = false;
      if (!saved) this.#markUnsaved(building);
    }
  }

  /** Another node publishes and saves. This one only keeps the newest minutes in memory. */
  standBy(now: number): void {
    this.changes(now);
    for (const { minutes } of this.#symbols.values()) {
      for (const building of minutes.values()) if (building.unsaved) this.#clean(building);
      dropPartial(minutes);
    }
  }

  /** Hands out everything kept once more: how much of it the previous node saved and published is unknown. */
  takeOver(): void {
    for (const { minutes, lastTime } of this.#symbols.values()) {
      for (const { partial, unsaved } of minutes.values()) if (partial && unsaved) this.#unsaved -= 1;
      // Whether the previous node has stored them is unknown. What it has not is in doubt, and reported as missed.
      dropPartial(minutes);
      for (const building of minutes.values()) {
        this.#markUnsaved(building);
        if (building.candle.time > lastTime - 2 * MINUTE) building.unpublished = true;
      }
    }
  }

  /** The minutes of a symbol that are kept, oldest first. */
  minutesOf(symbol: string): Candle[] {
    const minutes = this.#symbols.get(symbol)?.minutes.values() ?? [];
    return [...minutes].map(({ candle }) => ({ ...candle })).sort((a, b) => a.time - b.time);
  }

  /** Whether what ends then is final: the same for a minute and for anything longer. */
  isOver(symbol: string, end: number, now: number): boolean {
    return end <= this.#overUntil(symbol, now);
  }

  /** The end of the newest minute that is final. */
  lastOver(symbol: string, now: number): number {
    return Math.floor(this.#overUntil(symbol, now) / MINUTE) * MINUTE;
  }

  #overUntil(symbol: string, now: number): number {
    const entry = this.#symbols.get(symbol);
    return entry === undefined ? now - GRACE_MS : Math.max(entry.lastTime, timeOf(entry, now) - GRACE_MS);
  }

  /** Whether the database has all that is known of the symbol's minutes before a time. */
  isSaved(symbol: string, before: number): boolean {
    for (const [time, { unsaved, saving }] of this.#symbols.get(symbol)?.minutes ?? []) {
      if (time < before && (unsaved || saving)) return false;
    }
    return true;
  }

  /**
   * Forgets minutes that were stored anew, including the current one: later ticks are merged into what is stored. A minute
   * with unsaved ticks is kept, and merged when it is saved.
   */
  forget(symbol: string, from: number, to: number): void {
    const minutes = this.#symbols.get(symbol)?.minutes;
    for (const [time, building] of minutes ?? []) {
      if (time < from || time >= to) continue;
      if (building.partial && building.unsaved) this.#clean(building);
      if (!building.unsaved && !building.saving) minutes?.delete(time);
    }
  }

  #entry(symbol: string, time: number, now: number): SymbolMinutes {
    let entry = this.#symbols.get(symbol);
    if (entry === undefined) {
      entry = { minutes: new Map(), lastTime: time, lastArrival: now };
      this.#symbols.set(symbol, entry);
    } else if (time >= entry.lastTime) {
      entry.lastTime = time;
      entry.lastArrival = now;
    }
    return entry;
  }

  #insert(entry: SymbolMinutes, building: Building): void {
    entry.minutes.set(building.candle.time, building);
    this.#markUnsaved(building);
    if (this.#unsaved <= this.#maxUnsaved) return;
    for (const [time, oldest] of entry.minutes) {
      if (!oldest.unsaved || oldest === building) continue;
      this.#clean(oldest);
      this.#lost += 1;
      entry.minutes.delete(time);
      return;
    }
  }

  #markUnsaved(building: Building): void {
    if (building.unsaved) return;
    building.unsaved = true;
    this.#unsaved += 1;
  }

  #clean(building: Building): void {
    building.unsaved = false;
    this.#unsaved -= 1;
  }

  /** Forgets closed and saved minutes except for the newest few. */
  #forget(entry: SymbolMinutes): void {
    if (entry.minutes.size <= KEPT) return;
    const starts = [...entry.minutes.keys()].sort((a, b) => a - b);
    for (const start of starts.slice(0, -KEPT)) {
      const building = entry.minutes.get(start);
      if (building === undefined || !isBusy(building)) entry.minutes.delete(start);
    }
  }
}

/** Whether it has yet to be closed, saved or published. */
function isBusy({ closed, unsaved, saving, unpublished }: Building): boolean {
  return !closed || unsaved || saving || unpublished;
}

function dropPartial(minutes: Map<number, Building>): void {
  for (const [time, { partial }] of minutes) if (partial) minutes.delete(time);
}

/** The time in a symbol's market: that of its newest tick, plus what has passed since it arrived. */
function timeOf({ lastTime, lastArrival }: SymbolMinutes, now: number): number {
  return lastTime + Math.max(0, now - lastArrival);
}
