import { CANDLE_INTERVALS, type CandleInterval } from '../../../lib/candle-interval.ts';
import { type Candle } from '../../../db/market/candles.ts';
import type { CandleWindow } from '../../../db/market/candle-folds.ts';
import type { CandleChange } from './candle-builder.ts';
import { isSameCandle, joinCandles, mergeVersions } from './candle-fold.ts';
import { packCandle } from './candle-record.ts';
import { PastCandles } from './past-candles.ts';
import { type Level, piecesBefore, type Span, spanAt, type PublishedAs } from './rollup-level.ts';
import type { CandleRecord, PackedCandle } from '../../channels/record.ts';

const MINUTE = 60_000;
const LONGER = CANDLE_INTERVALS.slice(1);
/** How many minutes are kept one by one, for late ticks. Older ones are only known as part of longer candles. */
const KEPT = 6;
/** How far back minutes are kept one by one as long as what came before them has not been read. */
const REACH_MS = 60 * MINUTE;
const MOST_MINUTES = 120;
/** A candle that ended longer ago was published by the previous writer. */
const PUBLISHED_MS = 5 * MINUTE;
/** What has to be read: windows to fold, and a range whose minutes are needed one by one. */
export interface RollupReading {
  windows: CandleWindow[];
  minutes: CandleWindow;
}

export type IsOver = (end: number) => boolean;

/**
 * The current candle of every interval of one symbol, in UTC. A minute replaces its earlier version, so nothing is added
 * up twice in a longer candle. Minutes that are too old to be kept come from the database alone.
 */
export class CandleRollup {
  readonly symbol: string;
  /** Oldest first; the last one is the current minute. Never empty after the first change. */
  #minutes: Candle[] = [];
  /** Minutes before this time are part of the bases. */
  #floor = 0;
  #levels: Level[] = [];
  /** Whether the bases have been read. */
  #known: boolean;
  #stale: boolean;
  /** The first of the minutes that are being read one by one. */
  #reading: number | null = null;
  readonly #past: PastCandles;
  /** Minutes that were reloaded in the database. */
  readonly #distrusted = new Set<number>();
  /** How the newest minute was published last. */
  #newestPublished: PublishedAs = 'never';

  /** @param fromNothing the database holds nothing to continue from */
  constructor(symbol: string, fromNothing: boolean) {
    this.symbol = symbol;
    this.#past = new PastCandles(symbol);
    this.#known = fromNothing;
    this.#stale = !fromNothing;
  }

  /** @returns `unknown` when it is too old to be known as a whole */
  #add(candle: Candle): 'changed' | 'same' | 'unknown' {
    const newest = this.#minutes.at(-1);
    const { time } = candle;
    if (newest === undefined) {
      this.#minutes = [candle];
      this.#floor = time;
      this.#levels = LONGER.map((interval) => ({
        interval,
        current: spanAt(time, interval),
        previous: null,
      }));
    } else if (time > newest.time) {
      this.#minutes.push(candle);
      this.#newestPublished = 'never';
      for (const level of this.#levels) {
        if (time < level.current.end) continue;
        this.#close(level);
        level.previous = level.current;
        level.current = spanAt(time, level.interval);
      }
      this.#fold();
    } else if (time >= this.#floor || (!this.#known && time > newest.time - REACH_MS)) {
      if (time < this.#floor) this.#stale = true;
      this.#floor = Math.min(this.#floor, time);
      const at = this.#minutes.findIndex((minute) => minute.time >= time);
      const known = this.#minutes[at]?.time === time ? (this.#minutes[at] ?? null) : null;
      const merged = mergeVersions(known, candle);
      this.#minutes.splice(at, known === null ? 0 : 1, merged);
      return isSameCandle(known, merged) ? 'same' : 'changed';
    } else {
      this.#stale = true;
      return 'unknown';
    }
    return 'changed';
  }

  /** Stored minutes were loaded again. */
  reload(from: number, to: number): void {
    this.#stale = true;
    for (const { time } of this.#minutes) if (time >= from && time < to) this.#distrusted.add(time);
  }

  /** Publish the current candles once more. */
  publishAgain(): void {
    this.#newestPublished = 'never';
    for (const { current } of this.#levels) current.published = 'never';
  }

  get isStale(): boolean {
    return this.#stale && this.#reading === null && this.#minutes.length > 0;
  }

  /** Once a reading is settled, everything before this time comes from the database alone. */
  get cut(): number {
    const newest = this.#minutes.at(-1)?.time ?? 0;
    return this.#minutes.find(({ time }) => time > newest - REACH_MS)?.time ?? newest;
  }

  /** What has to be read to be up to date. `settle` or `abandon` the reading afterwards. */
  read(): RollupReading {
    const { symbol } = this;
    const newest = this.#minutes.at(-1)?.time ?? 0;
    const cut = this.cut;
    this.#stale = false;
    this.#reading = cut;
    if (!this.#known) for (const level of this.#levels) level.previous ??= recent(level, newest);
    const windows = piecesBefore(cut, this.#spans()).map(([from, to]) => ({ symbol, from, to }));
    return { windows, minutes: { symbol, from: cut, to: newest + MINUTE } };
  }

  abandon(): void {
    this.#reading = null;
    this.#stale = true;
  }

  /** @param folded in the order of the windows asked for, the minutes oldest first */
  settle(
    { windows, minutes: { from: cut } }: RollupReading,
    folded: readonly (Candle | null)[],
    minutes: readonly Candle[],
    isOver: IsOver,
  ): void {
    if (this.#reading !== cut) return;
    this.#reading = null;
    const before = new Map(this.#spans().map((each) => [each, this.#candleOf(each)]));
    const kept = new Map(minutes.map((minute) => [minute.time, minute]));
    const reloaded = new Set<number>();
    for (const minute of this.#minutes) {
      if (minute.time < cut) continue;
      if (this.#distrusted.delete(minute.time) && kept.has(minute.time)) reloaded.add(minute.time);
      else kept.set(minute.time, mergeVersions(kept.get(minute.time) ?? null, minute));
    }
    this.#minutes = [...kept.values()].sort((a, b) => a.time - b.time);
    this.#publishReloaded(reloaded, isOver);
    this.#floor = cut;
    for (const each of this.#spans()) {
      each.base = null;
      for (const [index, window] of windows.entries()) {
        if (window.from < each.start || window.to > each.end) continue;
        each.base = joinCandles(each.base, folded[index] ?? null, each.start);
      }
      if (!this.#known) each.published = isOver(each.end + PUBLISHED_MS) ? 'closed' : 'never';
      else if (!isSameCandle(before.get(each) ?? null, this.#candleOf(each))) each.published = 'never';
    }
    this.#known = true;
    this.#fold();
  }

  /** Queues reloaded minutes to be published again, as far as they are still kept. */
  #publishReloaded(times: ReadonlySet<number>, isOver: IsOver): void {
    const newest = this.#minutes.at(-1)?.time;
    for (const minute of this.#minutes) {
      if (!times.has(minute.time)) continue;
      const end = minute.time + MINUTE;
      if (minute.time === newest) this.#newestPublished = 'never';
      else this.#past.add(end, packCandle(minute, '1m', isOver(end)));
    }
  }

  /**
   * Takes in the minutes that have changed.
   * @returns what has not been published: records of past candles, and last the symbol's current state
   */
  records(changes: readonly CandleChange[], isOver: IsOver): CandleRecord[] {
    if (changes.length === 0 && !this.#isDue(isOver)) return [];
    const inOrder = [...changes].sort((a, b) => a.candle.time - b.candle.time);
    const taken: CandleChange[] = [];
    // A minute that only became final leaves longer candles as they were.
    const changed: number[] = [];
    for (const change of inOrder) {
      const outcome = this.#add(change.candle);
      if (outcome !== 'unknown') taken.push(change);
      if (outcome === 'changed') changed.push(change.candle.time);
    }
    const newest = this.#minutes.at(-1);
    if (newest === undefined) return [];
    const touches = ({ start, end }: Span): boolean => changed.some((time) => time >= start && time < end);
    for (const { candle, closed } of taken) {
      if (candle.time === newest.time) continue;
      this.#past.add(candle.time + MINUTE, packCandle(this.#latest(candle), '1m', closed));
    }
    const published = isOver(newest.time + MINUTE) ? 'closed' : 'open';
    const current: PackedCandle[] = [packCandle(newest, '1m', published === 'closed')];
    const isNews =
      published !== this.#newestPublished || taken.some(({ candle }) => candle.time === newest.time);
    const unchanged: CandleInterval[] = isNews ? [] : ['1m'];
    this.#newestPublished = published;
    for (const level of this.#known ? this.#levels : []) {
      if (level.previous !== null && touches(level.previous)) level.previous.published = 'never';
      this.#close(level);
      const candle = this.#candleOf(level.current);
      if (candle === null) continue;
      const published = isOver(level.current.end) ? 'closed' : 'open';
      if (published === level.current.published && !touches(level.current)) unchanged.push(level.interval);
      level.current.published = published;
      current.push(packCandle(candle, level.interval, published === 'closed'));
    }
    const past = this.#past.takeRecords();
    if (past.length === 0 && unchanged.length === current.length) return [];
    const { symbol } = this;
    const state: CandleRecord = { type: 'candle', symbol, candles: current };
    if (unchanged.length > 0) state.unchanged = unchanged;
    return [...past, state];
  }

  /** Whether there is something to publish although no minute has changed. */
  #isDue(isOver: IsOver): boolean {
    if (!this.#known) return false;
    const newest = this.#minutes.at(-1);
    if (newest === undefined) return false;
    if (this.#past.size > 0 || this.#newestPublished === 'never') return true;
    if (this.#newestPublished === 'open' && isOver(newest.time + MINUTE)) return true;
    return this.#levels.some(
      ({ current, previous }) =>
        current.published === 'never' ||
        (current.published === 'open' && isOver(current.end)) ||
        (previous !== null && previous.published !== 'closed'),
    );
  }

  /** Queues the previous candle as final, unless it was already published as such. */
  #close({ interval, previous }: Level): void {
    if (previous === null || previous.published === 'closed' || !this.#known) return;
    previous.published = 'closed';
    const candle = this.#candleOf(previous);
    if (candle !== null) this.#past.add(previous.end, packCandle(candle, interval, true));
  }

  #latest(candle: Candle): Candle {
    return this.#minutes.find(({ time }) => time === candle.time) ?? candle;
  }

  #spans(): Span[] {
    return this.#levels.flatMap(({ current, previous }) =>
      previous === null ? [current] : [previous, current],
    );
  }

  #candleOf({ base, start, end }: Span): Candle | null {
    let candle = base;
    for (const minute of this.#minutes) {
      if (minute.time >= start && minute.time < end) candle = joinCandles(candle, minute, start);
    }
    return candle;
  }

  /** Moves surplus minutes into the bases. Until these have been read, it drops minutes that are too old. */
  #fold(): void {
    if (this.#minutes.length > MOST_MINUTES && this.#reading !== null) this.abandon();
    if (this.#reading !== null) return;
    const reach = (this.#minutes.at(-1)?.time ?? 0) - REACH_MS;
    while (this.#minutes.length > KEPT && (this.#known || (this.#minutes[0]?.time ?? 0) <= reach)) {
      const oldest = this.#minutes.shift();
      if (oldest === undefined) return;
      this.#floor = oldest.time + MINUTE;
      this.#distrusted.delete(oldest.time);
      if (!this.#known) continue;
      for (const each of this.#spans()) {
        const within = oldest.time >= each.start && oldest.time < each.end;
        if (within) each.base = joinCandles(each.base, oldest, each.start);
      }
    }
  }
}

/** The previous span, if it may have ended without being published as closed. */
function recent({ interval, current }: Level, newest: number): Span | null {
  return newest - current.start < PUBLISHED_MS ? spanAt(current.start - 1, interval) : null;
}
