import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { isAdditive } from '../../lib/pnl/ledger/leg.ts';
import { foldLegs } from '../../lib/pnl/ledger/position.ts';
import { type Draft, newDraft, restate, saveDraft } from './apply-entries.ts';
import type { Database } from '../connection/database.ts';
import { isCash, legsByAsset } from './fold.ts';
import { inTurn } from '../connection/in-turn.ts';
import { refoldAll } from './refold.ts';
import { emptyHead, type Head, loadHeads } from './states.ts';

type Place = Pick<LedgerEntry, 'time' | 'tie'>;

/**
 * Brings positions up to any number of entries that were added to the ledger in pieces, in bounded memory: cash moves as
 * the pieces come; every other asset is folded once, at the end, from its first new entry on.
 */
export class BulkPositions {
  readonly #draft: Draft;
  readonly #firsts = new Map<string, Place>();
  #cash: Head | null = null;
  #outdated = false;
  #since = Infinity;

  /** @param trx holds the portfolio's lock */
  constructor(trx: Database, portfolioId: string, terms: PortfolioTerms) {
    this.#draft = newDraft(trx, portfolioId, terms, { turns: inTurn() });
  }

  /** Entries that are in the table already. */
  async add(entries: readonly LedgerEntry[]): Promise<void> {
    const { trx, portfolioId, terms, cash } = this.#draft;
    for (const { time } of entries) this.#since = Math.min(this.#since, time);
    for (const [asset, legs] of legsByAsset(entries, terms)) {
      if (!isAdditive(asset, terms)) {
        const [leg] = legs;
        const first = this.#firsts.get(asset);
        if (leg !== undefined && (first === undefined || compareOrder(leg, first) < 0)) {
          this.#firsts.set(asset, { time: leg.time, tie: leg.tie });
        }
        continue;
      }
      for (const leg of legs.filter(isCash)) cash.add(leg);
      const head: Head = this.#cash ?? (await this.#headOf(asset));
      this.#cash = { ...head, state: foldLegs(head.state, legs, terms.costMethod) };
    }
    await cash.save(trx, portfolioId);
  }

  /** @param folded told after each asset */
  async finish(folded: () => void): Promise<void> {
    const { trx, portfolioId, terms, heads } = this.#draft;
    const assets = [...this.#firsts.keys()];
    const { outdated } = await loadHeads(trx, portfolioId, terms.costMethod, assets);
    if (this.#outdated || outdated.size > 0) return await refoldAll(trx, portfolioId, terms);
    for (const [asset, first] of this.#firsts) {
      await restate(this.#draft, asset, first);
      folded();
    }
    if (this.#cash !== null) heads.push(this.#cash);
    if (this.#since < Infinity) await saveDraft(this.#draft, this.#since);
  }

  async #headOf(asset: string): Promise<Head> {
    const { trx, portfolioId, terms } = this.#draft;
    const { heads, outdated } = await loadHeads(trx, portfolioId, terms.costMethod, [asset]);
    this.#outdated = outdated.size > 0;
    return heads.get(asset) ?? emptyHead(asset);
  }
}
