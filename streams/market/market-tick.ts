import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';
import { isSymbol } from '../../lib/symbol.ts';
import type { TickRecord } from '../channels/record.ts';
import type { PublicTradeBody } from '../../lib/schemas/public-trade-schema.ts';
import type { PriceStatus } from '../../lib/schemas/ticker-schema.ts';
import type { Tick } from './tick.ts';

/** A tick whose decimals have been parsed. */
export interface MarketTick {
  symbol: string;
  price: Fixed;
  /** `null` if it has only a price. */
  quantity: Fixed | null;
  /** Epoch milliseconds. */
  time: number;
  /** When it arrived, epoch milliseconds. */
  asOf: number;
  exchange: string | null;
  feed: string | null;
  status: PriceStatus;
  simulated: boolean;
}

/** A tick from further in the future is a mistake. */
export const MAX_AHEAD_MS = 60_000;
/** How far ahead of this clock the time of a pushed tick may be. */
export const TRUSTED_AHEAD_MS = 10_000;
/**
 * How far ahead of this clock a tick counts at most. Otherwise every other tick would be late until then, so that the
 * price would not move, and the minute would end too early.
 */
const COUNTED_AHEAD_MS = 1_000;

/** Why a tick cannot be accepted, or `null`. */
export function objection({ symbol, price, quantity, time }: Tick, now: number): string | null {
  if (!isSymbol(symbol)) return 'has no valid symbol';
  if (!Number.isSafeInteger(time) || time < 0) return 'has no valid time';
  if (time > now + MAX_AHEAD_MS) return 'has a time in the future';
  if (!isPositiveDecimal(price)) return 'has a price that is not a positive decimal number';
  if (quantity !== null && !isPositiveDecimal(quantity))
    return 'has a quantity that is not a positive decimal number';
  return null;
}

/** Positive plain decimal text of a reasonable length. */
export function isPositiveDecimal(text: string): boolean {
  try {
    return text.length <= 60 && fixed(text) > 0n;
  } catch {
    return false;
  }
}

/** Where and when a tick arrived. */
export interface Arrival {
  now: number;
  /** Short name of the feed. */
  feed: string | null;
  /** Time of the symbol's newest tick: if the clock is set back, later ticks are not late. */
  newest?: number | null;
}

/** @throws RangeError for a tick with an `objection` */
export function parseTick(tick: Tick, { now, feed, newest = null }: Arrival): MarketTick {
  const { symbol, exchange, simulated } = tick;
  const quantity = tick.quantity === null ? null : fixed(tick.quantity);
  return {
    symbol,
    price: fixed(tick.price),
    quantity,
    time: Math.min(tick.time, Math.max(now + COUNTED_AHEAD_MS, newest ?? 0)),
    asOf: now,
    exchange,
    feed,
    status: 'live',
    simulated,
  };
}

/** The public trade of a tick, if it is one. */
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

/** The tick that a record was made from. */
export function tickOf({ ticker, trade, late }: TickRecord): MarketTick | null {
  const source = trade ?? ticker;
  if (source === null) return null;
  const { symbol, exchange, simulated } = source;
  const price = fixed(late?.price ?? source.price);
  const time = Date.parse(late?.time ?? source.time);
  return {
    symbol,
    price,
    quantity: trade === null ? null : fixed(trade.quantity),
    // A trade that was far ahead of the clock counted with the time of its ticker.
    time: ticker === null ? time : Math.min(time, Date.parse(ticker.time)),
    // Records of earlier versions lack what follows.
    asOf: Date.parse(ticker?.asOf ?? source.time),
    exchange,
    feed: ticker?.feed ?? null,
    status: ticker?.status ?? 'live',
    simulated,
  };
}

/** Whether the tick of a record arrived too late to move the price. */
export function isLate({ ticker, trade, late }: TickRecord): boolean {
  if (late !== undefined) return true;
  return trade !== null && (ticker === null || Date.parse(trade.time) < Date.parse(ticker.time));
}
