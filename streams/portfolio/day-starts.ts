import type { Database } from '../../db/connection/database.ts';
import { ledgerAt } from '../../db/history/history.ts';
import { pointText, type LedgerPoint } from '../../db/ledger/positions/points.ts';
import { valuePoints } from '../../db/history/valued-points.ts';
import type { Clock } from '../../lib/clock.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { DayStart } from '../../lib/pnl/valuation/snapshot.ts';

/** The day that is being reported on: from `start` to `end`, epoch milliseconds. */
export interface Day {
  start: number;
  end: number;
  /** The value of the portfolio when it began. */
  worth: DayStart;
  /** Version of the ledger that `worth` was computed from. */
  version: number;
  /** When it must be read again: at the end of the day, or earlier, since stored closes may still arrive. */
  validUntil: number;
}

interface FoundDay extends Day {
  point: LedgerPoint;
}

export interface DayStartsOptions {
  db: Database;
  clock: Clock;
  /** Portfolios remembered; the least recently used one is dropped first. */
  max?: number;
}

/** The last minute before midnight is stored a little after it. */
const SETTLING_MS = 120_000;
const SETTLING_RENEWAL_MS = 10_000;
/** Older candles may be loaded at any time. */
const RENEWAL_MS = 300_000;

/**
 * The value of portfolios at the start of the current day in their time zones. It is computed once for each version of
 * the ledger and day, and shared by REST and the streams of a node, so both give the same digits.
 */
export class DayStarts {
  readonly #options: DayStartsOptions;
  readonly #known: RecentMap<string, { version: number; day: Promise<FoundDay>; validUntil: number }>;

  constructor(options: DayStartsOptions) {
    this.#options = options;
    this.#known = new RecentMap(options.max ?? 10_000);
  }

  /** Call it when the database has gone back in time: the remembered versions may stand for other ledgers now. */
  clear(): void {
    this.#known.clear();
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
    if (found !== undefined && found.version === version && now < found.validUntil) return await found.day;
    const { start, end } = calendarOf(timeZone).periodAt(now, 'day');
    const renewal = now < start + SETTLING_MS ? SETTLING_RENEWAL_MS : RENEWAL_MS;
    const earlier = found !== undefined && now < found.validUntil ? found : null;
    const validUntil = earlier?.validUntil ?? Math.min(end, now + renewal);
    const day = this.#find(portfolioId, costMethod, { start, end, validUntil }, earlier?.day ?? null);
    const entry = { version, day, validUntil };
    this.#known.set(key, entry);
    try {
      return await day;
    } catch (error) {
      // The next one who asks tries again.
      if (this.#known.get(key) === entry) this.#known.delete(key);
      throw error;
    }
  }

  /** @param earlier of the same day, and valid but for the ledger's version */
  async #find(
    portfolioId: string,
    costMethod: CostMethod,
    day: Pick<Day, 'start' | 'end' | 'validUntil'>,
    earlier: Promise<FoundDay> | null,
  ): Promise<FoundDay> {
    const { db } = this.#options;
    const ledger = await ledgerAt(db, portfolioId, [day.start], costMethod);
    const { version } = ledger;
    const point = ledger.points.get(day.start);
    if (point === undefined) throw new TypeError('a ledger without the instant asked for');
    // A fill of today does not change how the day began, so prices need not be looked up again.
    const before = await earlier?.catch(() => null);
    if (before && pointText(before.point) === pointText(point)) return { ...before, version };
    const worth = (await valuePoints(db, ledger.terms, new Map([[day.start, point]]), undefined)).get(
      day.start,
    );
    if (worth === undefined) throw new TypeError('a point was left out');
    const { equity, contributions, inflows } = worth;
    return { ...day, version, point, worth: { equity, contributions, inflows } };
  }
}
