import type { Database } from '../../db/connection/database.ts';
import { entryChunks } from '../../db/ledger/entries.ts';
import { legsByAsset } from '../../db/ledger/fold.ts';
import { ensureCurrent, readPositions } from '../../db/ledger/past-states.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { type Fixed, ZERO } from '../../lib/money/money.ts';
import type { CostMethod, LedgerEntry, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { exchangeOf } from '../../lib/pnl/ledger/exchange.ts';
import { gatherFlows, type TimedFlow } from '../../lib/pnl/performance/flow-bins.ts';
import { emptyState, foldLegs } from '../../lib/pnl/ledger/position.ts';
import { tallyTrades, type TradeTally } from '../../lib/pnl/performance/trade-stats.ts';
import { TimeSlice } from '../../lib/async/time-slice.ts';
import { plus } from '../../lib/money/unknown.ts';

/** What happened in a ledger over some time. */
export interface SpanActivity {
  /** Of the ledger. */
  version: number;
  /** Sales, against what was held before. */
  closed: TradeTally;
  /** Value of all that was bought and sold, fees aside; `null` if a trade has no rate. */
  turnover: Fixed | null;
  /** External money and coins, in order of time. */
  flows: TimedFlow[];
  /** Flows within so many milliseconds may be told as one; 1: each at its own time. */
  flowGrainMs: number;
}

/** External flows told one by one; beyond that they are taken together by the minute, the hour, … */
const FLOW_LIMIT = 4_000;

/** The entries of [from, to), told by one pass in pieces: memory does not grow with their number. */
export async function spanActivity(
  db: Database,
  portfolioId: string,
  span: { from: number; to: number; costMethod: CostMethod | undefined },
): Promise<SpanActivity> {
  const { from, to, costMethod } = span;
  await ensureCurrent(db, portfolioId);
  return await inSnapshot(db, async (trx) => {
    const { positions } = await readPositions(trx, portfolioId, from, costMethod);
    const { version, terms } = positions;
    const states = new Map(positions.states.map((state) => [state.asset, state]));
    const closed = tallyTrades();
    const flows = gatherFlows(FLOW_LIMIT);
    const observer = { onDisposal: closed.add, onFlow: flows.add };
    let turnover: Fixed | null = ZERO;
    const range = { after: { time: from, tie: '' }, before: to };
    const slice = new TimeSlice();
    for await (const entries of entryChunks(trx, portfolioId, null, range)) {
      for (const entry of entries) turnover = plus(turnover, valueOf(entry, terms));
      for (const [asset, legs] of legsByAsset(entries, terms)) {
        const before = states.get(asset) ?? emptyState(asset);
        states.set(asset, foldLegs(before, legs, terms.costMethod, observer));
        if (slice.isOver) await slice.next();
      }
    }
    return { version, closed, turnover, flows: flows.list(), flowGrainMs: flows.grainMs() };
  });
}

function valueOf(entry: LedgerEntry, terms: PortfolioTerms): Fixed | null {
  return entry.kind === 'trade' ? exchangeOf(entry, terms).value : ZERO;
}
