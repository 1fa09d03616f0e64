import { readFileSync } from 'node:fs';
import type { Protocol, RealTrade } from './exchange-server.ts';

/** What the public answers of exchanges look like: recorded, or as their documents have it; the file says which. */
const shapes: {
  binanceMarket: object;
  krakenMarket: object;
} = JSON.parse(readFileSync(new URL('../../fixtures/exchange-markets.json', import.meta.url), 'utf8'));

/** `BTC/KRW` → `KRW-BTC`. */
const upbitId = (symbol: string): string => symbol.split('/').toReversed().join('-');

function upbitTrade({ symbol, id, time, price, amount, side }: RealTrade): Record<string, unknown> {
  return {
    timestamp: time,
    trade_price: Number(price),
    trade_volume: Number(amount),
    ask_bid: side === 'buy' ? 'BID' : 'ASK',
    sequential_id: id,
    code: upbitId(symbol),
  };
}

/** Upbit: ids rise, but not by one; history is read backwards from a cursor. */
export function upbitProtocol(symbols: readonly string[]): Protocol {
  return {
    rest(url, trades) {
      if (url.pathname === '/v1/market/all') return symbols.map((symbol) => ({ market: upbitId(symbol) }));
      if (url.pathname !== '/v1/trades/ticks') return null;
      const { market, count, cursor, days_ago: days } = Object.fromEntries(url.searchParams);
      if (days !== undefined) return [];
      return trades
        .filter(
          ({ symbol, id }) => upbitId(symbol) === market && (cursor === undefined || id < Number(cursor)),
        )
        .toReversed()
        .slice(0, Number(count ?? 1))
        .map((trade) => ({ ...upbitTrade(trade), code: undefined, market }));
    },
    subscribe(message) {
      const parts = message as { type?: string; codes?: string[] }[];
      const codes = parts.filter(({ type }) => type === 'trade').flatMap((part) => part.codes ?? []);
      return { symbols: symbols.filter((symbol) => codes.includes(upbitId(symbol))), answer: null };
    },
    live: (trade) => ({ type: 'trade', stream_type: 'REALTIME', ...upbitTrade(trade) }),
  };
}

const binanceId = (symbol: string): string => symbol.replace('/', '');

/** Binance: ids rise by one; the last trades one by one, older ones in groups. */
export function binanceProtocol(symbols: readonly string[]): Protocol {
  return {
    rest(url, trades) {
      if (url.pathname.endsWith('/exchangeInfo')) {
        const isSpot = url.pathname === '/api/v3/exchangeInfo';
        return { symbols: isSpot ? symbols.map((symbol) => binanceMarket(symbol)) : [] };
      }
      const query = Object.fromEntries(url.searchParams);
      const own = trades.filter(({ symbol }) => binanceId(symbol) === query['symbol']);
      const limit = Number(query['limit'] ?? 500);
      if (url.pathname === '/api/v3/trades') {
        return own.slice(-limit).map(({ id, price, amount, time, side }) => {
          return { id, price, qty: amount, time, isBuyerMaker: side === 'sell', isBestMatch: true };
        });
      }
      if (url.pathname !== '/api/v3/aggTrades') return null;
      const groups = own.map(({ id, price, amount, time, side }) => {
        return { a: id - 1_000, p: price, q: amount, f: id, l: id, T: time, m: side === 'sell', M: true };
      });
      const { fromId, startTime, endTime } = query;
      const selected = groups.filter(({ a, T }) =>
        fromId === undefined
          ? T >= Number(startTime ?? 0) && T <= Number(endTime ?? Infinity)
          : a >= Number(fromId),
      );
      return selected.slice(0, limit);
    },
    subscribe(message) {
      const { params = [], id } = message as { params?: string[]; id?: number };
      const wanted = symbols.filter((symbol) => params.includes(`${binanceId(symbol).toLowerCase()}@trade`));
      return { symbols: wanted, answer: { result: null, id } };
    },
    live: ({ symbol, id, time, price, amount, side }) => ({
      e: 'trade',
      E: time,
      s: binanceId(symbol),
      t: id,
      p: price,
      q: amount,
      T: time,
      m: side === 'sell',
      M: true,
    }),
  };
}

function binanceMarket(symbol: string): object {
  const [baseAsset, quoteAsset] = symbol.split('/');
  return { ...shapes.binanceMarket, symbol: binanceId(symbol), baseAsset, quoteAsset };
}

const krakenId = (symbol: string): string => symbol.replace('/', '');

/** Kraken: history since a second, oldest first. */
export function krakenProtocol(symbols: readonly string[]): Protocol {
  return {
    rest(url, trades) {
      const result = (value: unknown): object => ({ error: [], result: value });
      if (url.pathname === '/0/public/Assets') return result({});
      if (url.pathname === '/0/public/AssetPairs') {
        return result(Object.fromEntries(symbols.map((symbol) => [krakenId(symbol), krakenMarket(symbol)])));
      }
      if (url.pathname !== '/0/public/Trades') return null;
      const { pair = '', since = '0', count = '1000' } = Object.fromEntries(url.searchParams);
      const own = trades.filter(
        ({ symbol, time }) => krakenId(symbol) === pair && time > Number(since) * 1_000,
      );
      const rows = own
        .slice(0, Number(count))
        .map(({ id, time, price, amount, side }) => [
          price,
          amount,
          time / 1_000,
          side === 'sell' ? 's' : 'b',
          'm',
          '',
          id,
        ]);
      return result({ [pair]: rows, last: `${own.at(-1)?.time ?? 0}000000` });
    },
    subscribe(message) {
      const { params, req_id } = message as { params?: { symbol?: string[] }; req_id?: number };
      const wanted = symbols.filter((symbol) => params?.symbol?.includes(symbol) === true);
      return { symbols: wanted, answer: { method: 'subscribe', success: true, req_id } };
    },
    live: ({ symbol, id, time, price, amount, side }) => ({
      channel: 'trade',
      type: 'update',
      data: [
        {
          symbol,
          side,
          price: Number(price),
          qty: Number(amount),
          ord_type: 'market',
          trade_id: id,
          timestamp: new Date(time).toISOString(),
        },
      ],
    }),
  };
}

function krakenMarket(symbol: string): object {
  const [base = '', quote = ''] = symbol.split('/');
  const names = { altname: krakenId(symbol), wsname: symbol, base, quote };
  return { ...shapes.krakenMarket, ...names };
}
