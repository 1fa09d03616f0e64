import { z } from 'zod';
import { getEntry, listEntries } from '../../db/ledger/entries.ts';
import type { StoredEntry, StoredTransfer } from '../../db/ledger/stored-entry.ts';
import { EntryConflictError } from '../../db/ledger/candidates.ts';
import { BATCH_LIMIT, bookEntries, changeEntry, removeEntry } from '../../db/ledger/ledger.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import { problem } from '../../lib/problem.ts';
import { announce } from '../../streams/portfolio/announce.ts';
import { portfolioLog } from '../../streams/core/broker.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { checkTags } from './entry-tags.ts';
import { readablePortfolio, writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { keptRates, rateFinder } from './trade-draft.ts';
import { conflictProblem } from './trades.ts';
import {
  changedInput,
  checkTransfers,
  toTransferDraft,
  toTransferDrafts,
  TRANSFER_KINDS,
  transferChange,
  transferInput,
} from './transfer-draft.ts';

const transferSchema = z
  .object({
    id: field.id,
    externalId: z.union([z.string(), z.null()]),
    exchange: z.union([z.string(), z.null()]),
    kind: z.enum(TRANSFER_KINDS),
    asset: field.asset,
    quantity: field.decimal,
    unitCost: field.decimalOrNull,
    time: field.timestamp,
    note: z.union([z.string(), z.null()]),
    tags: z.array(z.string()),
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'Transfer' });

function transferBody(entry: StoredTransfer): z.input<typeof transferSchema> {
  return {
    id: entry.id,
    externalId: entry.externalId,
    exchange: entry.exchange === '' ? null : entry.exchange,
    kind: entry.kind,
    asset: entry.asset,
    quantity: decimal(entry.quantity),
    unitCost: decimalOrNull(entry.unitCost),
    time: field.isoTime(entry.time),
    note: entry.note,
    tags: entry.tags,
    createdAt: field.isoTime(entry.createdAt),
    updatedAt: field.isoTime(entry.updatedAt),
  };
}

function asTransfer(entry: StoredEntry | null): StoredTransfer {
  if (entry === null || entry.kind === 'trade')
    throw problem('not-found', { detail: 'There is no such transfer.' });
  return entry;
}

const batchOutcome = z.object({
  version: z.int(),
  items: z.array(z.object({ status: z.enum(['booked', 'duplicate']), transfer: transferSchema })),
});

export const bookTransfers = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/transfers',
  id: 'bookTransfers',
  tag: 'transfers',
  summary: 'Book a deposit, withdrawal or income, or a batch of them',
  description: 'Idempotent by (exchange, externalId), as trades are.',
  access: 'trades:write',
  params: portfolioParams,
  body: z.union([transferInput, z.strictObject({ items: z.array(transferInput).min(1).max(BATCH_LIMIT) })]),
  status: 201,
  otherStatuses: [{ status: 200, description: 'All of it was booked before.' }],
  response: z.union([transferSchema, batchOutcome]),
  examples: {
    request: { kind: 'deposit', asset: 'KRW', quantity: '10000000', time: '2026-03-01T00:00:00.000Z' },
  },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'trade-conflict', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock, config } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const inBatch = 'items' in body;
    const inputs = inBatch ? body.items : [body];
    checkTags(inputs, config.TAGS_PER_ENTRY, inBatch);
    checkTransfers(inputs, clock.now(), portfolio.baseCurrency, inBatch);
    const drafts = await toTransferDrafts(inputs, db, portfolio.baseCurrency);
    let booked;
    try {
      booked = await bookEntries(db, portfolio.id, drafts, { clock, tagLimit: config.TAGS_PER_PORTFOLIO });
    } catch (error) {
      if (error instanceof EntryConflictError) throw conflictProblem(error, inBatch);
      throw error;
    }
    const { version } = booked;
    const items = booked.outcomes.map(({ status, entry }) => ({
      status,
      transfer: transferBody(asTransfer(entry)),
    }));
    const isNew = items.some(({ status }) => status === 'booked');
    if (isNew) {
      await announce(services, portfolioLog(portfolio.id), [{ type: 'transfer', change: 'booked', version }]);
    }
    const status = isNew ? 201 : 200;
    const [only] = items;
    return !inBatch && only
      ? new Reply(only.transfer, { status })
      : new Reply({ version, items }, { status });
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
    order: z.enum(['asc', 'desc']).default('desc').meta({ description: 'By time.' }),
    limit: field.limit,
    cursor: z.string().max(1000).optional(),
  }),
  status: 200,
  response: field.listOf(transferSchema),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const page = await listEntries(db, portfolio.id, { ...query, kinds: TRANSFER_KINDS });
    return { items: page.items.map((entry) => transferBody(asTransfer(entry))), nextCursor: page.nextCursor };
  },
});

const transferParams = portfolioParams.extend({ transferId: field.id });

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
    const changed = await changeEntry(
      db,
      portfolio.id,
      params.transferId,
      (entry, trx) => {
        const before = asTransfer(entry);
        const input = changedInput(before, body);
        checkTransfers([input], clock.now(), baseCurrency, false);
        const found = before.unitCost === null ? before.unitValue : null;
        const known = { time: before.time, rates: new Map([[before.asset, found]]) };
        return toTransferDraft(input, keptRates(known, rateFinder(trx, baseCurrency)));
      },
      { clock, tagLimit: config.TAGS_PER_PORTFOLIO },
    );
    const transfer = transferBody(asTransfer(changed?.entry ?? null));
    await announce(services, portfolioLog(portfolio.id), [
      { type: 'transfer', change: 'changed', version: changed?.version ?? 0 },
    ]);
    return transfer;
  },
});

export const removeTransfer = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/transfers/:transferId',
  id: 'removeTransfer',
  tag: 'transfers',
  summary: 'Take a transfer out of the ledger; every figure after it is restated',
  access: 'trades:write',
  params: transferParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db, clock } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    asTransfer(await getEntry(db, portfolio.id, params.transferId));
    const removed = await removeEntry(db, portfolio.id, params.transferId, { clock });
    asTransfer(removed?.before ?? null);
    await announce(services, portfolioLog(portfolio.id), [
      { type: 'transfer', change: 'removed', version: removed?.version ?? 0 },
    ]);
  },
});

export const transferEndpoints = [bookTransfers, listTransfers, getTransfer, changeTransfer, removeTransfer];
