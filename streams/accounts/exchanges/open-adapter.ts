import type { ExchangeId } from '../../../lib/exchanges/exchange.ts';
import type { AccountAdapter, AdapterOptions, OpenAdapter } from './adapter.ts';
import { openBinance } from './binance.ts';
import { openBithumb } from './bithumb.ts';
import { openCoinone } from './coinone.ts';
import { openKraken } from './kraken.ts';
import { openUpbit } from './upbit.ts';

/** One file per exchange. */
const ADAPTERS: Record<ExchangeId, OpenAdapter> = {
  upbit: openUpbit,
  bithumb: openBithumb,
  coinone: openCoinone,
  binance: openBinance,
  kraken: openKraken,
};

/** @throws AccountError `ccxt-missing` */
export async function openAdapter(exchange: ExchangeId, options: AdapterOptions): Promise<AccountAdapter> {
  return await ADAPTERS[exchange](options);
}
