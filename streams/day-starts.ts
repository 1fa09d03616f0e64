import type { Database } from '../db/database.ts';
import { history } from '../db/history.ts';
import type { Clock } from '../lib/clock.ts';
import { calendarOf } from '../lib/pnl/calendar.ts';
import type { CostMethod } from '../lib/pnl/entry.ts';
import type { DayStart } from '../lib/pnl/snapshot.ts';

/** The day that is being reported on: from `start` to `end`, epoch milliseconds. */
export interface Day {
  start: number;
  end: number;
  /** What the portfolio was worth when it began. */
  worth: DayStart;
  /** Of the ledger that `worth` was worked out from. */
  version: number;
  /** When it should be asked for anew: at the end of the day, or earlier, as stored closes may still come in. */
  validUntil: number;
}

export interface DayStartsOptions {
  db: Database;
  clock: Clock;
  /** Portfolios remembered; the one asked for least recently goes first. */
  max?: number;
}

/** The last minute before midnight is stored a little after it. */
const SETTLING_MS = 120_000;
const SETTLING_RENEWAL_MS = 10_000;
/** Somebody may load older candles at any time. */
const RENEWAL_MS = 300_000;

/**
 * What portfolios were worth at the start of the present day in their time zones: worked out once for a version of the
 * ledger and a day, and shared by REST and the streams of a node, which so give the same digits.
 */
export class DayStarts {
  readonly #options: DayStartsOptions;
  readonly #max: number;
  /** Least recently asked for first. */
  readonly #known = new Map<string, { version: number; day: Promise<Day>; validUntil: number }>();

  constructor(options: DayStartsOptions) {
    this.#options = options;
    this.#max = options.max ?? 10_000;
  }

  /** @throws Problem `not-found`, or what the database throws */
  async of(
    portfolioId: string,
    ledger: { version: number; timeZone: string; costMethod: CostMethod },
  ): Promise<Day> {
    const { version, timeZone, costMethod } = ledger;
    const key = `${portfolioId} ${costMethod} ${timeZone}`;
    const now = this.#options.clock.now();
    const found = this.#known.get(key);
    this.#known.delete(key);
    if (found !== undefined && found.version === version && now < found.validUntil) {
      this.#known.set(key, found);
      return await found.day;
    }
    const { start, end } = calendarOf(timeZone).periodAt(now, 'day');
    const renewal = now < start + SETTLING_MS ? SETTLING_RENEWAL_MS : RENEWAL_MS;
    const validUntil = Math.min(end, now + renewal);
    const day = this.#find(portfolioId, costMethod, { start, end, validUntil });
    const entry = { version, day, validUntil };
    this.#known.set(key, entry);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#max) break;
      this.#known.delete(oldest);
    }
    try {
      return await day;
    } catch (error) {
      // The next one who asks tries again.
      if (this.#known.get(key) === entry) this.#known.delete(key);
      throw error;
    }
  }

  async #find(
    portfolioId: string,
    costMethod: CostMethod,
    day: Pick<Day, 'start' | 'end' | 'validUntil'>,
  ): Promise<Day> {
    const { version, points } = await history(this.#options.db, portfolioId, {
      instants: [day.start],
      costMethod,
    });
    const [point] = points;
    if (point === undefined) throw new TypeError('history left an instant out');
    const { equity, contributions, inflows } = point;
    return { ...day, version, worth: { equity, contributions, inflows } };
  }
}
