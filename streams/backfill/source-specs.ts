import type { FeedSpec } from '../market/feeds/feed-types.ts';
import type { SourceSpec } from './candle-source.ts';

/**
 * Sources of past candles, in order of preference: the exchanges of the feeds, then those given by name.
 * @param named `upbit`, or `upbit?rest=http://127.0.0.1:8080`
 * @throws RangeError if one is not the id of an exchange
 */
export function sourceSpecs(feeds: readonly FeedSpec[], named: readonly string[]): SourceSpec[] {
  const specs: SourceSpec[] = [
    ...feeds.flatMap((feed) => (feed.kind === 'ccxt' ? [{ exchange: feed.exchange, rest: feed.rest }] : [])),
    ...named.map((text) => {
      const [exchange = '', query = ''] = text.split('?', 2);
      if (!/^[a-z0-9_]{1,40}$/.test(exchange))
        throw new RangeError(
          `${JSON.stringify(text.slice(0, 80))} is no exchange: name its id in ccxt, such as upbit`,
        );
      return { exchange, rest: new URLSearchParams(query).get('rest') };
    }),
  ];
  return specs.filter(
    ({ exchange }, index) => specs.findIndex((other) => other.exchange === exchange) === index,
  );
}

/** @param pairs `MATIC/KRW=POL/KRW` */
export function renamedSymbols(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.flatMap((pair): [string, string][] => {
      const [symbol, now] = pair.split('=');
      return symbol === undefined || now === undefined ? [] : [[symbol, now]];
    }),
  );
}
