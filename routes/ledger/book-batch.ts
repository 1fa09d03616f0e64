import { EntryConflictError } from '../../db/ledger/candidates.ts';
import { bookEntries, type Outcome } from '../../db/ledger/ledger.ts';
import type { Portfolio } from '../../db/ledger/portfolios.ts';
import type { EntryDraft, StoredEntry } from '../../db/ledger/stored-entry.ts';
import { problem } from '../../lib/problem.ts';
import { Reply } from '../http/endpoint.ts';
import type { Services } from '../http/handler-services.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { checkTags } from './entry-tags.ts';

interface Tagged {
  tags?: readonly string[] | undefined;
}

/** How the entries of an endpoint are booked and shown. */
export interface BatchTerms<Input, Item> {
  /** @throws the 422 that names what cannot be booked */
  check: (inputs: readonly Input[], inBatch: boolean) => void;
  draft: (inputs: readonly Input[]) => Promise<EntryDraft[]>;
  /** @throws the 422 that names what cannot be valued. @param at begins the pointers to the entry */
  admit?: (entry: StoredEntry, at: string) => void;
  show: (outcome: Outcome) => Item;
}

/**
 * Books the body of an endpoint that takes one entry or a batch: all of it, or nothing.
 * @param single what is answered for one entry that was sent by itself
 * @returns 201, or 200 if all of it was booked before
 */
export async function bookBatch<Input extends Tagged, Item, Single>(
  services: Services,
  { id }: Pick<Portfolio, 'id'>,
  body: Input | { items: readonly Input[] },
  terms: BatchTerms<Input, Item>,
  single: (item: Item) => Single,
): Promise<Reply<Single | { version: number; items: Item[] }>> {
  const { db, config } = services;
  const inBatch = 'items' in body;
  const inputs = inBatch ? body.items : [body];
  checkTags(inputs, config.TAGS_PER_ENTRY, inBatch);
  terms.check(inputs, inBatch);
  const drafts = await terms.draft(inputs);
  const { version, outcomes } = await changeLedger(services, id, (options) =>
    bookEntries(db, id, drafts, {
      ...options,
      tagLimit: config.TAGS_PER_PORTFOLIO,
      assetLimit: config.ASSETS_PER_PORTFOLIO,
      admit: (entry, index) => terms.admit?.(entry, inBatch ? `/items/${index}` : ''),
    }),
  ).catch((error: unknown) => {
    throw error instanceof EntryConflictError ? conflictProblem(error, inBatch) : error;
  });
  const status = outcomes.some((outcome) => outcome.status === 'booked') ? 201 : 200;
  const items = outcomes.map(terms.show);
  const [only] = items;
  if (!inBatch && only !== undefined) return new Reply(single(only), { status });
  return new Reply({ version, items }, { status });
}

/** The 409 for an idempotency key that is already used for different content. */
function conflictProblem(error: EntryConflictError, inBatch: boolean): Error {
  const pointer = inBatch ? `/items/${error.index}/externalId` : '/externalId';
  return problem('trade-conflict', {
    detail:
      error.existingId === null
        ? 'The batch has the same external id twice, with different content. Give each entry its own id.'
        : `The external id is already booked with other content, as entry ${error.existingId}. Change that entry, or use another id.`,
    errors: [{ pointer, detail: 'is already booked with other content' }],
    cause: error,
  });
}
