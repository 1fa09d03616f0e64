import { accountEndpoints as exchangeAccountEndpoints } from './accounts/accounts.ts';
import { listDiscrepancies } from './accounts/discrepancies.ts';
import { acceptProposal } from './accounts/discrepancy-settlement.ts';
import { getReconciliation } from './accounts/reconciliation.ts';
import { accountEndpoints } from './users/account.ts';
import { getAllocation } from './portfolios/allocation.ts';
import { apiKeyEndpoints } from './users/api-keys.ts';
import { listAudit } from './users/audit.ts';
import { authEndpoints } from './auth/auth.ts';
import { backfillEndpoints } from './market/backfills.ts';
import { candleEndpoints } from './market/candles.ts';
import type { Endpoint } from './http/endpoint.ts';
import { explainPnl } from './performance/explain.ts';
import { listFigureEntries } from './performance/figure-entries.ts';
import { exportHoldings } from './portfolios/holdings-csv.ts';
import { exportPeriods, exportSeries } from './performance/figure-csv.ts';
import { healthEndpoints } from './service/health.ts';
import { listHoldings } from './portfolios/holdings.ts';
import { invitationEndpoints } from './users/invitations.ts';
import { publicKeys } from './auth/public-keys.ts';
import { listLots } from './portfolios/lots.ts';
import { pushTicks } from './market/market-ticks.ts';
import { listPremiums } from './market/premiums.ts';
import { rateEndpoints } from './market/rates.ts';
import { listSymbols, listTickers } from './market/market-lists.ts';
import { metrics } from './service/metrics.ts';
import { getPerformance } from './performance/performance.ts';
import { listPeriods } from './performance/periods.ts';
import { getPnl } from './portfolios/pnl.ts';
import { getPortfolio } from './portfolios/portfolio-summary.ts';
import { portfolioEndpoints } from './portfolios/portfolios.ts';
import { listRateLimits } from './service/rate-limit-report.ts';
import { getSeries } from './performance/series.ts';
import { sessionEndpoints } from './users/sessions.ts';
import { shareEndpoints } from './users/shares.ts';
import { endSession, listSessions } from './streams/stream-sessions.ts';
import { createSubscription } from './streams/stream-subscriptions.ts';
import { streamToken } from './streams/stream-token.ts';
import { streamEndpoints } from './streams/streams.ts';
import { exportEntries } from './ledger/entry-csv.ts';
import { matchEndpoints } from './ledger/matches.ts';
import { joinEntry, partEntry } from './ledger/entry-joins.ts';
import { entryEndpoints } from './ledger/entries.ts';
import { exportTrades } from './ledger/trade-csv.ts';
import { tradeListEndpoints } from './ledger/trade-list.ts';
import { decisionEndpoints } from './import/decisions.ts';
import { importMappingEndpoints } from './import/import-mappings.ts';
import { importTrades } from './import/trade-import.ts';
import { listTagStats } from './ledger/tag-stats.ts';
import { getTradeStats } from './ledger/trade-stats.ts';
import { tradeEndpoints } from './ledger/trades.ts';
import { transferEndpoints } from './ledger/transfers.ts';
import { userEndpoints } from './users/users.ts';
import { webSocket } from './streams/websocket.ts';

/** Every endpoint there is: the router, the documents and the tests of access all start from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...authEndpoints,
  ...accountEndpoints,
  ...sessionEndpoints,
  streamToken,
  publicKeys,
  ...userEndpoints,
  ...apiKeyEndpoints,
  listAudit,
  listRateLimits,
  ...portfolioEndpoints,
  ...shareEndpoints,
  ...invitationEndpoints,
  ...exchangeAccountEndpoints,
  getReconciliation,
  listDiscrepancies,
  acceptProposal,
  ...tradeEndpoints,
  // Before paths with a parameter in the same place.
  getTradeStats,
  listTagStats,
  ...tradeListEndpoints,
  importTrades,
  ...decisionEndpoints,
  ...importMappingEndpoints,
  exportTrades,
  // Before paths with a parameter in the same place.
  ...matchEndpoints,
  ...transferEndpoints,
  ...entryEndpoints,
  joinEntry,
  partEntry,
  exportEntries,
  getPortfolio,
  listHoldings,
  exportHoldings,
  getAllocation,
  getPnl,
  listLots,
  explainPnl,
  listFigureEntries,
  listPeriods,
  exportPeriods,
  getSeries,
  exportSeries,
  getPerformance,
  listSymbols,
  listTickers,
  listPremiums,
  pushTicks,
  ...candleEndpoints,
  ...backfillEndpoints,
  ...rateEndpoints,
  ...streamEndpoints,
  createSubscription,
  webSocket,
  listSessions,
  endSession,
  ...healthEndpoints,
  metrics,
];
