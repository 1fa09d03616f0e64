import type { Candle } from '../../db/market/candles.ts';
import { mul, ZERO } from '../../lib/money/money.ts';
import type { MarketTick } from './market-tick.ts';

const MINUTE = 60_000;
/** How long after a minute's end it stays open for ticks on their way. */
export const GRACE_MS = 2_000;
/** Minutes per symbol that are kept, so that a late tick still adds up with the rest of its minute. */
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
}

interface SymbolMinutes {
  minutes: Map<number, Building>;
  /** The newest tick's time, and when it came: from them follows the time in this symbol's market, also in a replay. */
  lastTime: number;
  lastArrival: number;
}

export interface CandleChange {
  candle: Candle;
  closed: boolean;
}

/**
 * One-minute candles from ticks. Open and close are those of the earliest and latest time, whatever the order of
 * arrival; at equal times the first to arrive opens and the last closes. A minute is closed when a later one has
 * begun, or two seconds after its end; a late tick opens it once more.
 */
export class CandleBuilder {
  readonly #symbols = new Map<string, SymbolMinutes>();
  readonly #maxUnsaved: number;
  #unsaved = 0;
  #lost = 0;

  /** @param maxUnsaved candles that may wait for the database; beyond, the oldest of a symbol are given up */
  constructor({ maxUnsaved = 50_000 } = {}) {
    this.#maxUnsaved = maxUnsaved;
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
      });
    }
  }

  /** What changed since the last call; each candle once as closed. */
  changes(now: number): CandleChange[] {
    const changes: CandleChange[] = [];
    for (const entry of this.#symbols.values()) {
      const marketTime = timeOf(entry, now);
      const newest = Math.floor(entry.lastTime / MINUTE) * MINUTE;
      for (const building of entry.minutes.values()) {
        const { time } = building.candle;
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
        if (!building.unsaved) continue;
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

  /** Another node publishes and saves: only keeps the newest minutes in memory. */
  standBy(now: number): void {
    this.changes(now);
    for (const { minutes } of this.#symbols.values()) {
      for (const building of minutes.values()) if (building.unsaved) this.#clean(building);
    }
  }

  /** Hands out again all that is kept: how much of it the previous node saved and published is unknown. */
  takeOver(): void {
    for (const { minutes, lastTime } of this.#symbols.values()) {
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
   * Forgets minutes that were stored again, including the current one: what was known of it no longer holds, and
   * what comes later is merged into what is stored. Where something of it is still to be saved, that is merged too.
   */
  forget(symbol: string, from: number, to: number): void {
    const minutes = this.#symbols.get(symbol)?.minutes;
    for (const [time, { unsaved, saving }] of minutes ?? []) {
      if (time >= from && time < to && !unsaved && !saving) minutes?.delete(time);
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

/** Whether there is still something to be done about it. */
function isBusy({ closed, unsaved, saving, unpublished }: Building): boolean {
  return !closed || unsaved || saving || unpublished;
}

/** What time it is in a symbol's market: that of its newest tick, and the time that has gone by since. */
function timeOf({ lastTime, lastArrival }: SymbolMinutes, now: number): number {
  return lastTime + Math.max(0, now - lastArrival);
}
