import type { Clock } from '../../lib/clock.ts';
import { decimal, fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { contentHash, type TradeDraft } from '../ledger/stored-entry.ts';

/** A trade of a file that is being imported, before its rates are looked up. */
export interface ImportedTrade {
  /** Line of the file that it begins on. */
  line: number;
  draft: TradeDraft;
  /** It has no id of its own and shall get one, of its content and its number among the equal rows of the file. */
  counted: boolean;
}

const COLUMNS = {
  import_id: 'uuid',
  line: 'integer',
  exchange: 'text',
  external_id: 'text',
  counted: 'boolean',
  time: 'timestamptz',
  base: 'text',
  quote: 'text',
  side: 'text',
  quantity: 'numeric',
  price: 'numeric',
  fee_amount: 'numeric',
  fee_currency: 'text',
  order_id: 'text',
  order_type: 'text',
  note: 'text',
  tags: 'text[]',
  content_hash: 'text',
  created_at: 'timestamptz',
} as const;

const NAMES = Object.keys(COLUMNS).join(', ');
const SOURCE = Object.entries(COLUMNS)
  .map(([column, type]) => `${column} ${type}`)
  .join(', ');

/** Puts rows of a file aside until the whole of it is there. */
export async function stageRows(
  db: Database,
  importId: string,
  trades: readonly ImportedTrade[],
  { clock }: { clock: Clock },
): Promise<void> {
  const created = new Date(clock.now());
  const rows = trades.map(({ line, counted, draft }): Record<keyof typeof COLUMNS, unknown> => ({
    import_id: importId,
    line,
    exchange: draft.exchange,
    external_id: draft.externalId,
    counted,
    time: new Date(draft.time),
    base: draft.base,
    quote: draft.quote,
    side: draft.side,
    quantity: decimal(draft.quantity),
    price: decimal(draft.price),
    fee_amount: draft.fee === null ? null : decimal(draft.fee.amount),
    fee_currency: draft.fee?.currency ?? null,
    order_id: draft.orderId,
    order_type: draft.orderType,
    note: draft.note,
    tags: draft.tags,
    content_hash: contentHash(draft),
    created_at: created,
  }));
  await db.raw(
    `insert into import_rows (${NAMES}) select ${NAMES} from json_to_recordset(?::json) as r (${SOURCE})`,
    [JSON.stringify(rows)],
  );
}

/** A row that is to be booked. */
export interface PlacedTrade {
  line: number;
  place: number;
  contentHash: string;
  draft: TradeDraft;
}

interface PlacedRow {
  line: number;
  place: number;
  exchange: string;
  external_id: string | null;
  time: number;
  base: string;
  quote: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee_amount: string | null;
  fee_currency: string | null;
  order_id: string | null;
  order_type: string | null;
  note: string | null;
  tags: string[];
  content_hash: string;
}

/** What is to be booked, in its order: the rows behind a place, at most `limit`. Their rates are not known. */
export async function placedTrades(
  db: Database,
  importId: string,
  after: number,
  limit: number,
): Promise<PlacedTrade[]> {
  const rows: PlacedRow[] = await db('import_rows')
    .where({ import_id: importId })
    .andWhere('place', '>', after)
    .orderBy('place')
    .limit(limit);
  return rows.map((row) => ({
    line: row.line,
    place: row.place,
    contentHash: row.content_hash,
    draft: {
      kind: 'trade',
      exchange: row.exchange,
      externalId: row.external_id,
      time: row.time,
      base: row.base,
      quote: row.quote,
      side: row.side,
      quantity: fixed(row.quantity),
      price: fixed(row.price),
      fee:
        row.fee_amount === null || row.fee_currency === null
          ? null
          : { amount: fixed(row.fee_amount), currency: row.fee_currency },
      quoteRate: null,
      feeRate: null,
      orderId: row.order_id,
      orderType: row.order_type,
      note: row.note,
      tags: row.tags,
    },
  }));
}

export async function dropRows(db: Database, importId: string): Promise<void> {
  await db('import_rows').where({ import_id: importId }).delete();
}

/** What imports have left behind whose node has gone. */
export async function dropRowsBefore(db: Database, time: number): Promise<void> {
  await db('import_rows').where('created_at', '<', new Date(time)).delete();
}
