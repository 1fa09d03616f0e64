import { z } from 'zod';
import type { ExchangeId } from '../../../lib/exchanges/exchange.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import type { AccountPage, Cursor } from './adapter.ts';
import { type Ask, number, time } from './answers.ts';
import type { RowState } from './windows.ts';

/** The maximum number of pages to read beyond one that is not settled. */
const PAGES_BEHIND = 50;

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

const movementsCursor = z.object({ page: z.int().min(1) });

export interface PagedMovements {
  exchange: ExchangeId;
  kind: 'deposit' | 'withdrawal';
  /** A ccxt method. */
  method: string;
  stateOf: (state: string) => RowState;
  /** Rows per page. */
  rows: number;
}

/** Oldest first, so that pages do not shift; pages with unfinished rows are read again. */
export async function movementsPage(
  before: Cursor | null,
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
  if (!isFull || isSettled) return { entries, cursor: { page }, isLast: !isFull, readUntil: null };
  // A row of a full page is still under way: read the rest beyond it, each time.
  for (let next = cursor.page + 1; ; next += 1) {
    const more = await read(next);
    entries.push(...entriesOf(more));
    if (more.length < limit || next > cursor.page + PAGES_BEHIND)
      return { entries, cursor: { page }, isLast: true, readUntil: null };
  }
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
