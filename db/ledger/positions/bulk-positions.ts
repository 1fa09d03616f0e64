import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { isAdditive } from '../../../lib/pnl/ledger/leg.ts';
import { foldLegs, unfoldCash } from '../../../lib/pnl/ledger/position.ts';
import { type Draft, newDraft, restate, saveDraft } from './apply-entries.ts';
import type { Start } from '../entries/carry-edges.ts';
import type { Database } from '../../connection/database.ts';
import { isCash, legsByAsset } from './fold.ts';
import { inTurn } from '../../connection/in-turn.ts';
import { refoldAll } from './refold.ts';
import { emptyHead, type Head, loadHeads } from './states.ts';

type Place = Pick<LedgerEntry, 'time' | 'tie'>;

/**
 * Brings positions up to any number of entries that were added to the ledger or removed from it in pieces, in bounded
 * memory: cash moves as the pieces come; every other asset is folded once, at the end, from the first of its entries that
 * has come or gone.
 */
export class BulkPositions {
  readonly #draft: Draft;
  readonly #firsts = new Map<string, Place>();
  #cash: Head | null = null;
  #outdated = false;
  #relinked = false;
  #since = Infinity;

  /** @param trx holds the portfolio's lock */
  constructor(trx: Database, portfolioId: string, terms: PortfolioTerms) {
    this.#draft = newDraft(trx, portfolioId, terms, { turns: inTurn() });
  }

  /** Entries that are in the table already. */
  async add(entries: readonly LedgerEntry[]): Promise<void> {
    await this.#move(entries, 1n);
  }

  /** Entries that are no longer in the table, as they were. */
  async remove(entries: readonly LedgerEntry[]): Promise<void> {
    await this.#move(entries, -1n);
  }

  /** Whether entries have come or gone that hand lots from one asset to another. */
  get relinked(): boolean {
    return this.#relinked;
  }

  /** From where on holdings are others than before. */
  starts(): Start[] {
    const { portfolioId } = this.#draft;
    return [...this.#firsts].map(([asset, from]) => ({ portfolioId, asset, from }));
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

  async #move(entries: readonly LedgerEntry[], sign: 1n | -1n): Promise<void> {
    const { trx, portfolioId, terms, cash } = this.#draft;
    for (const entry of entries) {
      this.#since = Math.min(this.#since, entry.time);
      if ('from' in entry) this.#relinked = true;
    }
    for (const [asset, legs] of legsByAsset(entries, terms)) {
      if (!isAdditive(asset, terms)) {
        const [leg] = legs;
        const first = this.#firsts.get(asset);
        if (leg !== undefined && (first === undefined || compareOrder(leg, first) < 0)) {
          this.#firsts.set(asset, { time: leg.time, tie: leg.tie });
        }
        continue;
      }
      const moves = legs.filter(isCash);
      for (const leg of moves) cash.add(leg, sign);
      const head: Head = this.#cash ?? (await this.#headOf(asset));
      const state =
        sign === 1n ? foldLegs(head.state, legs, terms.costMethod) : unfoldCash(head.state, moves);
      this.#cash = { ...head, state };
    }
    await cash.save(trx, portfolioId);
  }

  async #headOf(asset: string): Promise<Head> {
    const { trx, portfolioId, terms } = this.#draft;
    const { heads, outdated } = await loadHeads(trx, portfolioId, terms.costMethod, [asset]);
    this.#outdated = outdated.size > 0;
    return heads.get(asset) ?? emptyHead(asset);
  }
}
