import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import { type Ask, id, millis, number } from './answers.ts';
import type { RowState, WindowedHistory } from './windows.ts';

const DAY_MS = 86_400_000;
/** Coinone opened in August 2014. */
const FIRST_DAY = Date.UTC(2014, 7, 1);
/** The maximum range of a query is ninety days. */
const WINDOW_MS = 89 * DAY_MS;
/** Windows per page. */
const WINDOWS = 20;

export interface CoinoneLimits {
  /** Rows per page. */
  rows: number;
  /** Pages of a window to read before dividing it. */
  pages: number;
}

/**
 * The rows between two times, newest first. Pages are continued from an id, so that they do not shift.
 * @param page the rows before `last`
 */
async function rowsBetween<Row>(
  { rows: limit, pages }: CoinoneLimits,
  page: (last: Row | null) => Promise<Row[]>,
): Promise<{ rows: Row[]; isCut: boolean }> {
  const rows: Row[] = [];
  for (let read = 0; read < pages; read += 1) {
    const more = await page(rows.at(-1) ?? null);
    rows.push(...more);
    if (more.length < limit) return { rows, isCut: false };
  }
  return { rows, isCut: true };
}

const fillSchema = z.object({
  trade_id: id,
  order_id: id,
  quote_currency: z.string(),
  target_currency: z.string(),
  order_type: z.string().nullish(),
  is_ask: z.boolean(),
  price: number,
  qty: number,
  timestamp: millis,
  fee: number,
  fee_currency: z.string(),
});
const fillsSchema = z.object({ completed_orders: z.array(fillSchema) });
type Fill = z.output<typeof fillSchema>;

/** Fills, which Coinone calls completed orders. */
export function completedOrders(ask: Ask, limits: CoinoneLimits): WindowedHistory<Fill> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: WINDOWS,
    read: async (from, until) =>
      await rowsBetween<Fill>(limits, async (last) => {
        const { completed_orders: rows } = await ask(fillsSchema, 'v2_1PrivatePostOrderCompletedOrdersAll', {
          size: limits.rows,
          from_ts: from,
          to_ts: until,
          ...(last === null ? {} : { to_trade_id: last.trade_id }),
        });
        return rows;
      }),
    timeOf: ({ timestamp }) => timestamp,
    stateOf: () => 'done',
    entriesOf: (rows) => rows.map(fillEntry),
  };
}

function fillEntry(row: Fill): RawEntry {
  // Version 2 of the API listed what was charged as negative fees, 2.1 is said to list it as it is.
  if (fixed(row.fee) < ZERO)
    throw new AccountError({ code: 'unreadable-answer', reason: 'completed_orders.fee' });
  return {
    kind: 'trade',
    exchange: 'coinone',
    externalId: row.trade_id,
    orderId: row.order_id,
    ...(typeof row.order_type !== 'string' ? {} : { type: row.order_type.toLowerCase() }),
    symbol: `${row.target_currency.toUpperCase()}/${row.quote_currency.toUpperCase()}`,
    side: row.is_ask ? 'sell' : 'buy',
    quantity: row.qty,
    price: row.price,
    fee: { amount: row.fee, currency: row.fee_currency.toUpperCase() },
    time: row.timestamp,
  };
}

const transactionSchema = z.object({
  id,
  /** Absent in the history of won. */
  currency: z.string().nullish(),
  txid: z.string().nullish(),
  type: z.enum(['DEPOSIT', 'WITHDRAWAL']),
  status: z.string(),
  amount: number,
  fee: number.nullish(),
  created_at: millis,
});
const transactionsSchema = z.object({ transactions: z.array(transactionSchema) });
type Transaction = z.output<typeof transactionSchema>;

const DONE = new Set(['DEPOSIT_SUCCESS', 'DEPOSIT_COMPLETE', 'WITHDRAWAL_SUCCESS', 'WITHDRAWAL_COMPLETE']);
/** A refunded withdrawal has left nothing out; a refunded deposit never came in. */
const VOID = new Set([
  'DEPOSIT_FAIL',
  'DEPOSIT_FAILED',
  'DEPOSIT_REFUND',
  'DEPOSIT_REJECT',
  'WITHDRAWAL_FAIL',
  'WITHDRAWAL_FAILED',
  'WITHDRAWAL_REFUND',
  'REFUND_COMPLETE',
]);

/** Deposits and withdrawals, of coins or of won. @param method a ccxt method */
export function transactions(ask: Ask, method: string, limits: CoinoneLimits): WindowedHistory<Transaction> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: WINDOWS,
    read: async (from, until) =>
      await rowsBetween<Transaction>(limits, async (last) => {
        const { transactions: rows } = await ask(transactionsSchema, method, {
          size: limits.rows,
          from_ts: from,
          to_ts: until,
          ...(last === null ? {} : { to_id: last.id }),
        });
        return rows;
      }),
    timeOf: ({ created_at: at }) => at,
    stateOf: ({ status }) => stateOf(status),
    entriesOf: (rows) => rows.map(transactionEntry),
  };
}

function stateOf(status: string): RowState {
  return DONE.has(status) ? 'done' : VOID.has(status) ? 'void' : 'open';
}

/** A deposit's fee is not part of what arrives; a withdrawal's comes on top. */
function transactionEntry(row: Transaction): RawEntry {
  const fee = row.type === 'DEPOSIT' ? ZERO : fixed(row.fee ?? '0');
  return {
    kind: row.type === 'DEPOSIT' ? 'deposit' : 'withdrawal',
    exchange: 'coinone',
    externalId: row.id,
    asset: (row.currency ?? 'KRW').toUpperCase(),
    quantity: decimal(fixed(row.amount) + fee),
    time: row.created_at,
    ...(typeof row.txid === 'string' && row.txid !== '' ? { txid: row.txid } : {}),
  };
}
