import type { Database } from '../../db/connection/database.ts';
import { getEntry } from '../../db/ledger/entries/entries.ts';
import { changeEntry, removeEntry } from '../../db/ledger/ledger.ts';
import type { RateTerms } from '../../db/ledger/rates/rates.ts';
import type { EntryDraft, StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import type { Services } from '../http/handler-services.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { checkTags } from './entry-tags.ts';

/** The entry, and the caller. */
export interface EntryRequest {
  portfolioId: string;
  entryId: string;
  caller: Caller;
}

/** The transaction of a change. */
export interface CorrectionContext {
  /** Queries must go through it. */
  trx: Database;
  baseCurrency: string;
  /** The portfolio's own trades, from which rates may come. */
  terms: RateTerms;
}

/**
 * Changes one entry of a portfolio that the caller may change, and publishes the change.
 * @param sent the body of the request, whose tags are checked
 * @param correct makes the new content from the current one
 * @returns `null` if the portfolio has no such entry
 */
export async function correctEntry(
  services: Services,
  { portfolioId, entryId, caller }: EntryRequest,
  sent: { tags?: readonly string[] | undefined },
  correct: (before: StoredEntry, context: CorrectionContext) => Promise<EntryDraft>,
): Promise<StoredEntry | null> {
  const { db, config } = services;
  const portfolio = await writablePortfolio(db, portfolioId, caller);
  const { id, baseCurrency } = portfolio;
  checkTags([sent], config.TAGS_PER_ENTRY);
  const context = { baseCurrency, terms: portfolio };
  const changed = await changeLedger(services, id, (options) =>
    changeEntry(db, id, entryId, (before, trx) => correct(before, { ...context, trx }), {
      ...options,
      tagLimit: config.TAGS_PER_PORTFOLIO,
      assetLimit: config.ASSETS_PER_PORTFOLIO,
    }),
  );
  return changed?.entry ?? null;
}

/**
 * Removes one entry from a portfolio that the caller may change, and publishes the change.
 * @param admit throws the 404 for `null`, and for an entry of a kind that the endpoint does not handle
 */
export async function deleteEntry(
  services: Services,
  { portfolioId, entryId, caller }: EntryRequest,
  admit: (entry: StoredEntry | null) => unknown,
): Promise<void> {
  const { db } = services;
  const { id } = await writablePortfolio(db, portfolioId, caller);
  admit(await getEntry(db, id, entryId));
  const removed = await changeLedger(services, id, (options) => removeEntry(db, id, entryId, options));
  // Another request may have removed it meanwhile.
  admit(removed?.before ?? null);
}
