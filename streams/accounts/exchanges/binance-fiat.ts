import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed } from '../../../lib/money/money.ts';
import type { AccountPage, Cursor } from './adapter.ts';
import { type Ask, id, millis, number } from './answers.ts';
import { FIRST_DAY } from './binance-movements.ts';

/** One request takes half of a minute's budget, so reading the list takes a minute. */
const PAUSE_MS = 3_600_000;
const OVERLAP_MS = 86_400_000;
/** Orders that have been open for longer are no longer followed. */
const OPEN_MS = 365 * 86_400_000;

const DONE = new Set(['Successful', 'Finished']);
const ENDED = new Set(['Failed', 'Expired', 'Refunded', 'Refund Failed', 'Cancelled', 'Rejected']);

const orderSchema = z.object({
  orderNo: id,
  fiatCurrency: z.string(),
  indicatedAmount: number,
  amount: number,
  totalFee: number,
  status: z.string(),
  createTime: millis,
  updateTime: millis.nullish(),
});
const ordersSchema = z.object({ data: z.array(orderSchema).nullish() });

const fiatCursor = z.object({
  /** When the last completed pass began. */
  readAt: z.number().nullable(),
  /** The time of the oldest order that may still change. */
  open: z.number().nullable(),
  /** The current pass: orders between two times, deposits (0) first, then withdrawals (1). */
  pass: z
    .object({
      since: z.number(),
      until: z.number(),
      type: z.union([z.literal(0), z.literal(1)]),
      page: z.int(),
    })
    .nullable(),
});
type FiatCursor = z.output<typeof fiatCursor>;

/**
 * Deposits and withdrawals of national currencies. The end of a pass is fixed, so that its pages do not
 * shift.
 */
export async function fiatPage(
  before: Cursor | null,
  now: number,
  { ask, limit }: { ask: Ask; limit: number },
): Promise<AccountPage> {
  const cursor: FiatCursor =
    before === null ? { readAt: null, open: null, pass: null } : fiatCursor.parse(before);
  if (cursor.pass === null && cursor.readAt !== null && now - cursor.readAt < PAUSE_MS)
    return { entries: [], cursor, isLast: true, readUntil: null };
  const again = Math.min((cursor.readAt ?? FIRST_DAY) - OVERLAP_MS, cursor.open ?? Infinity);
  const pass = cursor.pass ?? { since: Math.max(FIRST_DAY, again), until: now, type: 0, page: 1 };
  const { data } = await ask(ordersSchema, 'sapiGetFiatOrders', {
    transactionType: pass.type,
    beginTime: pass.since,
    endTime: pass.until,
    page: pass.page,
    rows: limit,
  });
  const orders = data ?? [];
  let open = cursor.pass === null ? null : cursor.open;
  for (const { status, createTime } of orders) {
    const isOpen = !DONE.has(status) && !ENDED.has(status) && now - createTime < OPEN_MS;
    if (isOpen) open = Math.min(open ?? createTime, createTime);
  }
  const entries = orders
    .filter(({ status }) => DONE.has(status))
    .map((order) => fiatEntry(pass.type === 0 ? 'deposit' : 'withdrawal', order));
  const next =
    orders.length >= limit
      ? { ...pass, page: pass.page + 1 }
      : pass.type === 0
        ? ({ ...pass, type: 1, page: 1 } as const)
        : null;
  return {
    entries,
    cursor: { readAt: next === null ? pass.until : cursor.readAt, open, pass: next },
    // After a pass that began long ago, another one follows.
    isLast: next === null && now - pass.until < PAUSE_MS,
    readUntil: null,
  };
}

/** A deposit adds the amount; a withdrawal takes the indicated amount, fee included. */
function fiatEntry(kind: 'deposit' | 'withdrawal', order: z.output<typeof orderSchema>): RawEntry {
  const { amount, indicatedAmount, totalFee } = order;
  const whole = fixed(amount) + fixed(totalFee);
  // If they do not add up, either could be right.
  if (whole !== fixed(indicatedAmount))
    throw new AccountError({ code: 'unreadable-answer', reason: 'fiat.indicatedAmount' });
  return {
    kind,
    exchange: 'binance',
    externalId: order.orderNo,
    asset: order.fiatCurrency,
    quantity: kind === 'deposit' ? amount : decimal(whole),
    time: order.updateTime ?? order.createTime,
  };
}
