import { z } from 'zod';
import { EntryConflictError } from '../../db/ledger/entries/candidates.ts';
import { bookEntries, type Outcome } from '../../db/ledger/ledger.ts';
import { type EntryDraft, type StoredEntry, withTransaction } from '../../db/ledger/entries/stored-entry.ts';
import { type PossibleDuplicate, possibleDuplicates } from '../../db/import/possible-duplicates.ts';
import { problem } from '../../lib/problem.ts';
import { Reply } from '../http/endpoint.ts';
import type { Services } from '../http/handler-services.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { type Booker, joinSureTransfers } from '../portfolios/sure-transfers.ts';
import { checkTags } from './entry-tags.ts';

interface Tagged {
  tags?: readonly string[] | undefined;
}

/** How to book entries. */
export const bookingQuery = z.strictObject({
  possibleDuplicates: z
    .enum(['refuse', 'book'])
    .default('refuse')
    .describe(
      'What becomes of an entry that a file or an account at an exchange seems to have told of already: one of the two has no id of the exchange, and they have the same content, within the precision of the coarser. `refuse`: 409 with the code `possible-duplicate` and the id of the booked entry, and nothing is booked. `book`: it is another one.',
    ),
});
type BookingQuery = z.output<typeof bookingQuery>;

/** How the entries of an endpoint are booked and returned. */
export interface BatchTerms<Input, Item> {
  /** What becomes of entries that the ledger seems to have already: see `bookingQuery`. */
  duplicates: BookingQuery['possibleDuplicates'];
  /** @throws the 422 that names what cannot be booked */
  check: (inputs: readonly Input[], inBatch: boolean) => void;
  draft: (inputs: readonly Input[]) => Promise<EntryDraft[]>;
  /**
   * @throws the 422 that names what cannot be valued.
   * @param at prefix of the pointers to the entry
   */
  admit?: (entry: StoredEntry, at: string) => void;
  show: (outcome: Outcome) => Item;
}

/**
 * Books the body of an endpoint that takes one entry or a batch: all of it, or nothing.
 * @param single the response body for an entry that was sent by itself
 * @returns 201, or 200 if everything had been booked before
 */
export async function bookBatch<Input extends Tagged, Item, Single>(
  services: Services,
  { portfolio, userId }: Booker,
  body: Input | { items: readonly Input[] },
  terms: BatchTerms<Input, Item>,
  single: (item: Item) => Single,
): Promise<Reply<Single | { version: number; items: Item[] }>> {
  const { db, config } = services;
  const { id } = portfolio;
  const { duplicates } = terms;
  const inBatch = 'items' in body;
  const inputs = inBatch ? body.items : [body];
  checkTags(inputs, config.TAGS_PER_ENTRY, inBatch);
  terms.check(inputs, inBatch);
  const drafts = await terms.draft(inputs);
  const { version, outcomes } = await changeLedger(services, id, async (options) => {
    const booked = await bookEntries(db, id, drafts, {
      ...options,
      tagLimit: config.TAGS_PER_PORTFOLIO,
      assetLimit: config.ASSETS_PER_PORTFOLIO,
      admit: (entry, index) => terms.admit?.(entry, inBatch ? `/items/${index}` : ''),
      ...(duplicates === 'book'
        ? {}
        : {
            inspect: async (trx, fresh) => {
              const found = await possibleDuplicates(trx, id, fresh);
              if (found.length > 0) throw duplicateProblem(found, inBatch);
            },
          }),
    });
    const fresh = booked.outcomes.filter((outcome) => outcome.status === 'booked');
    const ids = withTransaction(fresh.map(({ entry }) => entry));
    const { joined, ...rest } = await joinSureTransfers(
      services,
      { portfolio, userId },
      { booked, ids },
      options,
    );
    return { ...rest, outcomes: withJoined(booked.outcomes, joined) };
  }).catch((error: unknown) => {
    throw error instanceof EntryConflictError ? conflictProblem(error, inBatch) : error;
  });
  const status = outcomes.some((outcome) => outcome.status === 'booked') ? 201 : 200;
  const items = outcomes.map(terms.show);
  const [only] = items;
  if (!inBatch && only !== undefined) return new Reply(single(only), { status });
  return new Reply({ version, items }, { status });
}

function withJoined(outcomes: readonly Outcome[], joined: readonly StoredEntry[]): Outcome[] {
  const byId = new Map(joined.map((entry) => [entry.id, entry]));
  return outcomes.map(({ status, entry }) => ({ status, entry: byId.get(entry.id) ?? entry }));
}

/** Entries that one problem names. */
const NAMED = 20;

/** The 409 for entries that the ledger seems to have already. */
function duplicateProblem(found: readonly PossibleDuplicate[], inBatch: boolean): Error {
  const [first] = found;
  const errors = found.slice(0, NAMED).map(({ index, entryId }) => ({
    pointer: inBatch ? `/items/${index}` : '',
    detail: `is the same as entry ${entryId}, as far as their contents tell`,
    code: 'possible-duplicate',
    params: { entryId },
  }));
  const which = inBatch ? `${found.length} of the entries seem` : 'The entry seems';
  return problem('conflict', {
    detail: `${which} to be in the ledger already${inBatch ? ', the first' : ''} as entry ${first?.entryId ?? ''}. Nothing was booked. If it happened twice, send \`possibleDuplicates=book\`.`,
    errors,
  });
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
