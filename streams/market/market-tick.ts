import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';
import { SYMBOL_PATTERN } from '../../lib/symbol.ts';
import type { PublicTradeBody, TickRecord } from '../channels/record.ts';
import type { Tick } from './tick.ts';

/** A tick whose decimals are parsed. */
export interface MarketTick {
  symbol: string;
  price: Fixed;
  /** `null` when it only tells a price. */
  quantity: Fixed | null;
  /** Epoch milliseconds. */
  time: number;
  exchange: string | null;
  simulated: boolean;
}

/** A tick from further in the future is a mistake, and would make every later one late. */
export const MAX_AHEAD_MS = 60_000;

/** Why a tick cannot be taken, or `null`. */
export function objection({ symbol, price, quantity, time }: Tick, now: number): string | null {
  if (!SYMBOL_PATTERN.test(symbol)) return 'not a symbol';
  if (!Number.isSafeInteger(time) || time < 0) return 'not a time';
  if (time > now + MAX_AHEAD_MS) return 'its time is in the future';
  if (!isPositiveDecimal(price)) return 'the price is not a positive decimal number';
  if (quantity !== null && !isPositiveDecimal(quantity))
    return 'the quantity is not a positive decimal number';
  return null;
}

/** Positive plain decimal text of a sane length. */
export function isPositiveDecimal(text: string): boolean {
  try {
    return text.length <= 60 && fixed(text) > 0n;
  } catch {
    return false;
  }
}

/** @throws RangeError for what has an `objection` */
export function parseTick(tick: Tick): MarketTick {
  const { symbol, time, exchange, simulated } = tick;
  const quantity = tick.quantity === null ? null : fixed(tick.quantity);
  return { symbol, price: fixed(tick.price), quantity, time, exchange, simulated };
}

/** The public trade that a tick tells of, if it does. */
export function tradeBody(tick: Tick, { price, quantity }: MarketTick): PublicTradeBody | null {
  if (quantity === null) return null;
  return {
    symbol: tick.symbol,
    tradeId: tick.tradeId,
    side: tick.side,
    price: decimal(price),
    quantity: decimal(quantity),
    time: new Date(tick.time).toISOString(),
    exchange: tick.exchange,
    simulated: tick.simulated,
  };
}

/** The tick that a record was made of. */
export function tickOf({ ticker, trade }: TickRecord): MarketTick | null {
  const source = trade ?? ticker;
  if (source === null) return null;
  return {
    symbol: source.symbol,
    price: fixed(source.price),
    quantity: trade === null ? null : fixed(trade.quantity),
    time: Date.parse(source.time),
    exchange: source.exchange,
    simulated: source.simulated,
  };
}
