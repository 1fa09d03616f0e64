import { decimal, decimalOrNull } from '../../../lib/money/money.ts';
import type { Disposal } from '../../../lib/pnl/ledger/position.ts';
import type { Database } from '../../connection/database.ts';
import { writeAtOnce, type Write } from '../../connection/write-at-once.ts';

const ROWS_AT_ONCE = 250;

/**
 * Replaces what sales had realised before. A trade sells at most one asset; other disposals (payments, fees,
 * withdrawals) are not results of a trade.
 * @param disposals under the portfolio's own cost method
 */
export function resultWrites(portfolioId: string, disposals: readonly Disposal[]): Write[] {
  const sales = disposals.filter(({ reason }) => reason === 'sale');
  const writes: Write[] = [];
  for (let start = 0; start < sales.length; start += ROWS_AT_ONCE) {
    const rows = sales.slice(start, start + ROWS_AT_ONCE);
    writes.push({
      sql: `insert into trade_results as result
          (portfolio_id, entry_id, gross, net, uncovered, opened_at, time, base, quote, side)
        select ?, sale.*, e.time, e.base, e.quote, e.side
        from json_to_recordset(?::json)
          as sale (id uuid, gross numeric, net numeric, uncovered numeric, opened timestamptz)
        join ledger_entries e on e.id = sale.id
        on conflict (entry_id) do update
        set gross = excluded.gross, net = excluded.net, uncovered = excluded.uncovered, opened_at = excluded.opened_at
        where (result.gross, result.net, result.uncovered, result.opened_at)
          is distinct from (excluded.gross, excluded.net, excluded.uncovered, excluded.opened_at)`,
      bindings: [portfolioId, JSON.stringify(rows.map(resultRow))],
    });
  }
  return writes;
}

/** `resultWrites` for many, one after the other. */
export async function saveResults(
  trx: Database,
  portfolioId: string,
  disposals: readonly Disposal[],
): Promise<void> {
  for (const write of resultWrites(portfolioId, disposals)) await writeAtOnce(trx, [write]);
}

/** For entries whose content changes, which may affect whether one sells anything at all. */
export async function dropResults(trx: Database, entryIds: readonly string[]): Promise<void> {
  if (entryIds.length === 0) return;
  await trx.raw('delete from trade_results where entry_id = any(?)', [[...entryIds]]);
}

export async function dropAllResults(trx: Database, portfolioId: string): Promise<void> {
  await trx('trade_results').where({ portfolio_id: portfolioId }).delete();
}

function resultRow({ entryId, realised, uncovered, openedAt }: Disposal): Record<string, string | null> {
  return {
    id: entryId,
    gross: decimalOrNull(realised.gross),
    net: decimalOrNull(realised.net),
    uncovered: decimal(uncovered),
    opened: openedAt === null ? null : new Date(openedAt).toISOString(),
  };
}
