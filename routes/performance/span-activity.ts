import type { Database } from '../../db/connection/database.ts';
import { entryChunks } from '../../db/ledger/entries/entries.ts';
import { legsByAsset } from '../../db/ledger/positions/fold.ts';
import { ensureCurrent, readPositions } from '../../db/ledger/positions/past-states.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { type Fixed, ZERO } from '../../lib/money/money.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { valuedTrade } from '../../lib/pnl/ledger/valued-trade.ts';
import { gatherFlows, type TimedFlow } from '../../lib/pnl/performance/flow-bins.ts';
import { emptyState, foldSteps } from '../../lib/pnl/ledger/position.ts';
import { tallyTrades, type TradeTally } from '../../lib/pnl/performance/trade-stats.ts';
import { inSlices, TimeSlice } from '../../lib/async/time-slice.ts';
import { plus } from '../../lib/money/unknown.ts';

/** What happened in a ledger during a span of time. */
export interface SpanActivity {
  /** Of the ledger. */
  version: number;
  /** Sales, against what was held before. */
  closed: TradeTally;
  /** The value of all purchases and sales, before fees; `null` if a trade has no rate. */
  turnover: Fixed | null;
  /** External money and coins, in order of time. */
  flows: TimedFlow[];
  /** Flows within this many milliseconds may be grouped; 1: each at its own time. */
  flowGrainMs: number;
}

/** How many external flows are listed individually; beyond that they are grouped by minute, hour, … */
const FLOW_LIMIT = 4_000;

/** What happened in [from, to), in one pass and in chunks: memory use does not grow with the number of entries. */
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
        states.set(asset, await inSlices(foldSteps(before, legs, terms.costMethod, observer), slice));
      }
    }
    return { version, closed, turnover, flows: flows.list(), flowGrainMs: flows.grainMs() };
  });
}

function valueOf(entry: LedgerEntry, terms: PortfolioTerms): Fixed | null {
  return entry.kind === 'trade' ? valuedTrade(entry, terms).value : ZERO;
}
