import type { Move, RawEntry } from '../../lib/import/reading/format.ts';
import { movesOf, sumMoves } from '../../lib/import/reading/legs.ts';
import type { RowOrder } from '../../lib/import/reading/row-order.ts';
import { decimal, fixed } from '../../lib/money/money.ts';
import type { ConvertSource } from '../../lib/pnl/ledger/entry.ts';
import type { Database } from '../connection/database.ts';
import type { SourceJson } from '../ledger/entries/entry-row.ts';
import type { EntryDraft } from '../ledger/entries/stored-entry.ts';

/** A row to be booked. */
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
  confirmed: boolean | null;
  content_hash: string;
  first_line: number;
  last_line: number;
}

/** Rows summed up per statement. */
const SUMMED_AT_ONCE = 1_000;

/** The first and the last line at a row's instant, including those that are booked already. */
const LINES_OF_INSTANT = ['min', 'max'].map(
  (end) => `(select ${end}(line) from import_rows i where i.import_id = r.import_id and i.time = r.time)
    as ${end === 'min' ? 'first' : 'last'}_line`,
);

/**
 * The rows to be booked, in order of time and line: at most `limit` after a given position. Their rates are
 * not looked up.
 * @param order of the file, in which the lines give each trade its place in its instant; `null` if they do
 *   not
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

/** What the rows in conflict with the ledger, or with an earlier row, move: sums by asset. */
export async function conflictMoves(db: Database, importId: string): Promise<Move[]> {
  let sums: Move[] = [];
  for (let after = { line: -1, part: 0 }; ;) {
    const rows: FreshRow[] = await db('import_rows')
      .where({ import_id: importId, outcome: 'conflict' })
      .whereRaw('(line, part) > (?, ?)', [after.line, after.part])
      .orderBy(['line', 'part'])
      .limit(SUMMED_AT_ONCE)
      .select('*');
    sums = sumMoves([...sums, ...rows.flatMap((row) => movesOf(rawOf(draftOf(row, null))))]);
    const last = rows.at(-1);
    if (last === undefined || rows.length < SUMMED_AT_ONCE) return sums;
    after = last;
  }
}

/** An entry as a file states it. */
function rawOf(draft: EntryDraft): RawEntry {
  const { time } = draft;
  const quantity = decimal(draft.quantity);
  const fee = 'fee' in draft ? draft.fee : null;
  const cost = fee === null ? {} : { fee: { amount: decimal(fee.amount), currency: fee.currency } };
  if (draft.kind === 'trade') {
    const symbol = `${draft.base}/${draft.quote}`;
    return { kind: 'trade', time, symbol, side: draft.side, quantity, price: decimal(draft.price), ...cost };
  }
  const { kind, asset } = draft;
  if (kind !== 'convert') return { kind, time, asset, quantity, ...cost };
  const from = draft.sources.map((source) => ({ asset: source.asset, quantity: decimal(source.quantity) }));
  return { kind, time, asset, quantity, from };
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
    if (kind === 'rename' || kind === 'redenomination' || kind === 'fork') {
      const [origin] = given(row.sources);
      const { asset: from, quantity: per } = given(origin ?? null);
      return { kind, ...details, asset, from, per: fixed(per), orderId: null };
    }
    const valued = { ...details, asset, unitCost, unitValue: unitCost, orderId: null };
    if (kind === 'convert') return { kind, ...valued, sources: given(row.sources).map(sourceOf) };
    return {
      kind,
      ...valued,
      ...txid,
      ...(fee === null ? {} : { networkFee: fee.amount }),
      ...(row.subtype === null ? {} : { subtype: row.subtype }),
      ...(row.reason === null ? {} : { reason: row.reason }),
      ...(row.confirmed === true ? { confirmed: true } : {}),
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

/** The only one at its instant needs no place there. */
function placeOf(
  { line, first_line: first, last_line: last }: FreshRow,
  order: RowOrder | null,
): { place?: number } {
  if (order === null || first === last) return {};
  return { place: order === 'oldest-first' ? line - first + 1 : last - line + 1 };
}

/** Rows deleted per statement. */
const DELETED_AT_ONCE = 500;

export async function dropRows(db: Database, importId: string): Promise<void> {
  let dropped: number;
  do {
    const some = db('import_rows').where({ import_id: importId }).select('line').limit(DELETED_AT_ONCE);
    dropped = await db('import_rows').where({ import_id: importId }).whereIn('line', some).delete();
  } while (dropped === DELETED_AT_ONCE);
}

/** Deletes what imports left behind when their node died. */
export async function dropRowsBefore(db: Database, time: number): Promise<void> {
  const ids: { import_id: string }[] = await db('import_rows')
    .distinct('import_id')
    .where('created_at', '<', new Date(time));
  for (const { import_id: importId } of ids) await dropRows(db, importId);
}
