import { importCcxt } from '../../../lib/exchanges/ccxt.ts';

/** What is used of a ccxt exchange. Declared here, since ccxt may not be installed where this is compiled. */
export interface Exchange {
  has: Record<string, unknown>;
  urls: { api: unknown };
  markets: Record<string, { active?: boolean } | undefined> | undefined;
  clients: Record<string, { connected?: Promise<unknown>; connection?: { terminate?: () => void } }>;
  loadHttpProxyAgent(): Promise<unknown>;
  loadMarkets(reload?: boolean): Promise<unknown>;
  watchTrades(symbol: string): Promise<WatchedTrade[]>;
  watchTradesForSymbols(symbols: string[]): Promise<WatchedTrade[]>;
  watchTicker(symbol: string): Promise<WatchedTicker>;
  fetchTrades(
    symbol: string,
    since?: number,
    limit?: number,
    params?: Record<string, unknown>,
  ): Promise<WatchedTrade[]>;
  close(): Promise<unknown>;
}

/** With `number: String`, figures arrive as text. */
export interface WatchedTrade {
  id?: string;
  timestamp?: number;
  side?: string;
  price?: string;
  amount?: string;
  /** As the exchange sent it. */
  info?: unknown;
}

export interface WatchedTicker {
  timestamp?: number;
  last?: string;
  info?: unknown;
}

export type ExchangeClass = new (config: Record<string, unknown>) => Exchange;

export type LoadCcxt = () => Promise<unknown>;

/** @throws RangeError if ccxt is not installed or has no such exchange with a WebSocket */
export async function loadExchange(id: string, load: LoadCcxt = importCcxt): Promise<ExchangeClass> {
  const ccxt = await load().catch((error: unknown) => {
    throw new RangeError('the optional dependency ccxt is not installed: run "npm install ccxt"', {
      cause: error,
    });
  });
  const root = member(ccxt, 'pro') === undefined ? member(ccxt, 'default') : ccxt;
  const found = member(member(root, 'pro'), id);
  if (isExchangeClass(found)) return found;
  throw new RangeError(
    member(member(root, 'exchanges'), id) !== undefined
      ? `ccxt has no WebSocket for the exchange ${JSON.stringify(id)}`
      : `ccxt knows no exchange ${JSON.stringify(id)}: https://docs.ccxt.com lists their ids`,
  );
}

/** @throws RangeError if the exchange does not stream this */
export function requireChannel(
  id: string,
  { has }: Pick<Exchange, 'has'>,
  channel: 'trades' | 'ticker',
): void {
  if (has[channel === 'trades' ? 'watchTrades' : 'watchTicker'] === true) return;
  const other = channel === 'trades' ? 'ticker' : 'trades';
  const hint =
    has[other === 'trades' ? 'watchTrades' : 'watchTicker'] === true ? `; use channel=${other}` : '';
  throw new RangeError(`${id} has no live ${channel} in ccxt${hint}`);
}

function member(owner: unknown, name: string): unknown {
  if (owner === null || typeof owner !== 'object' || !Object.hasOwn(owner, name)) return undefined;
  return Object.entries(owner).find(([key]) => key === name)?.[1];
}

function isExchangeClass(value: unknown): value is ExchangeClass {
  return typeof value === 'function';
}
