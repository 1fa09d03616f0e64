import { plain } from '../../../lib/text/plain-number.ts';
import type { Tick } from '../tick.ts';
import type { WatchedTicker, WatchedTrade } from './ccxt-exchange.ts';

/** What a tick is of. */
export interface TickSubject {
  symbol: string;
  /** ccxt's name of the exchange. */
  exchange: string;
}

/** @returns `null` for a trade that lacks a figure */
export function tickOfTrade(
  { symbol, exchange }: TickSubject,
  { id, side, price, amount }: WatchedTrade,
  time: number,
): Tick | null {
  if (price === undefined || amount === undefined) return null;
  return {
    symbol,
    price: plain(price),
    quantity: plain(amount),
    side: side === 'buy' || side === 'sell' ? side : null,
    time,
    tradeId: id ?? null,
    exchange,
    simulated: false,
  };
}

/** @returns `null` for a ticker without a price */
export function tickOfTicker(
  { symbol, exchange }: TickSubject,
  { last, timestamp }: WatchedTicker,
  now: number,
): Tick | null {
  if (last === undefined) return null;
  const time = timestamp ?? now;
  return {
    symbol,
    price: plain(last),
    quantity: null,
    side: null,
    time,
    tradeId: null,
    exchange,
    simulated: false,
  };
}

/** Upbit says with each ticker whether trading is suspended. */
export function isHalted({ info }: WatchedTicker): boolean {
  if (info === null || typeof info !== 'object') return false;
  const { is_trading_suspended: isSuspended, market_state: state }: Record<string, unknown> = { ...info };
  return isSuspended === true || state === 'DELISTED';
}
