import { commaList } from '../../../lib/text/comma-list.ts';
import { CcxtFeed } from './ccxt-feed.ts';
import { type FeedType, onlyParameters, symbolOf } from './feed-type.ts';

export interface CcxtSpec {
  kind: 'ccxt';
  exchange: string;
  symbols: string[];
  channel: 'trades' | 'ticker';
  /** Base URLs that stand in for the exchange's own. */
  ws: string | null;
  rest: string | null;
}

/** Symbols of one live feed at most: exchanges cap what one connection may subscribe to. */
const MAX_FEED_SYMBOLS = 200;

/** `ccxt:<exchange>?symbols=BTC/KRW,ETH/KRW[&channel=trades|ticker][&ws=ws://…][&rest=http://…]` */
export const ccxt: FeedType<CcxtSpec> = {
  kind: 'ccxt',
  syntax: 'ccxt:<exchange>?symbols=…',
  isCombinable: true,
  expectsTicks: true,
  parse(exchange, query) {
    onlyParameters(query, ['symbols', 'channel', 'ws', 'rest']);
    if (!/^[a-z0-9_]{2,40}$/.test(exchange)) {
      throw new RangeError('ccxt: needs an exchange id of ccxt, as in ccxt:upbit?symbols=BTC/KRW');
    }
    const symbols = commaList(query.get('symbols') ?? '');
    if (symbols.length === 0) throw new RangeError('ccxt: needs ?symbols=, as in ccxt:upbit?symbols=BTC/KRW');
    if (symbols.length > MAX_FEED_SYMBOLS)
      throw new RangeError(`ccxt: takes at most ${MAX_FEED_SYMBOLS} symbols`);
    const channel = query.get('channel') ?? 'trades';
    if (channel !== 'trades' && channel !== 'ticker') throw new RangeError('channel= is trades or ticker');
    return {
      kind: 'ccxt',
      exchange,
      symbols: symbols.map(symbolOf),
      channel,
      ws: baseUrl(query.get('ws'), ['ws:', 'wss:']),
      rest: baseUrl(query.get('rest'), ['http:', 'https:']),
    };
  },
  label: ({ exchange }) => `ccxt:${exchange}`,
  origin: ({ exchange, symbols }) => ({ exchange, symbols }),
  open: (spec, options) => new CcxtFeed({ ...spec, ...options }),
};

function baseUrl(text: string | null, protocols: string[]): string | null {
  if (text === null) return null;
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new RangeError(
      `not a ${protocols.join('// or ')}// address: ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return text.replace(/\/+$/, '');
}
