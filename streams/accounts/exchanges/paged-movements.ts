import { z } from 'zod';
import type { ExchangeId } from '../../../lib/exchanges/exchange.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import type { AccountPage, Cursor } from './adapter.ts';
import { type Ask, number, time } from './answers.ts';
import type { RowState } from './windows.ts';

/** The maximum number of pages to read beyond one that is not settled, or behind one that is. */
const PAGES_BEHIND = 50;
/** Rows may be listed a while after their time, before others that have already been read. */
const OVERLAP_MS = 7 * 86_400_000;

/** A deposit or withdrawal of Upbit, and of Bithumb, whose API is modelled on it. */
export const movementSchema = z.object({
  uuid: z.string(),
  currency: z.string(),
  txid: z.string().nullish(),
  state: z.string(),
  created_at: time,
  done_at: time.nullish(),
  amount: number,
  fee: number.nullish(),
});

const movementsCursor = z.object({
  page: z.int().min(1),
  /** Whether a pass is under way, which has looked behind already. */
  isOnward: z.boolean().optional(),
});

export interface PagedMovements {
  exchange: ExchangeId;
  kind: 'deposit' | 'withdrawal';
  /** A ccxt method. */
  method: string;
  stateOf: (state: string) => RowState;
  /** Rows per page. */
  rows: number;
}

/**
 * Oldest first, so that pages rarely shift. Pages with unfinished rows are read again, and each pass begins
 * with the pages of the last days: a row that is listed late pushes others to later pages, and one that is
 * taken out pulls them to earlier ones.
 */
export async function movementsPage(
  before: Cursor | null,
  now: number,
  ask: Ask,
  { exchange, kind, method, stateOf, rows: limit }: PagedMovements,
): Promise<AccountPage> {
  const cursor = movementsCursor.parse(before ?? ({ page: 1 } satisfies Cursor));
  const read = async (page: number) =>
    await ask(z.array(movementSchema), method, { page, limit, order_by: 'asc' });
  const entriesOf = (rows: z.output<typeof movementSchema>[]): RawEntry[] =>
    rows.filter(({ state }) => stateOf(state) === 'done').map((row) => movementEntry(exchange, kind, row));
  const movements = await read(cursor.page);
  const isFull = movements.length >= limit;
  const isSettled = isFull && movements.every(({ state }) => stateOf(state) !== 'open');
  const page = isSettled ? cursor.page + 1 : cursor.page;
  const entries = entriesOf(movements);
  let [oldest] = movements;
  const last = cursor.isOnward === true ? cursor.page : Math.max(1, cursor.page - PAGES_BEHIND);
  for (let behind = cursor.page - 1; behind >= last && isRecent(oldest, now); behind -= 1) {
    const rows = await read(behind);
    entries.push(...entriesOf(rows));
    [oldest] = rows;
  }
  if (!isFull || isSettled)
    return {
      entries,
      cursor: isFull ? { page, isOnward: true } : { page },
      isLast: !isFull,
      readUntil: null,
    };
  // A row of a full page is still under way: read the rest beyond it, each time.
  for (let next = cursor.page + 1; ; next += 1) {
    const more = await read(next);
    entries.push(...entriesOf(more));
    if (more.length < limit || next > cursor.page + PAGES_BEHIND)
      return { entries, cursor: { page }, isLast: true, readUntil: null };
  }
}

/** Whether rows before this one may have been listed late. */
function isRecent(oldest: z.output<typeof movementSchema> | undefined, now: number): boolean {
  return oldest === undefined || oldest.created_at > now - OVERLAP_MS;
}

/** A deposit's fee is not part of what arrives; a withdrawal's comes on top. */
function movementEntry(
  exchange: ExchangeId,
  kind: 'deposit' | 'withdrawal',
  row: z.output<typeof movementSchema>,
): RawEntry {
  const fee = kind === 'deposit' ? ZERO : fixed(row.fee ?? '0');
  return {
    kind,
    exchange,
    externalId: row.uuid,
    asset: row.currency,
    quantity: decimal(fixed(row.amount) + fee),
    time: row.done_at ?? row.created_at,
    ...(typeof row.txid !== 'string' ? {} : { txid: row.txid }),
  };
}
