import { mapInSlices } from '../../lib/async/time-slice.ts';
import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { getEntry, listEntries } from '../../db/ledger/entries/entries.ts';
import { rateTable, type RateTerms } from '../../db/ledger/rates/rates.ts';
import { rateNeeds, withRates } from '../../db/ledger/rates/entry-rates.ts';
import { type EntryDraft, type StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import { type FieldError, problem } from '../../lib/problem.ts';
import { commaList } from '../../lib/text/comma-list.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { entryBody, entrySchema } from '../portfolios/entry-body.ts';
import { ledgerVersion, outcomeStatus } from '../portfolios/entry-fields.ts';
import { readablePortfolio, writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { changedEntry, entryChange } from './entry-change.ts';
import { entryErrors, toEntryInput, unratedEntry } from './entry-draft.ts';
import { ENTRY_KINDS, type EntryInput, entryInput } from './entry-input.ts';
import { bookBatch, bookingQuery } from './book-batch.ts';
import { correctEntry, deleteEntry } from './one-entry.ts';
import { concernsFee, dearFeeErrors, keptRates, placeInBatch, rated, rateFinder } from './trade-draft.ts';

function known(entry: StoredEntry | null): StoredEntry {
  if (entry === null) throw problem('not-found', { detail: 'There is no such entry.' });
  return entry;
}

/** @throws the 422 that names what cannot be booked */
function check(
  inputs: readonly EntryInput[],
  terms: { now: number; baseCurrency: string },
  inBatch: boolean,
  takesDearFee = false,
): void {
  const errors = inputs.flatMap((input, index) =>
    [
      ...entryErrors(input, terms),
      ...(input.kind === 'trade' && !takesDearFee ? dearFeeErrors(input) : []),
    ].map(({ pointer = '', detail }): FieldError => ({
      pointer: inBatch ? `/items/${index}${pointer}` : pointer,
      detail,
    })),
  );
  if (errors.length > 0) throw problem('unprocessable-entry', { errors: errors.slice(0, 20) });
}

/** Drafts of a batch, each with the rates at its own time, as if it had been sent alone. */
async function toDrafts(
  inputs: readonly EntryInput[],
  db: Database,
  terms: RateTerms,
): Promise<EntryDraft[]> {
  const drafts = inputs.map(unratedEntry);
  placeInBatch(drafts.filter((draft) => draft.kind === 'trade'));
  const rate = await rateTable(db, terms, drafts.flatMap(rateNeeds));
  return drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
}

const outcome = z
  .object({ status: outcomeStatus, entry: entrySchema })
  .meta({ id: 'BookedEntry', description: 'The outcome of one entry of a batch.' });
const batchOutcome = z
  .object({
    version: ledgerVersion,
    items: z.array(outcome).describe('One item for each entry of the request, in its order.'),
  })
  .meta({ id: 'EntryBatch', description: 'The outcome of a batch of entries.' });
const booked = z
  .union([entrySchema, batchOutcome])
  .meta({ id: 'EntryOrBatch', description: 'The entry, or the outcome of the batch.' });

export const bookEntriesOfAnyKind = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/entries',
  id: 'bookEntries',
  tag: 'entries',
  summary: 'Book an entry of any kind, or a batch',
  description:
    "Idempotent by (exchange, externalId), as trades are. A batch is booked whole or not at all.\n\n`deposit`, `withdrawal` and `adjustment` count as external money at their value. A `reward` is income at its value when received. A `fee` is a loss and a `rebate` a gain at its value. A `convert` disposes of `from` and acquires `to` at the same value: that of the base currency in it, else the market value of `to`, else that of `from`. A `transfer` moves assets within the portfolio: lots, dates and cost stay, and nothing is realised but its fee, which leaves at cost. A `rename` or `redenomination` turns the whole holding of an asset into another asset, or into other units of it, and keeps lots, dates and cost. A `fork` adds a new asset, which takes over a share of the holding's cost or none; it is not income. A fee, rebate or reward without a price affects no other figure.\n\nEntries of one instant: deposits, adjustments, rewards and rebates come first, then trades (purchases before sales), conversions, transfers and changes of assets, then those that have a `sequence`, in its order and whatever their kind, then withdrawals and fees; otherwise by external id.\n\nMargin and futures are refused.",
  access: 'trades:write',
  params: portfolioParams,
  query: bookingQuery,
  ...itemOrBatch(entryInput, 'EntryInput'),
  status: 201,
  otherStatuses: [{ status: 200, description: 'Everything was already booked.' }],
  response: booked,
  examples: {
    request: {
      kind: 'reward',
      subtype: 'staking',
      asset: 'ETH',
      quantity: '0.0042',
      account: 'upbit',
      time: '2026-03-01T00:00:00.000Z',
    },
  },
  problems: [
    'invalid-request',
    'not-found',
    'conflict',
    'quota-exceeded',
    'trade-conflict',
    'unprocessable-entry',
  ],
  async handler({ params, query, body, caller }, services) {
    const { db, clock } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const { baseCurrency } = portfolio;
    return await bookBatch(
      services,
      { portfolio, userId: caller.userId },
      body,
      {
        duplicates: query.possibleDuplicates,
        check: (inputs, inBatch) => check(inputs, { now: clock.now(), baseCurrency }, inBatch),
        draft: (inputs) => toDrafts(inputs, db, portfolio),
        show: ({ status, entry }) => ({ status, entry: entryBody(entry) }),
      },
      ({ entry }) => entry,
    );
  },
});

const kindList = z
  .string()
  .max(200)
  .transform(commaList)
  .pipe(z.array(z.enum(ENTRY_KINDS)).min(1))
  .meta({ type: 'string', example: 'deposit,withdrawal' });

/** Which entries to return. */
export const entriesQuery = {
  kind: kindList.optional().meta({ description: 'Comma-separated kinds; all if omitted.' }),
  asset: field.asset
    .optional()
    .meta({ description: 'Only entries that move this asset or pay a fee in it.' }),
  account: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Only entries of this account or wallet.' }),
  from: field.queryInstant.optional().meta({ description: 'Inclusive.' }),
  to: field.queryInstant.optional().meta({ description: 'Exclusive.' }),
  order: z
    .enum(['asc', 'desc'])
    .default('desc')
    .meta({ description: 'By time: `desc` has the newest first.' }),
};

/** The stored kinds behind the requested ones. */
export function storedKinds(
  kinds: readonly EntryInput['kind'][] | undefined,
): StoredEntry['kind'][] | undefined {
  return kinds?.map((kind) => (kind === 'reward' ? 'income' : kind));
}

export const listEntriesOfAnyKind = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/entries',
  id: 'listEntries',
  tag: 'entries',
  summary: 'The ledger: entries of every kind',
  description:
    'By time, and by the stable order within an instant. Trades and transfers have lists of their own, with more figures.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...entriesQuery,
    limit: field.limit,
    cursor: z.string().max(1000).optional().meta({ description: 'The `nextCursor` of the previous page.' }),
  }),
  status: 200,
  response: field.listOf(entrySchema).meta({ id: 'EntryList', description: 'One page of entries.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const { kind, ...rest } = query;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const page = await listEntries(db, portfolio.id, { ...rest, kinds: storedKinds(kind) });
    return { items: await mapInSlices(page.items, entryBody), nextCursor: page.nextCursor };
  },
});

export const entryParams = portfolioParams.extend({ entryId: field.id.describe('Id of the entry.') });

export const getEntryOfAnyKind = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/entries/:entryId',
  id: 'getEntry',
  tag: 'entries',
  summary: 'One entry',
  access: 'read',
  params: entryParams,
  status: 200,
  response: entrySchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    return entryBody(known(await getEntry(db, portfolio.id, params.entryId)));
  },
});

export const changeEntryOfAnyKind = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/entries/:entryId',
  id: 'changeEntry',
  tag: 'entries',
  summary: 'Correct an entry; every later figure is restated',
  description:
    'The body names the kind of the entry, which cannot be changed. Omitted fields stay, and `null` removes an optional one. The rates found for the entry are kept, unless what they value changes. A joined withdrawal or deposit must be separated before its asset, quantity or time can be changed.',
  access: 'trades:write',
  params: entryParams,
  // Room for a note and the maximum number of tags, with every letter escaped, and the sources of a conversion.
  bodyLimitKb: 64,
  body: entryChange,
  status: 200,
  response: entrySchema,
  examples: { request: { kind: 'deposit', quantity: '12000000', note: 'with the bonus' } },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params: { portfolioId, entryId }, body, caller }, services) {
    const request = { portfolioId, entryId, caller };
    const corrected = await correctEntry(
      services,
      request,
      body,
      async (before, { trx, baseCurrency, terms }) => {
        const sent = toEntryInput(before);
        if (body.kind !== sent.kind) {
          throw problem('unprocessable-entry', {
            detail: `The entry is a ${sent.kind}: its kind cannot be changed. Remove it and book another.`,
            errors: [{ pointer: '/kind', detail: `must be ${sent.kind}` }],
          });
        }
        const input = changedEntry(sent, body);
        check([input], { now: services.clock.now(), baseCurrency }, false, !concernsFee(body));
        return await rated(unratedEntry(input), keptRates(before, rateFinder(trx, terms)));
      },
    );
    return entryBody(known(corrected));
  },
});

export const removeEntryOfAnyKind = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/entries/:entryId',
  id: 'removeEntry',
  tag: 'entries',
  summary: 'Remove an entry from the ledger; every later figure is restated',
  access: 'trades:write',
  params: entryParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params: { portfolioId, entryId }, caller }, services) {
    await deleteEntry(services, { portfolioId, entryId, caller }, known);
  },
});

export const entryEndpoints = [
  bookEntriesOfAnyKind,
  listEntriesOfAnyKind,
  getEntryOfAnyKind,
  changeEntryOfAnyKind,
  removeEntryOfAnyKind,
];
