import { history, type HistoryPoint } from '../../db/history/history.ts';
import { listEntries } from '../../db/ledger/entries.ts';
import type { Database } from '../../db/connection/database.ts';
import { positionsAt } from '../../db/ledger/past-states.ts';
import type { CostMethod, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import {
  historyWarnings,
  lacksRates,
  type HistoryFigures,
} from '../../lib/pnl/performance/history-warnings.ts';
import type { Warning } from '../../lib/pnl/valuation/warning.ts';
import type { MarketView } from '../../streams/market/market.ts';
import { type LedgerTimeline, positionOf } from '../../streams/portfolio/ledger-position.ts';

/** What a look back takes: `Services` has it. */
export interface HistorySources {
  db: Database;
  market: MarketView;
  timeline: LedgerTimeline;
}

/** A portfolio's past, told up to the present. */
export interface PortfolioHistory {
  /** Of the ledger. */
  version: number;
  terms: PortfolioTerms;
  /** Of ledger and market, as in the answers about the present. */
  position: string;
  /** In the order of the instants asked for. */
  points: HistoryPoint[];
  warnings: Warning[];
}

/**
 * What a portfolio was worth at some instants. Those still to come are valued at the present prices, with the ledger as
 * it will be then: with it, a period that is going on counts entries up to its end, as the live figures do.
 * @param options.figures what the answer calls the figures, for its warnings
 */
export async function portfolioHistory(
  services: HistorySources,
  portfolioId: string,
  options: {
    instants: readonly number[];
    costMethod: CostMethod | undefined;
    now: number;
    figures: HistoryFigures;
  },
): Promise<PortfolioHistory> {
  const { db, market, timeline } = services;
  const { instants, costMethod, now, figures } = options;
  let seen: MarketView['position'] | null = null;
  const { version, terms, points } = await history(db, portfolioId, {
    instants,
    costMethod,
    live: {
      from: now,
      symbols: market.symbols(),
      // The market moves on while the past is being read: this is the position that the prices were of.
      prices(symbol) {
        seen ??= { ...market.position };
        return market.price(symbol);
      },
    },
  });
  const position = positionOf(version, seen ?? market.position, timeline);
  const states = lacksRates(points) ? (await positionsAt(db, portfolioId, null, costMethod)).states : [];
  return {
    version,
    terms,
    position,
    points,
    warnings: historyWarnings(points, states, figures, terms.baseCurrency),
  };
}

/** Time of the first entry; `null` for an empty ledger. */
export async function firstEntryTime(db: Database, portfolioId: string): Promise<number | null> {
  const { items } = await listEntries(db, portfolioId, { order: 'asc', limit: 1 });
  return items[0]?.time ?? null;
}
