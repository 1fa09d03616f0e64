import { authEndpoints } from './auth.ts';
import type { Endpoint } from './endpoint.ts';
import { healthEndpoints } from './health.ts';
import { marketEndpoints } from './market.ts';
import { pnlEndpoints } from './pnl.ts';
import { portfolioEndpoints } from './portfolios.ts';
import { streamEndpoints } from './streams.ts';
import { tradeEndpoints } from './trades.ts';
import { transferEndpoints } from './transfers.ts';

/** Every endpoint there is: the router, the documents and the tests of access all start from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...authEndpoints,
  ...portfolioEndpoints,
  ...tradeEndpoints,
  ...transferEndpoints,
  ...pnlEndpoints,
  ...marketEndpoints,
  ...streamEndpoints,
  ...healthEndpoints,
];
