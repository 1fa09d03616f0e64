import { decimal, decimalOrNull, fixed, ZERO, type Fixed } from '../lib/money.ts';
import type { CostMethod, PortfolioTerms } from '../lib/pnl/entry.ts';
import type { AssetState } from '../lib/pnl/position.ts';
import { STATE_VERSION } from '../lib/pnl/state-json.ts';
import { ledgerTotals, type LedgerTotals } from '../lib/pnl/totals.ts';
import type { Database } from './database.ts';

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

/** The points that are remembered, by instant. */
export async function loadPoints(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod,
  instants: readonly number[],
): Promise<Map<number, LedgerPoint>> {
  const rows: { time: number; point: PointJson }[] = await db('ledger_points')
    .where({ portfolio_id: portfolioId, cost_method: costMethod, version: STATE_VERSION })
    .whereRaw('time = any(?::timestamptz[])', [instants.map((instant) => new Date(instant).toISOString())])
    .select('time', 'point');
  return new Map(rows.map(({ time, point }) => [time, decodePoint(point)]));
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
        rows.map(([, point]) => JSON.stringify(encodePoint(point))),
      ],
    );
  }
}

const ROWS_AT_ONCE = 500;

/** Forgets what an entry at `time` is in (`null`: everything): points and published equity after it. */
export async function dropPoints(trx: Database, portfolioId: string, time: number | null): Promise<void> {
  for (const table of ['ledger_points', 'equity_snapshots']) {
    const rows = trx(table).where({ portfolio_id: portfolioId });
    if (time !== null) void rows.where('time', '>', new Date(time));
    await rows.delete();
  }
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
