import { decimal, decimalOrNull, fixed, ZERO, type Fixed } from '../../../lib/money/money.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import type { PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import type { AssetState } from '../../../lib/pnl/ledger/position.ts';
import { STATE_VERSION } from '../../../lib/pnl/ledger/state-json.ts';
import { isCostless, ledgerTotals, type LedgerTotals } from '../../../lib/pnl/ledger/totals.ts';
import { unvaluedAmounts } from '../../../lib/pnl/valuation/unvalued.ts';
import type { UnvaluedBody } from '../../../lib/schemas/warning-schema.ts';
import { problem } from '../../../lib/problem.ts';
import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { inSnapshot } from '../../connection/consistent-read.ts';
import type { Database } from '../../connection/database.ts';
import type { Write } from '../../connection/write-at-once.ts';

/** A coin held at some instant. */
export interface HeldCoin {
  asset: string;
  quantity: Fixed;
  /** The portfolio's own last fill: what it is valued with for want of a market price. */
  lastFill: Fixed | null;
  /** Nothing was paid for it: without a price it is left out of equity. */
  costless: boolean;
}

/** A ledger as of an instant, ready to be valued at any prices. */
export interface LedgerPoint {
  totals: LedgerTotals;
  held: readonly HeldCoin[];
  /** Fees and rewards without a price, which the totals lack. */
  unvalued: readonly UnvaluedBody[];
}

export function pointOf(states: Iterable<AssetState>, terms: PortfolioTerms): LedgerPoint {
  const all = [...states];
  const held: HeldCoin[] = [];
  for (const state of all) {
    if (state.asset !== terms.baseCurrency && state.quantity !== ZERO) held.push(heldCoin(state));
  }
  return { totals: ledgerTotals(all, terms), held, unvalued: unvaluedAmounts(all) };
}

/** A state does not change: the points of thousands of instants share what is held of it. */
const heldCoins = new WeakMap<AssetState, HeldCoin>();

function heldCoin(state: AssetState): HeldCoin {
  let coin = heldCoins.get(state);
  if (coin === undefined) {
    coin = {
      asset: state.asset,
      quantity: state.quantity,
      lastFill: state.lastFill?.price ?? null,
      costless: isCostless(state),
    };
    heldCoins.set(state, coin);
  }
  return coin;
}

interface PointJson {
  totals: Record<keyof LedgerTotals, string | null>;
  held: [string, string, string | null, boolean][];
  unvalued: readonly UnvaluedBody[];
}

/** What is remembered of a portfolio's past, and the terms and version it is of. */
export interface KnownPoints {
  version: number;
  terms: PortfolioTerms;
  timeZone: string;
  /** Time of the first entry; `null` for an empty ledger. */
  first: number | null;
  points: Map<number, LedgerPoint>;
}

/** Instants of one statement: each point is a JSON text as long as the list of what was held. */
const INSTANTS_AT_ONCE = 500;

/**
 * The points that are remembered of these instants, all of one version of the ledger.
 * @param costMethod default: the portfolio's
 * @throws Problem `not-found`
 */
export async function loadPoints(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod | undefined,
  instants: readonly number[],
): Promise<KnownPoints> {
  if (instants.length <= INSTANTS_AT_ONCE) return await loadPage(db, portfolioId, costMethod, instants);
  return await inSnapshot(db, async (trx) => {
    const known = await loadPage(trx, portfolioId, costMethod, instants.slice(0, INSTANTS_AT_ONCE));
    for (let start = INSTANTS_AT_ONCE; start < instants.length; start += INSTANTS_AT_ONCE) {
      const some = instants.slice(start, start + INSTANTS_AT_ONCE);
      const { points } = await loadPage(trx, portfolioId, costMethod, some);
      for (const [instant, point] of points) known.points.set(instant, point);
    }
    return known;
  });
}

async function loadPage(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod | undefined,
  instants: readonly number[],
): Promise<KnownPoints> {
  const { rows }: { rows: KnownRow[] } = await db.raw(
    `with p as materialized (
       select id, version, base_currency, coalesce(:costMethod, cost_method) as cost_method, cash_mode, simulated,
         time_zone,
         (select min(time) from ledger_entries where portfolio_id = :portfolioId) as first
       from portfolios where id = :portfolioId
     )
     select p.*, l.time, l.point from p
     left join ledger_points l on l.portfolio_id = p.id and l.cost_method = p.cost_method
       and l.version = :stateVersion and l.time = any(:instants::timestamptz[])
     order by l.time`,
    {
      portfolioId,
      costMethod: costMethod ?? null,
      stateVersion: STATE_VERSION,
      instants: instants.map((instant) => new Date(instant).toISOString()),
    },
  );
  const [row] = rows;
  if (row === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  const points = new Map<number, LedgerPoint>();
  const decode = pointDecoder();
  const slice = new TimeSlice();
  for (const { time, point } of rows) {
    if (time !== null && point !== null) points.set(time, decode(point));
    if (slice.isOver) await slice.next();
  }
  return {
    version: row.version,
    terms: {
      baseCurrency: row.base_currency,
      costMethod: row.cost_method,
      cashMode: row.cash_mode,
      simulated: row.simulated,
    },
    timeZone: row.time_zone,
    first: row.first,
    points,
  };
}

interface KnownRow {
  version: number;
  base_currency: string;
  cost_method: PortfolioTerms['costMethod'];
  cash_mode: PortfolioTerms['cashMode'];
  simulated: boolean;
  time_zone: string;
  first: number | null;
  time: number | null;
  point: PointJson | null;
}

/** @param trx sees to it that they are of the present ledger */
export async function savePoints(
  trx: Database,
  portfolioId: string,
  costMethod: CostMethod,
  points: ReadonlyMap<number, LedgerPoint>,
): Promise<void> {
  const slice = new TimeSlice();
  let times: string[] = [];
  let texts: string[] = [];
  let characters = 0;
  const save = async (): Promise<void> => {
    await trx.raw(
      `insert into ledger_points (portfolio_id, cost_method, version, time, point)
       select ?, ?, ?, * from unnest(?::timestamptz[], ?::json[])
       on conflict (portfolio_id, cost_method, time)
       do update set version = excluded.version, point = excluded.point`,
      [portfolioId, costMethod, STATE_VERSION, times, texts],
    );
    times = [];
    texts = [];
    characters = 0;
  };
  for (const [time, point] of points) {
    const text = pointText(point);
    times.push(new Date(time).toISOString());
    texts.push(text);
    characters += text.length;
    if (slice.isOver) await slice.next();
    if (times.length === ROWS_AT_ONCE || characters >= CHARACTERS_AT_ONCE) await save();
  }
  if (times.length > 0) await save();
}

/** Points of one statement, and characters of their JSON: the driver escapes them in one go. */
const ROWS_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 131_072;

/** Forgets what an entry at `time` is in (`null`: everything): points and published equity after it. */
export function pointDrops(portfolioId: string, time: number | null): Write[] {
  const after = time === null ? '-infinity' : new Date(time);
  return ['ledger_points', 'equity_snapshots'].map((table) => ({
    sql: `delete from ${table} where portfolio_id = ? and time > cast(? as timestamptz)`,
    bindings: [portfolioId, after],
  }));
}

/** Equal for equal points. */
export function pointText(point: LedgerPoint): string {
  return JSON.stringify(encodePoint(point));
}

function encodePoint({ totals, held, unvalued }: LedgerPoint): PointJson {
  return {
    totals: {
      cash: decimal(totals.cash),
      costBasis: decimalOrNull(totals.costBasis),
      contributions: decimalOrNull(totals.contributions),
      inflows: decimalOrNull(totals.inflows),
      transferred: decimalOrNull(totals.transferred),
      realisedGross: decimalOrNull(totals.realisedGross),
      realisedNet: decimalOrNull(totals.realisedNet),
      fees: decimalOrNull(totals.fees),
      income: decimalOrNull(totals.income),
    },
    held: held.map(({ asset, quantity, lastFill, costless }) => [
      asset,
      decimal(quantity),
      decimalOrNull(lastFill),
      costless,
    ]),
    unvalued,
  };
}

/** Decodes points of ascending instants: from one to the next few coins change, and the others are shared. */
function pointDecoder(): (point: PointJson) => LedgerPoint {
  const latest = new Map<string, { quantity: string; lastFill: string | null; coin: HeldCoin }>();
  const heldOf = ([asset, quantity, lastFill, costless]: PointJson['held'][number]): HeldCoin => {
    const last = latest.get(asset);
    if (last?.quantity === quantity && last.lastFill === lastFill && last.coin.costless === costless) {
      return last.coin;
    }
    const coin = { asset, quantity: fixed(quantity), lastFill: fixedOrNull(lastFill), costless };
    latest.set(asset, { quantity, lastFill, coin });
    return coin;
  };
  return ({ totals, held, unvalued }) => ({
    totals: {
      cash: fixedOrNull(totals.cash) ?? ZERO,
      costBasis: fixedOrNull(totals.costBasis),
      contributions: fixedOrNull(totals.contributions),
      inflows: fixedOrNull(totals.inflows),
      transferred: fixedOrNull(totals.transferred),
      realisedGross: fixedOrNull(totals.realisedGross),
      realisedNet: fixedOrNull(totals.realisedNet),
      fees: fixedOrNull(totals.fees),
      income: fixedOrNull(totals.income),
    },
    held: held.map(heldOf),
    unvalued,
  });
}

function fixedOrNull(text: string | null): Fixed | null {
  return text === null ? null : fixed(text);
}
