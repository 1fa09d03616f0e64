import { decimal, decimalOrNull, fixed, ZERO, type Fixed } from '../../lib/money/money.ts';
import type { CostMethod, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import type { AssetState } from '../../lib/pnl/ledger/position.ts';
import { STATE_VERSION } from '../../lib/pnl/ledger/state-json.ts';
import { ledgerTotals, type LedgerTotals } from '../../lib/pnl/ledger/totals.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';
import type { Write } from '../connection/write-at-once.ts';

/** A coin held at some instant. */
export interface HeldCoin {
  asset: string;
  quantity: Fixed;
  /** The portfolio's own last fill: what it is valued with for want of a market price. */
  lastFill: Fixed | null;
}

/** A ledger as of an instant, ready to be valued at any prices. */
export interface LedgerPoint {
  totals: LedgerTotals;
  held: readonly HeldCoin[];
}

export function pointOf(states: Iterable<AssetState>, terms: PortfolioTerms): LedgerPoint {
  const all = [...states];
  const held = all
    .filter(({ asset, quantity }) => asset !== terms.baseCurrency && quantity !== ZERO)
    .map(({ asset, quantity, lastFill }) => ({ asset, quantity, lastFill: lastFill?.price ?? null }));
  return { totals: ledgerTotals(all, terms), held };
}

interface PointJson {
  totals: Record<keyof LedgerTotals, string | null>;
  held: [string, string, string | null][];
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

/**
 * The points that are remembered of these instants, read by one statement.
 * @param costMethod default: the portfolio's
 * @throws Problem `not-found`
 */
export async function loadPoints(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod | undefined,
  instants: readonly number[],
): Promise<KnownPoints> {
  const { rows }: { rows: KnownRow[] } = await db.raw(
    `with p as materialized (
       select id, version, base_currency, coalesce(:costMethod, cost_method) as cost_method, cash_mode, time_zone,
         (select min(time) from ledger_entries where portfolio_id = :portfolioId) as first
       from portfolios where id = :portfolioId
     )
     select p.*, l.time, l.point from p
     left join ledger_points l on l.portfolio_id = p.id and l.cost_method = p.cost_method
       and l.version = :stateVersion and l.time = any(:instants::timestamptz[])`,
    {
      portfolioId,
      costMethod: costMethod ?? null,
      stateVersion: STATE_VERSION,
      instants: instants.map((instant) => new Date(instant).toISOString()),
    },
  );
  const [row] = rows;
  if (row === undefined) throw problem('not-found', { detail: 'there is no such portfolio' });
  const points = new Map<number, LedgerPoint>();
  for (const { time, point } of rows) {
    if (time !== null && point !== null) points.set(time, decodePoint(point));
  }
  return {
    version: row.version,
    terms: { baseCurrency: row.base_currency, costMethod: row.cost_method, cashMode: row.cash_mode },
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
  const all = [...points];
  for (let start = 0; start < all.length; start += ROWS_AT_ONCE) {
    const rows = all.slice(start, start + ROWS_AT_ONCE);
    await trx.raw(
      `insert into ledger_points (portfolio_id, cost_method, version, time, point)
       select ?, ?, ?, * from unnest(?::timestamptz[], ?::json[])
       on conflict (portfolio_id, cost_method, time)
       do update set version = excluded.version, point = excluded.point`,
      [
        portfolioId,
        costMethod,
        STATE_VERSION,
        rows.map(([time]) => new Date(time).toISOString()),
        rows.map(([, point]) => pointText(point)),
      ],
    );
  }
}

const ROWS_AT_ONCE = 500;

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

function encodePoint({ totals, held }: LedgerPoint): PointJson {
  return {
    totals: {
      cash: decimal(totals.cash),
      costBasis: decimalOrNull(totals.costBasis),
      contributions: decimalOrNull(totals.contributions),
      inflows: decimalOrNull(totals.inflows),
      realisedGross: decimalOrNull(totals.realisedGross),
      realisedNet: decimalOrNull(totals.realisedNet),
      fees: decimalOrNull(totals.fees),
      income: decimalOrNull(totals.income),
    },
    held: held.map(({ asset, quantity, lastFill }) => [asset, decimal(quantity), decimalOrNull(lastFill)]),
  };
}

function decodePoint({ totals, held }: PointJson): LedgerPoint {
  const amount = (text: string | null): Fixed | null => (text === null ? null : fixed(text));
  return {
    totals: {
      cash: amount(totals.cash) ?? ZERO,
      costBasis: amount(totals.costBasis),
      contributions: amount(totals.contributions),
      inflows: amount(totals.inflows),
      realisedGross: amount(totals.realisedGross),
      realisedNet: amount(totals.realisedNet),
      fees: amount(totals.fees),
      income: amount(totals.income),
    },
    held: held.map(([asset, quantity, lastFill]) => ({
      asset,
      quantity: fixed(quantity),
      lastFill: amount(lastFill),
    })),
  };
}
