import { portfolioState } from './portfolio-states.ts';

/** The accounts at exchanges that fill a portfolio. */
export const accounts = portfolioState('accounts', 'accounts');
