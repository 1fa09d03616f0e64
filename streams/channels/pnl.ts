import { portfolioState } from './portfolio-states.ts';

/** Equity and PnL of a portfolio. */
export const pnl = portfolioState('pnl', 'pnl');
