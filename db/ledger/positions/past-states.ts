import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { isAdditive } from '../../../lib/pnl/ledger/leg.ts';
import { emptyState, foldLegs, type AssetState } from '../../../lib/pnl/ledger/position.ts';
import { STATE_VERSION } from '../../../lib/pnl/ledger/state-json.ts';
import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { problem } from '../../../lib/problem.ts';
import { CASH_SUM_MS, cashBefore } from './cash.ts';
import { checkpointsBefore, saveCheckpoints } from './checkpoints.ts';
import type { Database } from '../../connection/database.ts';
import { entryChunks } from '../entries/entries.ts';
import { entryTails, TAIL_LIMIT } from '../entries/entry-tails.ts';
import { foldOn, legsByAsset, spacingOf, type Checkpoint, type Progress } from './fold.ts';
import { withLots, type Positions } from './positions.ts';
import { restateOutdated } from './refold.ts';
import { ifUnmoved, inSnapshot } from '../../connection/consistent-read.ts';
import { isNothing, loadHeads } from './states.ts';

/** How many entries reading may fold before it leaves a checkpoint for the next reader. */
const READ_SPACING = 50;

/**
 * The state of every asset before an instant: of the entries with `time < before`, lots included. From the last
 * checkpoints; where many entries had to be folded, a checkpoint is left.
 * @param before epoch milliseconds; `null`: of all entries
 * @param costMethod another one than the portfolio's: it is folded on demand, and quick the next time
 * @throws Problem `not-found`
 */
export async function statesAt(
  db: Database,
  portfolioId: string,
  before: number | null,
  costMethod?: CostMethod,
): Promise<AssetState[]> {
  return (await positionsAt(db, portfolioId, before, costMethod)).states;
}

/** `statesAt` with the version and the terms they are of: `terms.costMethod` is the one asked for. */
export async function positionsAt(
  db: Database,
  portfolioId: string,
  before: number | null,
  costMethod?: CostMethod,
): Promise<Positions> {
  await ensureCurrent(db, portfolioId);
  const { positions, fresh } = await inSnapshot(db, (trx) =>
    readPositions(trx, portfolioId, before, costMethod),
  );
  if (fresh.length > 0 && db.isTransaction !== true) {
    await ifUnmoved(db, portfolioId, positions.version, (trx) =>
      saveCheckpoints(trx, portfolioId, positions.terms.costMethod, fresh),
    );
  }
  return positions;
}

/** What another version of the fold has left is made anew. @throws Problem `not-found` */
export async function ensureCurrent(db: Database, portfolioId: string): Promise<void> {
  const outdated: unknown = await db('positions as s')
    .join('portfolios as p', function () {
      this.on('s.portfolio_id', 'p.id').andOn('s.cost_method', 'p.cost_method');
    })
    .where('p.id', portfolioId)
    .whereRaw(`s.state ->> 'v' <> ?`, [String(STATE_VERSION)])
    .first('s.asset');
  if (outdated !== undefined) await restateOutdated(db, portfolioId, await loadTerms(db, portfolioId));
}

interface Terms extends PortfolioTerms {
  version: number;
  timeZone: string;
  updatedAt: number;
}

export async function loadTerms(db: Database, portfolioId: string): Promise<Terms> {
  const row:
    | {
        base_currency: string;
        cost_method: PortfolioTerms['costMethod'];
        cash_mode: PortfolioTerms['cashMode'];
        simulated: boolean;
        time_zone: string;
        version: number;
        updated_at: number;
      }
    | undefined = await db('portfolios').where({ id: portfolioId }).first();
  if (row === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  return {
    baseCurrency: row.base_currency,
    costMethod: row.cost_method,
    cashMode: row.cash_mode,
    simulated: row.simulated,
    timeZone: row.time_zone,
    version: row.version,
    updatedAt: row.updated_at,
  };
}

/**
 * @param trx a snapshot
 * @returns checkpoints worth keeping as well
 */
export async function readPositions(
  trx: Database,
  portfolioId: string,
  before: number | null,
  costMethod?: CostMethod,
): Promise<{ positions: Positions; fresh: Checkpoint[] }> {
  const { version, timeZone, updatedAt, ...own } = await loadTerms(trx, portfolioId);
  const terms: PortfolioTerms = {
    baseCurrency: own.baseCurrency,
    cashMode: own.cashMode,
    simulated: own.simulated,
    costMethod: costMethod ?? own.costMethod,
  };
  // Whatever the method: every asset the ledger has touched.
  const { heads } = await loadHeads(trx, portfolioId, own.costMethod, null);
  const states: AssetState[] = [];
  const toFold: { asset: string; last: AssetState['last'] }[] = [];
  for (const [asset, { state }] of heads) {
    if (isAdditive(asset, terms)) {
      if (before === null) states.push(state);
    } else if (terms.costMethod === own.costMethod && isBefore(state.last, before)) {
      states.push(...(await withLots(trx, portfolioId, [state])));
    } else {
      toFold.push({ asset, last: state.last });
    }
  }
  if (before !== null) {
    const now = heads.get(terms.baseCurrency)?.state ?? emptyState(terms.baseCurrency);
    states.push(await cashAt(trx, portfolioId, terms, before, now));
  }
  const bases = await checkpointsBefore(
    trx,
    portfolioId,
    terms.costMethod,
    toFold.map(({ asset }) => asset),
    before === null ? null : { time: before, tie: '' },
  );
  const baseOf = (asset: string): Checkpoint => bases.get(asset) ?? { state: emptyState(asset), entries: 0 };
  const tails = toFold
    .map(({ asset, last }) => ({ asset, last, after: baseOf(asset).state.last }))
    // Others have seen nothing since.
    .filter(({ last, after }) => last === null || after?.time !== last.time || after.tie !== last.tie);
  const entriesOf = await entryTails(trx, portfolioId, tails, before);
  const fresh: Checkpoint[] = [];
  const slice = new TimeSlice();
  for (const { asset } of toFold) {
    const base = baseOf(asset);
    let progress: Progress = { ...base, checkpointed: base.entries };
    const fold = async (entries: readonly LedgerEntry[]): Promise<void> => {
      const legs = legsByAsset(entries, terms).get(asset) ?? [];
      progress = await foldOn(progress, legs, terms.costMethod, Infinity, () => {});
    };
    const first = entriesOf.get(asset) ?? [];
    await fold(first);
    if (first.length === TAIL_LIMIT) {
      const range = { after: first.at(-1) ?? null, before };
      for await (const entries of entryChunks(trx, portfolioId, asset, range)) {
        await fold(entries);
        if (slice.isOver) await slice.next();
      }
    }
    if (progress.entries - base.entries >= spacingOf(countLots(progress.state.lots), READ_SPACING)) {
      fresh.push(progress);
    }
    states.push(progress.state);
    if (slice.isOver) await slice.next();
  }
  const known = states.filter((state) => !isNothing(state)).sort((a, b) => (a.asset < b.asset ? -1 : 1));
  return { positions: { version, terms, timeZone, updatedAt, states: known }, fresh };
}

function isBefore(last: AssetState['last'], before: number | null): boolean {
  return before === null || (last !== null && last.time < before);
}

async function cashAt(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  before: number,
  now: AssetState,
): Promise<AssetState> {
  const asset = terms.baseCurrency;
  const from = Math.floor(before / CASH_SUM_MS) * CASH_SUM_MS;
  let state = await cashBefore(trx, portfolioId, now, from);
  if (from === before) return state;
  const slice = new TimeSlice();
  for await (const entries of entryChunks(trx, portfolioId, asset, {
    after: { time: from, tie: '' },
    before,
  })) {
    state = foldLegs(state, legsByAsset(entries, terms).get(asset) ?? [], terms.costMethod);
    if (slice.isOver) await slice.next();
  }
  return state;
}
