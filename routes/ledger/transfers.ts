import { z } from 'zod';
import { getEntry, listEntries } from '../../db/ledger/entries.ts';
import type { Database } from '../../db/connection/database.ts';
import type { StoredEntry, TransferDraft } from '../../db/ledger/stored-entry.ts';
import { changeEntry, removeEntry } from '../../db/ledger/ledger.ts';
import { problem } from '../../lib/problem.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { bookBatch } from './book-batch.ts';
import { checkTags } from './entry-tags.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
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
  .meta({ id: 'BookedTransfer', description: 'What became of one transfer of a batch.' });
const batchOutcome = z
  .object({
    version: ledgerVersion,
    items: z.array(outcome).describe('One item for each transfer of the request, in its order.'),
  })
  .meta({ id: 'TransferBatch', description: 'What became of a batch of transfers.' });
const booked = z
  .union([transferSchema, batchOutcome])
  .meta({ id: 'TransferOrBatch', description: 'The transfer, or what became of the batch that was sent.' });

export const bookTransfers = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers',
  id: 'bookTransfers',
  tag: 'transfers',
  summary: 'Book a deposit, withdrawal or income, or a batch of them',
  description: 'Idempotent by (exchange, externalId), as trades are.',
  access: 'trades:write',
  params: portfolioParams,
  ...itemOrBatch(transferInput, 'TransferInput'),
  status: 201,
  otherStatuses: [{ status: 200, description: 'All of it was booked before.' }],
  response: booked,
  examples: {
    request: { kind: 'deposit', asset: 'KRW', quantity: '10000000', time: '2026-03-01T00:00:00.000Z' },
  },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'trade-conflict', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const { baseCurrency } = portfolio;
    return await bookBatch(
      services,
      portfolio,
      body,
      {
        check: (inputs, inBatch) => checkTransfers(inputs, clock.now(), baseCurrency, inBatch),
        draft: (inputs) => toTransferDrafts(inputs, db, baseCurrency),
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
    return { items: page.items.map((entry) => transferBody(asTransfer(entry))), nextCursor: page.nextCursor };
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
  summary: 'Correct a transfer; every figure after it is restated',
  description:
    'Its kind stays. The market price that was found for it stays too, unless asset, time or `unitCost` change.',
  access: 'trades:write',
  params: transferParams,
  // A note and as many tags as there may be, with every letter escaped.
  bodyLimitKb: 64,
  body: transferChange,
  status: 200,
  response: transferSchema,
  examples: { request: { quantity: '12000000', note: 'with the bonus' } },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock, config } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    checkTags([body], config.TAGS_PER_ENTRY);
    const { baseCurrency } = portfolio;
    const corrected = (entry: StoredEntry, trx: Database): Promise<TransferDraft> => {
      const before = asTransfer(entry);
      const input = changedInput(before, body);
      checkTransfers([input], clock.now(), baseCurrency, false);
      return toTransferDraft(input, keptRates(before, rateFinder(trx, baseCurrency)));
    };
    const changed = await changeLedger(services, portfolio.id, (options) =>
      changeEntry(db, portfolio.id, params.transferId, corrected, {
        ...options,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        assetLimit: config.ASSETS_PER_PORTFOLIO,
      }),
    );
    return transferBody(asTransfer(changed?.entry ?? null));
  },
});

export const removeTransfer = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/transfers/:transferId',
  id: 'removeTransfer',
  tag: 'transfers',
  summary: 'Remove a transfer from the ledger; every figure after it is restated',
  access: 'trades:write',
  params: transferParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    asTransfer(await getEntry(db, portfolio.id, params.transferId));
    const removed = await changeLedger(services, portfolio.id, (options) =>
      removeEntry(db, portfolio.id, params.transferId, options),
    );
    asTransfer(removed?.before ?? null);
  },
});

export const transferEndpoints = [bookTransfers, listTransfers, getTransfer, changeTransfer, removeTransfer];
