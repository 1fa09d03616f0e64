import { type Fixed, fixed, mul, ZERO } from '../../../lib/money/money.ts';
import { compareOrder } from '../../../lib/pnl/ledger/entry.ts';
import type { Database } from '../../connection/database.ts';
import { LEDGER_COLUMNS, type LedgerRow, toLedgerEntry } from './entry-row.ts';
import type { Ledgers } from '../portfolios/linked-ledgers.ts';

/** A position in a ledger: entries are ordered by time, then by tie. */
export interface Place {
  time: number;
  tie: string;
}

/** A holding, and the first position in its ledger from which it may have changed. */
export interface Start {
  portfolioId: string;
  asset: string;
  from: Place;
}

/** Lots that move from one holding to another. */
export interface CarryEdge {
  source: Start & { entryId: string };
  target: Start & { entryId: string };
  /** What arrives, at market value; `null` without a rate. */
  value: Fixed | null;
}

interface EdgeRow {
  id: string;
  portfolio_id: string;
  asset: string;
  time: number;
  tie: string;
  quantity: string;
  unit_value: string | null;
  target_id: string;
  target_portfolio: string;
  target_time: number;
  target_tie: string;
}

export function holdingOf({ portfolioId, asset }: Pick<Start, 'portfolioId' | 'asset'>): string {
  return `${portfolioId} ${asset}`;
}

/**
 * What may have to be carried again when holdings change: the edges that leave them from the changed position on, those
 * that leave the holdings where these arrive, and so on.
 * @param starts the positions from which each holding may change
 */
export async function edgesFrom(
  trx: Database,
  ledgers: Ledgers,
  starts: Map<string, Start>,
): Promise<CarryEdge[]> {
  const leaving = bySource([...(await transfers(trx, ledgers)), ...(await tokenChanges(trx, ledgers))]);
  const reached = new Set<CarryEdge>();
  const pending = [...starts.keys()];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const start = starts.get(key);
    for (const edge of leaving.get(key) ?? []) {
      if (start === undefined || reached.has(edge) || compareOrder(edge.source.from, start.from) < 0)
        continue;
      reached.add(edge);
      const target = holdingOf(edge.target);
      const known = starts.get(target);
      if (known !== undefined && compareOrder(known.from, edge.target.from) <= 0) continue;
      starts.set(target, edge.target);
      pending.push(target);
    }
  }
  return [...reached];
}

/** By the holding that they leave. */
export function bySource(edges: readonly CarryEdge[]): Map<string, CarryEdge[]> {
  const groups = new Map<string, CarryEdge[]>();
  for (const edge of edges) {
    const key = holdingOf(edge.source);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [edge]);
    else group.push(edge);
  }
  return groups;
}

async function transfers(trx: Database, ledgers: Ledgers): Promise<CarryEdge[]> {
  const { rows } = await trx.raw<{ rows: EdgeRow[] }>(
    `select w.id, w.portfolio_id, w.asset, w.time, w.tie, w.joined_quantity as quantity, w.unit_value,
       d.id as target_id, d.portfolio_id as target_portfolio, d.time as target_time, d.tie as target_tie
     from ledger_entries w join ledger_entries d on d.id = w.joined_with
     where w.portfolio_id = any(?::uuid[]) and w.joined_portfolio is not null and w.kind = 'withdrawal'`,
    [[...ledgers.keys()]],
  );
  return rows
    .filter((row) => row.asset !== ledgers.get(row.portfolio_id)?.baseCurrency)
    .map((row) => {
      const { asset } = row;
      return {
        source: {
          portfolioId: row.portfolio_id,
          asset,
          from: { time: row.time, tie: row.tie },
          entryId: row.id,
        },
        target: {
          portfolioId: row.target_portfolio,
          asset,
          from: { time: row.target_time, tie: row.target_tie },
          entryId: row.target_id,
        },
        value: row.unit_value === null ? null : mul(fixed(row.quantity), fixed(row.unit_value)),
      };
    });
}

/** Those that move lots from one asset to another. */
async function tokenChanges(trx: Database, ledgers: Ledgers): Promise<CarryEdge[]> {
  const { rows } = await trx.raw<{ rows: (LedgerRow & { portfolio_id: string })[] }>(
    `select portfolio_id, ${LEDGER_COLUMNS} from ledger_entries
     where portfolio_id = any(?::uuid[]) and kind in ('rename', 'redenomination', 'fork')`,
    [[...ledgers.keys()]],
  );
  return rows.flatMap((row) => {
    const { portfolio_id: portfolioId } = row;
    const entry = toLedgerEntry(row);
    if (!('from' in entry) || entry.from === entry.asset) return [];
    if (entry.kind === 'fork' && entry.per === ZERO) return [];
    const { id: entryId, time, tie, from: origin, asset } = entry;
    const end = { portfolioId, entryId, from: { time, tie } };
    return [{ source: { ...end, asset: origin }, target: { ...end, asset }, value: ZERO }];
  });
}
