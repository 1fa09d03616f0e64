const MARKET = 'ticker:*';
const KINDS = ['pnl', 'holdings', 'ledger', 'imports', 'accounts'];

/** The data that a tab shows. */
export interface Wanted {
  /** The portfolio shown in full; `null` for the market only. */
  portfolioId: string | null;
  /** Other portfolios, of which only the totals are shown. */
  others: readonly string[];
}

export const NOTHING: Wanted = { portfolioId: null, others: [] };

/** The channels of the portfolios shown, and of the market. */
export function channelsOf({ portfolioId, others }: Wanted): string[] {
  const own = portfolioId === null ? [] : KINDS.map((kind) => `${kind}:${portfolioId}`);
  return [...new Set([MARKET, ...own, ...others.map((id) => `pnl:${id}`)])];
}

export function isSame(one: Wanted, other: Wanted): boolean {
  return JSON.stringify([one.portfolioId, one.others]) === JSON.stringify([other.portfolioId, other.others]);
}
