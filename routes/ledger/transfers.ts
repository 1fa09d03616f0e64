import { mapInSlices } from '../../lib/async/time-slice.ts';
import { z } from 'zod';
import { getEntry, listEntries } from '../../db/ledger/entries/entries.ts';
import type { StoredEntry, TransferDraft } from '../../db/ledger/entries/stored-entry.ts';
import { problem } from '../../lib/problem.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { bookBatch, bookingQuery } from './book-batch.ts';
import { correctEntry, deleteEntry } from './one-entry.ts';
import { readablePortfolio, writablePortfolio } from '../portfolios/portfolio-access.ts';
import { ledgerVersion, outcomeStatus } from '../portfolios/entry-fields.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { keptRates, rateFinder } from './trade-draft.ts';
import {
  isShownTransfer,
  type ShownTransfer,
  TRANSFER_KINDS,
  transferBody,
  transferSchema,
} from '../portfolios/transfer-body.ts';
import {
  changedInput,
  checkTransfers,
  toTransferDraft,
  toTransferDrafts,
  transferChange,
  transferInput,
} from './transfer-draft.ts';

function asTransfer(entry: StoredEntry | null): ShownTransfer {
  if (entry === null || !isShownTransfer(entry)) {
    throw problem('not-found', { detail: 'There is no such transfer.' });
  }
  return entry;
}

const outcome = z
  .object({ status: outcomeStatus, transfer: transferSchema })
  .meta({ id: 'BookedTransfer', description: 'The outcome of one transfer of a batch.' });
const batchOutcome = z
  .object({
    version: ledgerVersion,
    items: z.array(outcome).describe('One item for each transfer of the request, in its order.'),
  })
  .meta({ id: 'TransferBatch', description: 'The outcome of a batch of transfers.' });
const booked = z
  .union([transferSchema, batchOutcome])
  .meta({ id: 'TransferOrBatch', description: 'The transfer, or the outcome of the batch.' });

export const bookTransfers = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers',
  id: 'bookTransfers',
  tag: 'transfers',
  summary: 'Book a deposit, withdrawal or income, or a batch of them',
  description: 'Idempotent by (exchange, externalId), as trades are.',
  access: 'trades:write',
  params: portfolioParams,
  query: bookingQuery,
  ...itemOrBatch(transferInput, 'TransferInput'),
  status: 201,
  otherStatuses: [{ status: 200, description: 'Everything was already booked.' }],
  response: booked,
  examples: {
    request: { kind: 'deposit', asset: 'KRW', quantity: '10000000', time: '2026-03-01T00:00:00.000Z' },
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
        check: (inputs, inBatch) => checkTransfers(inputs, clock.now(), baseCurrency, inBatch),
        draft: (inputs) => toTransferDrafts(inputs, db, portfolio),
        show: ({ status, entry }) => ({ status, transfer: transferBody(asTransfer(entry)) }),
      },
      ({ transfer }) => transfer,
    );
  },
});

export const listTransfers = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/transfers',
  id: 'listTransfers',
  tag: 'transfers',
  summary: 'Deposits, withdrawals and income',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    order: z.enum(['asc', 'desc']).default('desc').describe('By time: `desc` has the newest first.'),
    limit: field.limit,
    cursor: z.string().max(1000).optional().describe(field.CURSOR),
  }),
  status: 200,
  response: field
    .listOf(transferSchema)
    .meta({ id: 'TransferList', description: 'One page of the transfers of a portfolio.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const page = await listEntries(db, portfolio.id, { ...query, kinds: TRANSFER_KINDS });
    const items = await mapInSlices(page.items, (entry) => transferBody(asTransfer(entry)));
    return { items, nextCursor: page.nextCursor };
  },
});

const transferParams = portfolioParams.extend({ transferId: field.id.describe('Id of the transfer.') });

export const getTransfer = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/transfers/:transferId',
  id: 'getTransfer',
  tag: 'transfers',
  summary: 'One deposit, withdrawal or income',
  access: 'read',
  params: transferParams,
  status: 200,
  response: transferSchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    return transferBody(asTransfer(await getEntry(db, portfolio.id, params.transferId)));
  },
});

export const changeTransfer = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/transfers/:transferId',
  id: 'changeTransfer',
  tag: 'transfers',
  summary: 'Correct a transfer; every later figure is restated',
  description:
    'Its kind cannot be changed. The market price found for it is kept, unless asset, time or `unitCost` change.',
  access: 'trades:write',
  params: transferParams,
  // Room for a note and the maximum number of tags, with every letter escaped.
  bodyLimitKb: 64,
  body: transferChange,
  status: 200,
  response: transferSchema,
  examples: { request: { quantity: '12000000', note: 'with the bonus' } },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params: { portfolioId, transferId }, body, caller }, services) {
    const request = { portfolioId, entryId: transferId, caller };
    const corrected = await correctEntry(
      services,
      request,
      body,
      async (entry, { trx, baseCurrency, terms }) => {
        const before = asTransfer(entry);
        const input = changedInput(before, body);
        checkTransfers([input], services.clock.now(), baseCurrency, false);
        if (before.networkFee !== undefined && before.networkFee >= input.quantity) {
          const detail = 'must be more than the fee that is part of it';
          throw problem('unprocessable-entry', { errors: [{ pointer: '/quantity', detail }] });
        }
        const draft = await toTransferDraft(input, keptRates(before, rateFinder(trx, terms)));
        return { ...draft, ...ofEntry(before) };
      },
    );
    return transferBody(asTransfer(corrected));
  },
});

/** Properties of an entry that a transfer does not show: a change keeps them. */
function ofEntry({ account, txid, subtype, sequence, networkFee }: ShownTransfer): Partial<TransferDraft> {
  return {
    ...(account === undefined ? {} : { account }),
    ...(txid === undefined ? {} : { txid }),
    ...(subtype === undefined ? {} : { subtype }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(networkFee === undefined ? {} : { networkFee }),
  };
}

export const removeTransfer = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/transfers/:transferId',
  id: 'removeTransfer',
  tag: 'transfers',
  summary: 'Remove a transfer from the ledger; every later figure is restated',
  access: 'trades:write',
  params: transferParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params: { portfolioId, transferId }, caller }, services) {
    await deleteEntry(services, { portfolioId, entryId: transferId, caller }, asTransfer);
  },
});

export const transferEndpoints = [bookTransfers, listTransfers, getTransfer, changeTransfer, removeTransfer];
