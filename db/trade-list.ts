import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Database } from './database.ts';
import type { StoredTrade } from './entry.ts';
import { ENTRY_COLUMNS, toEntry, type EntryRow } from './entry-row.ts';
import { pageOf, type Page, type PageQuery } from './page.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

export interface TradeListQuery extends PageQuery {
  order: 'asc' | 'desc';
}

/** @throws Problem `invalid-cursor`; RangeError for a symbol that is none */
export async function listTrades(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  { order, limit, cursor }: TradeListQuery,
): Promise<Page<StoredTrade>> {
  const rows = tradeQuery(db, portfolioId, filter)
    .select(db.raw(ENTRY_COLUMNS))
    .orderBy(['time', 'tie', 'id'].map((column) => ({ column, order })))
    .limit(limit + 1);
  if (cursor) {
    const [time, tie, id] = decodeCursor(cursor, ['number', 'text', 'uuid']);
    void rows.whereRaw(`(time, tie, id) ${order === 'asc' ? '>' : '<'} (?, ?, ?)`, [new Date(time), tie, id]);
  }
  const trades = ((await rows) as EntryRow[]).map(toEntry).filter((entry) => entry.kind === 'trade');
  return pageOf(trades, limit, (last) => encodeCursor([last.time, last.tie, last.id]));
}
