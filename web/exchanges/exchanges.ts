import type { ExchangeAccount } from '../api.ts';

export type ExchangeId = ExchangeAccount['exchange'];

/** The exchanges whose accounts can be connected, with their own spelling of their names. */
export const EXCHANGES: Record<ExchangeId, string> = {
  upbit: 'Upbit',
  bithumb: 'Bithumb',
  coinone: 'Coinone',
  binance: 'Binance',
  kraken: 'Kraken',
};

export const EXCHANGE_IDS = Object.keys(EXCHANGES) as ExchangeId[];
