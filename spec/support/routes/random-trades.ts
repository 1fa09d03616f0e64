import * as fc from 'fast-check';
import { dice } from './bookkeeper.ts';
import type { Filter } from './trade-oracle.ts';

const START = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;

const NOTES = [
  null,
  null,
  '분할매수 2차',
  '비트코인 장기 보유',
  '손절: 급락',
  'Grid bot, 100% auto',
  'first_buy  of the day 🚀',
  "it's a \\ dip; drop table x",
  '리밸런싱 BTC',
];

/** Words that are there, halves of them, words that nearly are, and what a pattern or a quote would make of them. */
export const QUESTIONS = [
  'btc',
  'BTC/KRW',
  'c/k',
  'kr',
  'k',
  'tc',
  '매수',
  '분할',
  '분핡',
  '비',
  '빝',
  '비트코',
  '비트콩',
  '비트코이',
  '빔',
  '수',
  '손절 급락',
  'bot grid',
  'GRID',
  'rid',
  'au',
  '%',
  '100%',
  '_',
  'first_buy',
  'firstxbuy',
  "it's",
  '\\',
  '🚀',
  "'; drop",
  'o-1',
  'der-2',
  'x1',
  'x11 btc',
  'nothing like it',
  '１００％',
];

/** Every kind of trade: late ones, equal instants and figures, quotes and fees with and without a rate, more sold than held. */
export function randomTrades(seed: number, count: number): object[] {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[roll(list.length)];
  return Array.from({ length: count }, (_, index) => {
    const symbol = pick(['BTC/KRW', 'BTC/KRW', 'ETH/KRW', 'ETH/BTC', 'XRP/USDT', 'KRW/ETH']) ?? '';
    const note = pick(NOTES);
    return {
      externalId: `x${index}`,
      exchange: pick(['upbit', 'upbit', 'binance', undefined]),
      symbol,
      side: pick(['buy', 'buy', 'sell']),
      quantity: pick(['1', '0.25', '2.000000001', '3']),
      price: pick(['100', '250.5', '99.999999', '100']),
      fee: pick([
        undefined,
        { amount: '0.15', currency: 'KRW' },
        { amount: '0.01', currency: symbol.split('/')[0] },
        { amount: '0.02', currency: 'BNB' },
      ]),
      time: new Date(START + roll(60) * HOUR).toISOString(),
      orderId: pick([undefined, 'order-1', 'order-2', `o-${index}`]),
      type: pick([undefined, 'limit', 'market']),
      ...(note === null ? {} : { note }),
      tags: pick([[], ['bot'], ['봇', 'a,b'], ['bot', 'a,b']]),
    };
  });
}

const option = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 });
const instant = option(Array.from({ length: 61 }, (_, hour) => new Date(START + hour * HOUR).toISOString()));
export const filters = fc
  .record({
    range: fc.tuple(instant, instant),
    symbol: option(['BTC/KRW', 'ETH/BTC', 'DOGE/KRW']),
    symbols: option(['BTC/KRW,ETH/KRW', 'XRP/USDT,KRW/ETH,DOGE/KRW']),
    asset: option(['BTC', 'ETH', 'KRW', 'USDT', 'BNB']),
    side: option(['buy', 'sell']),
    type: option(['limit', 'market', 'stop']),
    exchange: option(['upbit', 'binance', 'nowhere']),
    orderId: option(['order-1', 'o-7', 'order-']),
    tag: option(['bot', '봇', 'a,b', 'bo']),
    q: option(QUESTIONS),
  })
  .map(({ range: [a, b], symbol, symbols, ...rest }): Filter => {
    const [from, to] = a !== undefined && b !== undefined && a > b ? [b, a] : [a, b];
    const chosen = { ...rest, from, to, symbol: symbols === undefined ? symbol : undefined, symbols };
    return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  });
