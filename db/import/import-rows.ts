import type { RowOrder } from '../../lib/import/reading/row-order.ts';
import { fixed } from '../../lib/money/money.ts';
import type { ConvertSource } from '../../lib/pnl/ledger/entry.ts';
import type { Database } from '../connection/database.ts';
import type { SourceJson } from '../ledger/entry-row.ts';
import type { EntryDraft } from '../ledger/stored-entry.ts';

/** A row that is to be booked. */
export interface FreshEntry {
  line: number;
  part: number;
  contentHash: string;
  draft: EntryDraft;
}

interface FreshRow {
  line: number;
  exchange: string;
  external_id: string | null;
  time: number;
  part: number;
  kind: EntryDraft['kind'];
  base: string | null;
  quote: string | null;
  side: 'buy' | 'sell' | null;
  asset: string | null;
  quantity: string;
  price: string | null;
  unit_cost: string | null;
  fee_amount: string | null;
  fee_currency: string | null;
  order_id: string | null;
  order_type: string | null;
  note: string | null;
  tags: string[];
  sequence: number | null;
  subtype: string | null;
  reason: string | null;
  account: string | null;
  to_account: string | null;
  txid: string | null;
  sources: SourceJson[] | null;
  content_hash: string;
  first_line: number;
  last_line: number;
}

/** The first and the last line of a row's instant: those that are booked already count as well. */
const LINES_OF_INSTANT = ['min', 'max'].map(
  (end) => `(select ${end}(line) from import_rows i where i.import_id = r.import_id and i.time = r.time)
    as ${end === 'min' ? 'first' : 'last'}_line`,
);

/**
 * The rows that are to be booked, in order of time and line: those behind a place, at most `limit`. Their rates are not
 * known.
 * @param order of the file, whose lines tell the place of each trade in its instant; `null`: they do not
 */
export async function freshEntries(
  db: Database,
  importId: string,
  order: RowOrder | null,
  after: { time: number; line: number; part: number } | null,
  limit: number,
): Promise<FreshEntry[]> {
  const query = db('import_rows as r')
    .where({ import_id: importId })
    .whereNull('outcome')
    .orderBy(['time', 'line', 'part'])
    .limit(limit)
    .select('r.*', db.raw(LINES_OF_INSTANT.join(', ')));
  if (after !== null) {
    void query.whereRaw('(time, line, part) > (?, ?, ?)', [new Date(after.time), after.line, after.part]);
  }
  const rows: FreshRow[] = await query;
  return rows.map((row) => ({
    line: row.line,
    part: row.part,
    contentHash: row.content_hash,
    draft: draftOf(row, order),
  }));
}

function draftOf(row: FreshRow, order: RowOrder | null): EntryDraft {
  const { kind } = row;
  const details = {
    exchange: row.exchange,
    externalId: row.external_id,
    time: row.time,
    quantity: fixed(row.quantity),
    note: row.note,
    tags: row.tags,
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.sequence === null ? {} : { sequence: row.sequence }),
  };
  const fee =
    row.fee_amount === null || row.fee_currency === null
      ? null
      : { amount: fixed(row.fee_amount), currency: row.fee_currency };
  if (kind !== 'trade') {
    const asset = given(row.asset);
    const unitCost = row.unit_cost === null ? null : fixed(row.unit_cost);
    const txid = row.txid === null ? {} : { txid: row.txid };
    if (kind === 'transfer') {
      return { kind, ...details, asset, fee, toAccount: given(row.to_account), ...txid, orderId: null };
    }
    const valued = { ...details, asset, unitCost, unitValue: unitCost, orderId: null };
    if (kind === 'convert') return { kind, ...valued, sources: given(row.sources).map(sourceOf) };
    return {
      kind,
      ...valued,
      ...txid,
      ...(row.subtype === null ? {} : { subtype: row.subtype }),
      ...(row.reason === null ? {} : { reason: row.reason }),
    };
  }
  return {
    kind,
    ...details,
    base: given(row.base),
    quote: given(row.quote),
    side: given(row.side),
    price: fixed(given(row.price)),
    fee,
    quoteRate: null,
    feeRate: null,
    orderId: row.order_id,
    orderType: row.order_type,
    ...placeOf(row, order),
  };
}

function sourceOf({ asset, quantity, received }: SourceJson): ConvertSource {
  return {
    asset,
    quantity: fixed(quantity),
    received: received === null ? null : fixed(received),
    unitValue: null,
  };
}

function given<T>(value: T | null): T {
  if (value === null) throw new TypeError('a row that was put aside lacks a column of its kind');
  return value;
}

/** One that is alone in its instant has no place there. */
function placeOf(
  { line, first_line: first, last_line: last }: FreshRow,
  order: RowOrder | null,
): { place?: number } {
  if (order === null || first === last) return {};
  return { place: order === 'oldest-first' ? line - first + 1 : last - line + 1 };
}

/** Rows that are deleted by one statement. */
const DELETED_AT_ONCE = 500;

export async function dropRows(db: Database, importId: string): Promise<void> {
  let dropped: number;
  do {
    const some = db('import_rows').where({ import_id: importId }).select('line').limit(DELETED_AT_ONCE);
    dropped = await db('import_rows').where({ import_id: importId }).whereIn('line', some).delete();
  } while (dropped === DELETED_AT_ONCE);
}

/** What imports have left behind whose node has gone. */
export async function dropRowsBefore(db: Database, time: number): Promise<void> {
  const ids: { import_id: string }[] = await db('import_rows')
    .distinct('import_id')
    .where('created_at', '<', new Date(time));
  for (const { import_id: importId } of ids) await dropRows(db, importId);
}
