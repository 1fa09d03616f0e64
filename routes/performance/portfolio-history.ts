import { history, type HistoryPoint } from '../../db/history/history.ts';
import { listEntries } from '../../db/ledger/entries/entries.ts';
import type { Database } from '../../db/connection/database.ts';
import { positionsAt } from '../../db/ledger/positions/past-states.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import {
  historyWarnings,
  lacksRates,
  type HistoryFigures,
} from '../../lib/pnl/performance/history-warnings.ts';
import type { Warning } from '../../lib/schemas/warning-schema.ts';
import type { MarketView } from '../../streams/market/market.ts';
import { type LedgerTimeline, positionOf } from '../../streams/portfolio/ledger-position.ts';

/** What is needed to read the past; `Services` has it. */
export interface HistorySources {
  db: Database;
  market: MarketView;
  timeline: LedgerTimeline;
}

/** A portfolio's past, up to the present. */
export interface PortfolioHistory {
  /** Of the ledger. */
  version: number;
  terms: PortfolioTerms;
  /** Of ledger and market, as in responses about the present. */
  position: string;
  /** In the order of the requested instants. */
  points: HistoryPoint[];
  warnings: Warning[];
}

/**
 * The value of a portfolio at some instants. Future instants are valued at current prices and with all entries up to
 * then, so the current period counts entries up to its end, as the live figures do.
 * @param options.figures the names of the figures in the response, for its warnings
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
      of(simulated) {
        const present = market.of(simulated);
        return {
          symbols: present.symbols(),
          // The market moves on while the past is being read: this is the position that the prices came from.
          prices(symbol) {
            seen ??= { ...market.position };
            return present.price(symbol);
          },
        };
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
