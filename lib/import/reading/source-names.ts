/** The sources of layouts as people write them, by the beginning of the layout's name. */
const NAMES = {
  marktide: 'Marktide',
  upbit: 'Upbit',
  bithumb: 'Bithumb',
  coinone: 'Coinone',
  binance: 'Binance',
  bybit: 'Bybit',
  okx: 'OKX',
  coinbase: 'Coinbase',
  kraken: 'Kraken',
  kucoin: 'KuCoin',
  gate: 'Gate',
  koinly: 'Koinly',
  cointracking: 'CoinTracking',
} as const;

/** The name of the exchange or program that a layout, such as `kraken-ledgers`, is of. */
export function sourceName(layout: string): string {
  const [source = ''] = layout.split('-');
  return Object.entries(NAMES).find(([name]) => name === source)?.[1] ?? layout;
}
