import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import type { PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { isAdditive } from '../../../lib/pnl/ledger/leg.ts';
import { emptyState, foldLegs, type Disposal } from '../../../lib/pnl/ledger/position.ts';
import { CashSums, dropCash } from './cash.ts';
import { dropAllCheckpoints, saveCheckpoints } from './checkpoints.ts';
import type { Database } from '../../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../../connection/time-limit.ts';
import { entryChunks } from '../entries/entries.ts';
import { CHECKPOINT_SPACING, foldOn, isCash, legsByAsset, type Checkpoint, type Progress } from './fold.ts';
import { inTurn } from '../../connection/in-turn.ts';
import { isLotMethod, replaceLots } from './lots.ts';
import { pointDrops } from './points.ts';
import { headWrites, type Head } from './states.ts';
import { dropAllResults, saveResults } from './trade-results.ts';
import { writeAtOnce } from '../../connection/write-at-once.ts';

export interface PositionOptions {
  /** Entries of an asset from one checkpoint to the next; for tests. */
  checkpointSpacing?: number | undefined;
}

/**
 * Makes every position of a portfolio, and all that is derived from its ledger, anew: after new terms, or to check.
 * @param trx holds the portfolio's lock
 */
export async function refoldAll(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  { checkpointSpacing = CHECKPOINT_SPACING }: PositionOptions = {},
): Promise<void> {
  const { costMethod } = terms;
  await allowTime(trx, LONG_WORK_MS);
  await trx('positions').where({ portfolio_id: portfolioId }).delete();
  await trx('position_lots').where({ portfolio_id: portfolioId }).delete();
  await dropAllCheckpoints(trx, portfolioId);
  await dropAllResults(trx, portfolioId);
  await dropCash(trx, portfolioId);
  await writeAtOnce(trx, pointDrops(portfolioId, null));
  const all = new Map<string, Progress>();
  const turns = inTurn();
  for await (const entries of entryChunks(trx, portfolioId, null, { after: null }, turns)) {
    const cash = new CashSums();
    const checkpoints: Checkpoint[] = [];
    const disposals: Disposal[] = [];
    const observer = { onDisposal: (disposal: Disposal): void => void disposals.push(disposal) };
    const keep = (checkpoint: Checkpoint): void => void checkpoints.push(checkpoint);
    for (const [asset, legs] of legsByAsset(entries, terms)) {
      const progress = all.get(asset) ?? { state: emptyState(asset), entries: 0, checkpointed: 0 };
      if (isAdditive(asset, terms)) {
        for (const leg of legs.filter(isCash)) cash.add(leg);
        all.set(asset, { ...progress, state: foldLegs(progress.state, legs, costMethod) });
      } else {
        all.set(asset, await foldOn(progress, legs, costMethod, checkpointSpacing, keep, observer));
      }
    }
    void turns.run(() => saveCheckpoints(trx, portfolioId, costMethod, checkpoints));
    void turns.run(() => saveResults(trx, portfolioId, disposals));
    void turns.run(() => cash.save(trx, portfolioId));
  }
  await turns.done();
  const heads: Head[] = [];
  for (const progress of all.values()) {
    const { asset, lots } = progress.state;
    heads.push({ ...progress, openLots: countLots(lots) });
    if (isLotMethod(costMethod)) await replaceLots(trx, { portfolioId, costMethod, asset }, lots);
  }
  for await (const writes of headWrites(portfolioId, costMethod, heads)) await writeAtOnce(trx, writes);
}

/** Makes positions anew that another version of the fold has left. */
export async function restateOutdated(
  db: Database,
  portfolioId: string,
  terms: PortfolioTerms,
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx('portfolios').where({ id: portfolioId }).forUpdate().first('id');
    await refoldAll(trx, portfolioId, terms);
  });
}
