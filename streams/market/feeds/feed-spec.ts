import { isSymbol } from '../../../lib/symbol.ts';
import { commaList } from '../../../lib/text/comma-list.ts';

/** `MARKET_FEED`, parsed. */
export type FeedSpec =
  | { kind: 'simulator' | 'push' | 'none' }
  | { kind: 'replay'; path: string; symbol: string; exchange: string | null }
  | {
      kind: 'ccxt';
      exchange: string;
      symbols: string[];
      channel: 'trades' | 'ticker';
      /** Base URLs that stand in for the exchange's own. */
      ws: string | null;
      rest: string | null;
    };

/** A short name without parameters, for labels. */
export function feedLabel(spec: FeedSpec): string {
  return spec.kind === 'ccxt' ? `ccxt:${spec.exchange}` : spec.kind;
}

/** Feeds at once at most. */
const MAX_FEEDS = 8;
/** Symbols of one live feed at most: exchanges cap what one connection may subscribe to. */
const MAX_FEED_SYMBOLS = 200;

/** Where one feed of a list ends and the next begins: symbols have commas between them too. */
const BETWEEN = /,(?=(?:simulator|push|none)(?:,|$)|(?:replay|ccxt):)/;

/**
 * Parses `MARKET_FEED`: one feed, or several with commas between them, in order of preference. Of a symbol that two of
 * them name, the first one brings the prices: what is traded on two exchanges is never added up.
 * @throws RangeError that says what is wrong
 */
export function parseFeedSpecs(text: string): FeedSpec[] {
  const specs = text.split(BETWEEN).map(parseFeedSpec);
  if (specs.length > MAX_FEEDS) throw new RangeError(`at most ${MAX_FEEDS} feeds can run at once`);
  const alone = specs.find(({ kind }) => kind !== 'ccxt' && kind !== 'push');
  if (specs.length > 1 && alone !== undefined)
    throw new RangeError(`${alone.kind} cannot run beside another feed: name it alone`);
  const names = specs.map(feedLabel);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`${twice} is named twice: give it all its symbols at once`);
  const taken = new Set<string>();
  return specs.map((spec) => {
    if (spec.kind !== 'ccxt') return spec;
    const symbols = spec.symbols.filter((symbol) => !taken.has(symbol));
    if (symbols.length === 0)
      throw new RangeError(`every symbol of ${feedLabel(spec)} is named by a feed before it`);
    for (const symbol of symbols) taken.add(symbol);
    return { ...spec, symbols };
  });
}

/**
 * Parses one feed:
 * - `simulator`, `push`, `none`
 * - `replay:<csv>?symbol=ETH/USDT[&exchange=binance]`
 * - `ccxt:<exchange>?symbols=BTC/KRW,ETH/KRW[&channel=trades|ticker][&ws=ws://…][&rest=http://…]`
 *
 * Values are taken as in a URL's query, so a literal `+`, `&` or `%` is percent-encoded.
 * @throws RangeError that says what is wrong
 */
export function parseFeedSpec(text: string): FeedSpec {
  if (text === 'simulator' || text === 'push' || text === 'none') return { kind: text };
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  const mark = rest.lastIndexOf('?');
  const subject = mark === -1 ? rest : rest.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : rest.slice(mark + 1));
  switch (kind) {
    case 'replay':
      return replaySpec(subject, query);
    case 'ccxt':
      return ccxtSpec(subject, query);
    default:
      throw new RangeError(
        `${JSON.stringify(text.slice(0, 100))} is not a feed: simulator, replay:<csv>?symbol=…, push, ccxt:<exchange>?symbols=… or none`,
      );
  }
}

function replaySpec(path: string, query: URLSearchParams): FeedSpec {
  onlyParameters(query, ['symbol', 'exchange']);
  if (path === '') throw new RangeError('replay: needs the path of a CSV file');
  const symbol = query.get('symbol');
  if (symbol === null)
    throw new RangeError('replay: needs ?symbol=, as in replay:trades.csv?symbol=ETH/USDT');
  return { kind: 'replay', path, symbol: symbolOf(symbol), exchange: query.get('exchange') };
}

function ccxtSpec(exchange: string, query: URLSearchParams): FeedSpec {
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
}

function onlyParameters(query: URLSearchParams, known: string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name))
      throw new RangeError(`unknown parameter ${name}=; known are ${known.join(', ')}`);
  }
}

function symbolOf(text: string): string {
  if (!isSymbol(text)) throw new RangeError(`not a symbol: ${JSON.stringify(text.slice(0, 50))}`);
  return text;
}

function baseUrl(text: string | null, protocols: string[]): string | null {
  if (text === null) return null;
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new RangeError(
      `not a ${protocols.join('// or ')}// address: ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return text.replace(/\/+$/, '');
}
