const MARKET = 'ticker:*';

/** What is shown of a portfolio, and the market; `null`: the market only. */
export function channelsOf(portfolioId: string | null): string[] {
  if (portfolioId === null) return [MARKET];
  return [MARKET, ...['pnl', 'holdings', 'ledger', 'imports'].map((kind) => `${kind}:${portfolioId}`)];
}
