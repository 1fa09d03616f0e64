import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { ExchangeId } from '../../../lib/exchanges/exchange.ts';
import type { RawTrade } from '../../../lib/import/reading/format.ts';
import { decimal, type Fixed, fixed, mul, mulDiv, round, ZERO } from '../../../lib/money/money.ts';
import type { FillHint } from './adapter.ts';
import { number, time } from './answers.ts';

/** Decimals of amounts. */
const FEE_PLACES = 8;

/** An order of Upbit, and of Bithumb, whose API is modelled on it. */
export const orderSchema = z.object({
  uuid: z.string(),
  market: z.string(),
  side: z.enum(['bid', 'ask']),
  ord_type: z.string().nullish(),
  created_at: time,
  executed_volume: number.nullish(),
});
export const filledSchema = orderSchema.extend({
  paid_fee: number,
  trades: z.array(
    z.object({ uuid: z.string(), price: number, volume: number, funds: number, created_at: z.string() }),
  ),
});
export type Order = z.output<typeof orderSchema>;

/** The fee and the fills of an order that have already been read. */
export const readFillsSchema = z.object({ fee: z.string(), fills: z.array(z.string()) });
export type ReadFills = z.output<typeof readFillsSchema>;

export interface Fills {
  entries: RawTrade[];
  known: ReadFills;
}

/**
 * The fills of an order. Only the order's total fee is known: its increase is divided among the new fills in
 * proportion to their funds, and the last one gets the remainder. If the exchange has rounded the funds, the
 * difference is added to the fee, so that the amount charged is exact.
 */
export function readFills(
  exchange: ExchangeId,
  order: z.output<typeof filledSchema>,
  known: ReadFills = { fee: '0', fills: [] },
): Fills {
  const [quote = '', base = ''] = order.market.split('-');
  const before = new Set(known.fills);
  const trades = order.trades.filter(({ uuid }) => !before.has(uuid));
  const fee = fixed(order.paid_fee) - fixed(known.fee);
  const funds = trades.reduce((sum, trade) => sum + fixed(trade.funds), ZERO);
  let given = ZERO;
  const entries = trades.map((trade, index): RawTrade => {
    const own = fixed(trade.funds);
    const isLast = index === trades.length - 1;
    const share = isLast ? fee - given : funds === ZERO ? ZERO : round(mulDiv(fee, own, funds), FEE_PLACES);
    given += share;
    const charged = share + roundingOf(order.side, own, mul(fixed(trade.price), fixed(trade.volume)));
    // Without a fee there is nothing to subtract the difference from.
    const amount = charged < ZERO ? ZERO : charged;
    return {
      kind: 'trade',
      exchange,
      externalId: trade.uuid,
      orderId: order.uuid,
      ...(typeof order.ord_type !== 'string' ? {} : { type: order.ord_type }),
      symbol: `${base}/${quote}`,
      side: order.side === 'bid' ? 'buy' : 'sell',
      quantity: trade.volume,
      price: trade.price,
      fee: { amount: decimal(amount), currency: quote },
      ...instantOf(trade.created_at),
    };
  });
  return {
    entries,
    known: { fee: order.paid_fee, fills: order.trades.map(({ uuid }) => uuid) },
  };
}

/** What is known about the orders being followed. */
type Followed = Record<string, ReadFills>;

/**
 * Looks up fills that a stream has announced, each order once. An order that was not followed is followed
 * from now on: the next pass finds it either closed or still open.
 * @param fillsOf requests an order
 */
export async function hintedFills(
  open: Followed,
  hints: readonly FillHint[],
  fillsOf: (order: string, known: ReadFills | undefined) => Promise<Fills>,
): Promise<{ open: Followed; entries: RawTrade[]; missing: FillHint[] }> {
  const after = { ...open };
  const entries: RawTrade[] = [];
  for (const order of new Set(hints.map((hint) => hint.order))) {
    const fills = await fillsOf(order, after[order]);
    entries.push(...fills.entries);
    after[order] = fills.known;
  }
  const missing = hints.filter(({ order, fill }) => after[order]?.fills.includes(fill) !== true);
  return { open: after, entries, missing };
}

/** What a buyer paid beyond price × volume, or a seller lost. */
function roundingOf(side: 'bid' | 'ask', funds: Fixed, value: Fixed): Fixed {
  return side === 'bid' ? funds - value : value - funds;
}

/** `2025-11-20T10:15:30.123456+09:00`: the microseconds order fills within a millisecond. */
function instantOf(text: string): { time: number; sequence?: number } {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new AccountError({ code: 'unreadable-answer', reason: 'created_at' });
  const micros = /\.\d{3}(\d{3})/.exec(text)?.[1];
  return micros === undefined ? { time: at } : { time: at, sequence: Number(micros) };
}
