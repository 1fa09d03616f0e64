/** The public log: ticks and candles of all symbols. */
export const MARKET_LOG = 'market';

/** What the fleet knows about the history of its database. */
export const TIMELINE_LOG = 'timeline';

const PORTFOLIO = 'portfolio:';

/** The private log of one portfolio: its figures, and what happens in its ledger. */
export function portfolioLog(portfolioId: string): string {
  return `${PORTFOLIO}${portfolioId}`;
}

/** @returns `null` for a log that is no portfolio's */
export function portfolioOfLog(log: string): string | null {
  return log.startsWith(PORTFOLIO) ? log.slice(PORTFOLIO.length) : null;
}

/** The id that the channels of a private log are named after: that of its portfolio. */
export function subjectOfLog(log: string): string {
  return log.slice(log.indexOf(':') + 1);
}
