import { portfolioState } from './portfolio-states.ts';

/** How far the latest import of a file has got. */
export const imports = portfolioState('imports', 'import');
