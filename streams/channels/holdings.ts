import { portfolioState } from './portfolio-states.ts';

/** The holdings of a portfolio, marked to market. */
export const holdings = portfolioState('holdings', 'holdings');
