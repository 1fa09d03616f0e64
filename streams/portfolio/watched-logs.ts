import type { HubOptions } from '../core/connections/hub-options.ts';
import { portfolioOfLog } from '../channels/logs.ts';

/** What a hub has to know about portfolios: their figures are kept up to date while their logs have readers. */
export function watchedLogs(
  watch: (portfolioId: string, what: 'totals' | 'holdings') => Promise<() => Promise<void>>,
): Required<Pick<HubOptions, 'watchLog' | 'watchChannel' | 'essential'>> {
  return {
    watchLog(log) {
      const portfolioId = portfolioOfLog(log);
      return portfolioId === null ? null : () => watch(portfolioId, 'totals');
    },
    essential(log) {
      const portfolioId = portfolioOfLog(log);
      return portfolioId === null ? null : `pnl:${portfolioId}`;
    },
    // Holdings cost more than totals: they are published only while they have readers.
    watchChannel({ name, log }) {
      const portfolioId = portfolioOfLog(log);
      return portfolioId !== null && name.startsWith('holdings:')
        ? () => watch(portfolioId, 'holdings')
        : null;
    },
  };
}
