const MARKET = 'ticker:*';

/** What is shown of a portfolio, and the market; `null`: the market only. */
export function channelsOf(portfolioId) {
  if (portfolioId === null) return [MARKET];
  return [MARKET, ...['pnl', 'holdings', 'fills', 'imports'].map((kind) => `${kind}:${portfolioId}`)];
}
