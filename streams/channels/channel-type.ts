import { isSymbol } from '../../lib/symbol.ts';
import type { Channel, ChannelKind, View } from '../core/channel.ts';
import { MARKET_LOG, portfolioLog } from './logs.ts';

/** A channel of Marktide. */
export interface MarktideChannel extends Channel {
  /** `ticker`, `pnl`, …: the part of its name before the first colon. */
  readonly type: string;
  /** Whose channel it is; `null`: public market data. */
  readonly portfolioId: string | null;
}

/** One type of channel: how its names are written, which log they read, and what its events look like. */
export interface ChannelType<R> {
  readonly type: string;
  readonly kind: ChannelKind;
  /** With its parameters in braces, as the documents show it: `ticker:{symbol}`. */
  readonly address: string;
  /** @param subject what follows `<type>:` @returns `null` if this is no subject of the type */
  parse(subject: string): { log: string; portfolioId: string | null } | null;
  /** What a record shows on the channels of this type, if anything. */
  views(record: R, log: string): View[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MARKET = { log: MARKET_LOG, portfolioId: null };

/** @param symbol `BTC/KRW`, or `*` for all */
export function ofMarket(symbol: string): typeof MARKET | null {
  return symbol === '*' || isSymbol(symbol) ? MARKET : null;
}

export function ofPortfolio(portfolioId: string): { log: string; portfolioId: string } | null {
  return UUID.test(portfolioId) ? { log: portfolioLog(portfolioId), portfolioId } : null;
}
