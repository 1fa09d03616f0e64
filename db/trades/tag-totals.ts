import { fixed, type Fixed } from '../../lib/money/money.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { JOINED_RESULTS } from './trade-totals.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

/** Totals of the trades with one tag. Amounts are in base currency; `null` if one of them has no rate. */
export interface TagTotals {
  tag: string;
  trades: number;
  sales: number;
  wins: number;
  losses: number;
  /** Sales with a known result. */
  known: number;
  /** The sum of profits, and the sum of losses as a positive amount. */
  won: Fixed;
  lost: Fixed;
  realised: { gross: Fixed | null; net: Fixed | null };
  value: Fixed | null;
  fees: Fixed | null;
}

interface Row {
  tag: string;
  trades: number;
  valued: number;
  value: string | null;
  fee_value: string | null;
  fee_unknown: number;
  sales: number;
  gross: string | null;
  gross_known: number;
  net: string | null;
  net_known: number;
  wins: number;
  losses: number;
  won: string | null;
  lost: string | null;
}

const SUMS = `t.tag, count(*) as trades, count(e.value) as valued, sum(e.value) as value,
  sum(e.fee_value) as fee_value, count(*) filter (where e.value is null and e.fee_value is null) as fee_unknown,
  count(r.entry_id) as sales, sum(r.gross) as gross, count(r.gross) as gross_known,
  sum(r.net) as net, count(r.net) as net_known,
  count(*) filter (where r.net > 0) as wins, count(*) filter (where r.net < 0) as losses,
  sum(r.net) filter (where r.net > 0) as won, -sum(r.net) filter (where r.net < 0) as lost`;

/**
 * Adds up the matching trades by tag in the database. A trade with several tags counts for each.
 * @throws Problem `invalid-cursor`; RangeError for an invalid symbol
 */
export async function tagTotals(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  { limit, cursor }: PageQuery,
): Promise<Page<TagTotals>> {
  const query = tradeQuery(db, portfolioId, filter)
    .joinRaw(JOINED_RESULTS)
    .joinRaw('cross join lateral (select distinct unnest(e.tags) collate "C" as tag) as t')
    .select(db.raw(SUMS))
    .groupBy('t.tag')
    .orderBy('t.tag')
    .limit(limit + 1);
  if (cursor) void query.whereRaw('t.tag > ?', decodeCursor(cursor, ['text']));
  const rows: Row[] = await query;
  return pageOf(rows.map(totalsOf), limit, ({ tag }) => encodeCursor([tag]));
}

function totalsOf(row: Row): TagTotals {
  const sum = (text: string | null, unknown: number): Fixed | null =>
    unknown > 0 ? null : fixed(text ?? '0');
  return {
    tag: row.tag,
    trades: row.trades,
    sales: row.sales,
    wins: row.wins,
    losses: row.losses,
    known: row.net_known,
    won: fixed(row.won ?? '0'),
    lost: fixed(row.lost ?? '0'),
    realised: {
      gross: sum(row.gross, row.sales - row.gross_known),
      net: sum(row.net, row.sales - row.net_known),
    },
    value: sum(row.value, row.trades - row.valued),
    fees: sum(row.fee_value, row.fee_unknown),
  };
}
