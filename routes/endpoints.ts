import { accountEndpoints } from './account.ts';
import { getAllocation } from './allocation.ts';
import { apiKeyEndpoints } from './api-keys.ts';
import { listAudit } from './audit.ts';
import { authEndpoints } from './auth.ts';
import { candleEndpoints } from './candles.ts';
import type { Endpoint } from './endpoint.ts';
import { explainPnl } from './explain.ts';
import { exportHoldings, exportPeriods, exportSeries } from './figure-csv.ts';
import { healthEndpoints } from './health.ts';
import { listHoldings } from './holdings.ts';
import { publicKeys } from './keys.ts';
import { listLots } from './lots.ts';
import { pushTicks } from './market-ticks.ts';
import { listSymbols, listTickers } from './market-lists.ts';
import { metrics } from './metrics.ts';
import { getPerformance } from './performance.ts';
import { listPeriods } from './periods.ts';
import { getPnl } from './pnl.ts';
import { getPortfolio } from './portfolio-summary.ts';
import { portfolioEndpoints } from './portfolios.ts';
import { listRateLimits } from './rate-limits.ts';
import { getSeries } from './series.ts';
import { shareEndpoints } from './shares.ts';
import { endSession, listSessions } from './stream-sessions.ts';
import { streamToken } from './stream-token.ts';
import { streamEndpoints } from './streams.ts';
import { exportTrades } from './trade-csv.ts';
import { tradeListEndpoints } from './trade-list.ts';
import { importTrades } from './trade-import.ts';
import { getTradeStats } from './trade-stats.ts';
import { tradeEndpoints } from './trades.ts';
import { transferEndpoints } from './transfers.ts';
import { userEndpoints } from './users.ts';
import { webSocket } from './websocket.ts';

/** Every endpoint there is: the router, the documents and the tests of access all start from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...authEndpoints,
  ...accountEndpoints,
  streamToken,
  publicKeys,
  ...userEndpoints,
  ...apiKeyEndpoints,
  listAudit,
  listRateLimits,
  ...portfolioEndpoints,
  ...shareEndpoints,
  ...tradeEndpoints,
  // Before whatever has an id in the place of a name.
  getTradeStats,
  ...tradeListEndpoints,
  importTrades,
  exportTrades,
  ...transferEndpoints,
  getPortfolio,
  listHoldings,
  exportHoldings,
  getAllocation,
  getPnl,
  listLots,
  explainPnl,
  listPeriods,
  exportPeriods,
  getSeries,
  exportSeries,
  getPerformance,
  listSymbols,
  listTickers,
  pushTicks,
  ...candleEndpoints,
  ...streamEndpoints,
  webSocket,
  listSessions,
  endSession,
  ...healthEndpoints,
  metrics,
];
