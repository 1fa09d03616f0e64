import type { Market } from '../market.ts';
import type { LastTrade } from './trade-tape.ts';

/**
 * The last trade of a symbol on an exchange that is known, from the log or from stored candles: a candle knows neither
 * the id of a trade nor where it was.
 * @returns `null` if the last price is from elsewhere, or none is known
 */
export function lastTradeOf(
  market: Pick<Market, 'lastTrade' | 'price' | 'ticker'>,
  symbol: string,
  exchange: string,
): LastTrade | null {
  const trade = market.lastTrade(symbol);
  if (trade !== null) {
    return trade.exchange === exchange ? { id: trade.tradeId, time: Date.parse(trade.time) } : null;
  }
  const mark = market.price(symbol);
  if (mark === null || mark.simulated) return null;
  const known = market.ticker(symbol)?.exchange ?? null;
  return known === null || known === exchange ? { id: null, time: mark.time } : null;
}
