/** The two assets of a market. */
export interface Pair {
  base: string;
  quote: string;
}

/** The quote currencies of an exchange, and which of them only a few assets are traded for. */
export interface Quotes {
  all: readonly string[];
  /** The bases of quotes that end in another quote: `BTCAEUR` is BTC/AEUR, but `ADAEUR` is ADA/EUR. */
  few?: Readonly<Record<string, readonly string[]>>;
}

export const BINANCE_QUOTES: Quotes = {
  all: 'FDUSD USDT USDC USD1 TUSD BUSD USDP USDS UST BIDR IDRT BKRW BVND BGBP AEUR EURI DOGE VAI BTC ETH BNB XRP TRX DOT SOL DAI PAX TRY EUR BRL GBP AUD RUB UAH NGN ZAR PLN RON ARS JPY MXN CZK COP'.split(
    ' ',
  ),
  few: { AEUR: ['BTC', 'ETH', 'EUR'] },
};

export const BYBIT_QUOTES: Quotes = { all: 'USDT USDC USDE BTC ETH EUR DAI BRZ BRL PLN TRY MNT'.split(' ') };

/**
 * The pairs that a name may stand for: `BTCUSDT`. With a separator there is only one.
 * @returns an empty list if it ends in no known quote
 */
export function splitPair(name: string, { all, few = {} }: Quotes): Pair[] {
  const pair = name.toUpperCase();
  const [base = '', quote = '', ...more] = pair.split(/[/_-]/);
  if (base !== '' && quote !== '' && more.length === 0) return [{ base, quote }];
  const pairs = all
    .filter((each) => pair.endsWith(each) && pair.length > each.length)
    .map((each) => ({ base: pair.slice(0, -each.length), quote: each }))
    .filter((each) => few[each.quote]?.includes(each.base) !== false);
  const rare = pairs.filter((each) => few[each.quote] !== undefined);
  return rare.length === 1 ? rare : pairs;
}

/** The pair of a name, by the units of two cells: `1INCHUSDT` with `10.51INCH` and `2.5USDT`. */
export function pairOfUnits(name: string, baseCell: string, quoteCell: string): Pair | null {
  const pair = name.toUpperCase();
  const [inBase, inQuote] = [baseCell.trim().toUpperCase(), quoteCell.trim().toUpperCase()];
  const found: Pair[] = [];
  for (let at = 1; at < pair.length; at += 1) {
    const base = pair.slice(0, at).replace(/[/_-]$/, '');
    const quote = pair.slice(at).replace(/^[/_-]/, '');
    if (base === '' || quote === '') continue;
    if (inBase.endsWith(base) && inQuote.endsWith(quote)) found.push({ base, quote });
  }
  // `BTC/USDT` is found from either side of its separator.
  const [first, ...others] = found;
  return others.every(({ base, quote }) => base === first?.base && quote === first.quote)
    ? (first ?? null)
    : null;
}
