import { type Problem, problem } from '../../lib/problem.ts';
import { inSlices, TimeSlice } from '../../lib/async/time-slice.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { emptyState, foldSteps, type AssetState, type Flow } from '../../lib/pnl/ledger/position.ts';
import type { TotalsAt } from '../../lib/pnl/ledger/totals.ts';
import { saveCheckpoints } from '../ledger/positions/checkpoints.ts';
import type { Database } from '../connection/database.ts';
import { entryChunks } from '../ledger/entries/entries.ts';
import { legsByAsset, type Checkpoint } from '../ledger/positions/fold.ts';
import { ensureCurrent, readPositions } from '../ledger/positions/past-states.ts';
import {
  loadPoints,
  pointOf,
  savePoints,
  type KnownPoints,
  type LedgerPoint,
} from '../ledger/positions/points.ts';
import { ifUnmoved, inSnapshot } from '../connection/consistent-read.ts';
import { isReadOnly } from '../connection/unavailable.ts';
import { valuePoints, type HistoryPoint, type LivePrices } from './valued-points.ts';

export type { HistoryPoint } from './valued-points.ts';

export interface HistoryQuery {
  /**
   * Epoch milliseconds, in any order. An instant includes what was booked before it, and not what was booked at or
   * after it.
   */
  instants: readonly number[];
  /** Default: the portfolio's. */
  costMethod?: CostMethod | undefined;
  /** Values the instants from `from` on with these prices instead of stored closes: current ones. */
  live?: LivePrices | undefined;
}

export interface History {
  /** Of the ledger. */
  version: number;
  terms: PortfolioTerms;
  timeZone: string;
  /** In the order of the instants asked for. */
  points: HistoryPoint[];
}

/**
 * The value of a portfolio at some instants, from its ledger and the last closes at or before each or, without one, the
 * portfolio's own last fill. It takes one pass over the ledger, whatever the number of instants, from the last
 * checkpoints before the first; starts of days in the portfolio's time zone are remembered for the next time.
 *
 * The difference of two points is a period: `periodPnl`.
 * @throws Problem `not-found`
 */
export async function history(db: Database, portfolioId: string, query: HistoryQuery): Promise<History> {
  const { instants, costMethod, live } = query;
  const ledger = await ledgerAt(db, portfolioId, instants, costMethod);
  const valued = await valuePoints(db, ledger.terms, ledger.points, live);
  const points = instants.flatMap((instant) => valued.get(instant) ?? []);
  return { version: ledger.version, terms: ledger.terms, timeZone: ledger.timeZone, points };
}

/** The points of `history` alone. */
export async function equityAt(
  db: Database,
  portfolioId: string,
  instants: readonly number[],
  costMethod?: CostMethod,
): Promise<TotalsAt[]> {
  return (await history(db, portfolioId, { instants, costMethod })).points;
}

/**
 * External money and coins of the entries in [from, to), in order of time: `take` gets them one by one, since with
 * untracked cash every trade is one. They add up exactly to the difference of `contributions`.
 */
export async function externalFlows(
  db: Database,
  portfolioId: string,
  { from, to }: { from: number; to: number },
  take: (flow: Flow) => void,
): Promise<void> {
  await ensureCurrent(db, portfolioId);
  await inSnapshot(db, async (trx) => {
    const { positions } = await readPositions(trx, portfolioId, from);
    const states = byAsset(positions.states);
    const range = { after: { time: from, tie: '' }, before: to };
    const slice = new TimeSlice();
    for await (const entries of entryChunks(trx, portfolioId, null, range)) {
      const flows: Flow[] = [];
      await foldInto(states, entries, positions.terms, slice, (flow) => flows.push(flow));
      for (const flow of flows.sort((a, b) => a.time - b.time)) take(flow);
      if (slice.isOver) await slice.next();
    }
  });
}

/** What a ledger was at some instants. */
export interface LedgerHistory {
  version: number;
  terms: PortfolioTerms;
  timeZone: string;
  points: Map<number, LedgerPoint>;
}

/** This few instants are computed while the ledger is locked, so that they are certain to be remembered. */
const HELD_STILL = 2;

/**
 * What `history` values: the ledger before each of the instants, which are in `points`.
 * @throws Problem `not-found`
 */
export async function ledgerAt(
  db: Database,
  portfolioId: string,
  instants: readonly number[],
  costMethod?: CostMethod,
): Promise<LedgerHistory> {
  const sorted = [...new Set(instants)].sort((a, b) => a - b);
  const known = await loadPoints(db, portfolioId, costMethod, sorted);
  if (addNothing(known, sorted).length === 0) return known;
  await ensureCurrent(db, portfolioId);
  const read = (trx: Database): Promise<PassResult> => readLedger(trx, portfolioId, sorted, costMethod);
  if (db.isTransaction === true) return await inSnapshot(db, read);
  const result = await inSnapshot(db, read);
  if (result.fresh.size === 0 && result.checkpoints.length === 0) return result;
  const remember = async (trx: Database, { terms, fresh, checkpoints }: PassResult): Promise<void> => {
    await savePoints(trx, portfolioId, terms.costMethod, fresh);
    await saveCheckpoints(trx, portfolioId, terms.costMethod, checkpoints);
  };
  const kept = await ifUnmoved(db, portfolioId, result.version, (trx) => remember(trx, result)).catch(
    (error: unknown) => {
      // It is correct even if it is not remembered.
      if (isReadOnly(error)) return true;
      throw error;
    },
  );
  if (kept || sorted.length > HELD_STILL) return result;
  // The day's start of a ledger that never rests would be computed again and again.
  return await db.transaction(async (trx) => {
    await trx('portfolios').where({ id: portfolioId }).forShare().first('id');
    const again = await read(trx);
    await remember(trx, again);
    return again;
  });
}

/** What one answer remembers at most, in coins held at its instants; the next one remembers more. */
const REMEMBERED_COINS = 200_000;
/** The most instants × assets of one answer: each of them is visited. */
const LOOKS = 5_000_000;

interface PassResult extends LedgerHistory {
  /** Points that are worth remembering. */
  fresh: Map<number, LedgerPoint>;
  checkpoints: Checkpoint[];
}

async function readLedger(
  trx: Database,
  portfolioId: string,
  instants: readonly number[],
  costMethod: CostMethod | undefined,
): Promise<PassResult> {
  const known = await loadPoints(trx, portfolioId, costMethod, instants);
  const { version, timeZone, terms, points } = known;
  const missing = addNothing(known, instants);
  const fresh = new Map<number, LedgerPoint>();
  const checkpoints: Checkpoint[] = [];
  const [start] = missing;
  if (start !== undefined) {
    const from = await readPositions(trx, portfolioId, start, terms.costMethod);
    checkpoints.push(...from.fresh);
    if (from.positions.states.length * missing.length > LOOKS) throw tooMuch();
    const calendar = calendarOf(timeZone);
    let coins = 0;
    await pass(trx, portfolioId, terms, byAsset(from.positions.states), missing, (instant, point) => {
      points.set(instant, point);
      if (coins >= REMEMBERED_COINS || calendar.startOfDay(instant) !== instant) return;
      coins += point.held.length;
      fresh.set(instant, point);
    });
  }
  return { version, terms, timeZone, points, fresh, checkpoints };
}

/** Adds the points of instants before the first entry. @returns the instants that are not known */
function addNothing({ points, first, terms }: KnownPoints, instants: readonly number[]): number[] {
  const missing: number[] = [];
  for (const instant of instants) {
    if (first === null || instant <= first) points.set(instant, pointOf([], terms));
    else if (!points.has(instant)) missing.push(instant);
  }
  return missing;
}

function tooMuch(): Problem {
  const detail =
    'makes too many instants for a portfolio with so many assets: ask for a shorter span or a longer interval';
  return problem('invalid-request', {
    errors: [{ parameter: 'from', detail }],
  });
}

/**
 * Goes through the ledger once, and reports its state at each of the ascending instants. `states` is as of the first.
 */
async function pass(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  states: Map<string, AssetState>,
  instants: readonly number[],
  tell: (instant: number, point: LedgerPoint) => void,
): Promise<void> {
  const slice = new TimeSlice();
  const [start = 0] = instants;
  const end = instants.at(-1) ?? start;
  let place = 0;
  const reach = async (time: number): Promise<void> => {
    for (let next = instants[place]; next !== undefined && next <= time; next = instants[place]) {
      tell(next, pointOf(states.values(), terms));
      place += 1;
      if (slice.isOver) await slice.next();
      // Assets may have been added on the way.
      if (states.size * instants.length > LOOKS) throw tooMuch();
    }
  };
  await reach(start);
  for await (const entries of entryChunks(trx, portfolioId, null, {
    after: { time: start, tie: '' },
    before: end,
  })) {
    let from = 0;
    for (const [index, entry] of entries.entries()) {
      const next = instants[place];
      if (next === undefined || entry.time < next) continue;
      await foldInto(states, entries.slice(from, index), terms, slice);
      from = index;
      await reach(entry.time);
    }
    await foldInto(states, entries.slice(from), terms, slice);
    if (slice.isOver) await slice.next();
  }
  await reach(end);
}

async function foldInto(
  states: Map<string, AssetState>,
  entries: readonly LedgerEntry[],
  terms: PortfolioTerms,
  slice: TimeSlice,
  onFlow?: (flow: Flow) => void,
): Promise<void> {
  if (entries.length === 0) return;
  for (const [asset, legs] of legsByAsset(entries, terms)) {
    const options = onFlow === undefined ? {} : { onFlow };
    const before = states.get(asset) ?? emptyState(asset);
    states.set(asset, await inSlices(foldSteps(before, legs, terms.costMethod, options), slice));
  }
}

function byAsset(states: readonly AssetState[]): Map<string, AssetState> {
  return new Map(states.map((state) => [state.asset, state]));
}
