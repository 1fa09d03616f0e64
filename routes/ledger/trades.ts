import { z } from 'zod';
import { getEntry } from '../../db/ledger/entries.ts';
import type { StoredEntry, StoredTrade } from '../../db/ledger/stored-entry.ts';
import { EntryConflictError } from '../../db/ledger/candidates.ts';
import {
  BATCH_LIMIT,
  bookEntries,
  changeEntry,
  type LedgerMove,
  removeEntry,
} from '../../db/ledger/ledger.ts';
import { decimal } from '../../lib/money/money.ts';
import { type Problem, problem } from '../../lib/problem.ts';
import type { PortfolioRecord } from '../../streams/channels/record.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { checkTags } from './entry-tags.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import {
  checkFeeValue,
  checkTrades,
  keptRates,
  rateFinder,
  ratesOf,
  toTradeDraft,
  toTradeDrafts,
  toTradeInput,
  type TradeInput,
  tradeInput,
} from './trade-draft.ts';

const fee = z.object({ amount: field.decimal, currency: field.asset });

export const tradeSchema = z
  .object({
    id: field.id,
    externalId: z.union([z.string(), z.null()]),
    exchange: z.union([z.string(), z.null()]),
    symbol: field.symbol,
    side: z.enum(['buy', 'sell']),
    quantity: field.decimal,
    price: field.decimal,
    fee: z.union([fee, z.null()]),
    time: field.timestamp,
    orderId: z.union([z.string(), z.null()]),
    type: z.union([z.string(), z.null()]),
    note: z.union([z.string(), z.null()]),
    tags: z.array(z.string()),
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'Trade' });

export function tradeBody(entry: StoredTrade): z.input<typeof tradeSchema> {
  return {
    id: entry.id,
    externalId: entry.externalId,
    exchange: entry.exchange === '' ? null : entry.exchange,
    symbol: `${entry.base}/${entry.quote}`,
    side: entry.side,
    quantity: decimal(entry.quantity),
    price: decimal(entry.price),
    fee: entry.fee === null ? null : { amount: decimal(entry.fee.amount), currency: entry.fee.currency },
    time: field.isoTime(entry.time),
    orderId: entry.orderId,
    type: entry.orderType,
    note: entry.note,
    tags: entry.tags,
    createdAt: field.isoTime(entry.createdAt),
    updatedAt: field.isoTime(entry.updatedAt),
  };
}

function noSuchTrade(): Problem {
  return problem('not-found', { detail: 'There is no such trade.' });
}

function asTrade(entry: StoredEntry | null): StoredTrade {
  if (entry?.kind !== 'trade') throw noSuchTrade();
  return entry;
}

/** What the channel `fills:` tells of a change of the ledger. */
function fills({ change, version, entries }: LedgerMove): string[] {
  return entries.map((entry) => {
    const record: PortfolioRecord = { type: 'fill', change, version, trade: tradeBody(asTrade(entry)) };
    return JSON.stringify(record);
  });
}

/** The 409 of an idempotency key that stands for something else already. */
export function conflictProblem(error: EntryConflictError, inBatch: boolean): Error {
  const pointer = inBatch ? `/items/${error.index}/externalId` : '/externalId';
  return problem('trade-conflict', {
    detail: `The external id is already booked with another content, as entry ${error.existingId ?? 'of this batch'}.`,
    errors: [{ pointer, detail: 'is already booked with another content' }],
    cause: error,
  });
}

const outcome = z.object({ status: z.enum(['booked', 'duplicate']), trade: tradeSchema });
const batchOutcome = z.object({ version: z.int(), items: z.array(outcome) }).meta({ id: 'TradeBatch' });

export const bookTrades = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/trades',
  id: 'bookTrades',
  tag: 'trades',
  summary: 'Book one fill, or a batch',
  description:
    'Idempotent by (exchange, externalId): the same fill again is answered with the booked one and 200, another content under the same id is a 409. A batch is booked whole or not at all.',
  access: 'trades:write',
  params: portfolioParams,
  body: z.union([tradeInput, z.strictObject({ items: z.array(tradeInput).min(1).max(BATCH_LIMIT) })]),
  status: 201,
  otherStatuses: [{ status: 200, description: 'All of it was booked before.' }],
  response: z.union([tradeSchema, batchOutcome]),
  examples: {
    request: {
      externalId: 'upbit-778812',
      exchange: 'upbit',
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '0.015',
      price: '89886000',
      fee: { amount: '674.145', currency: 'KRW' },
      time: '2026-03-02T09:00:00.000Z',
    },
  },
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'trade-conflict', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock, config, outbox } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const inBatch = 'items' in body;
    const inputs = inBatch ? body.items : [body];
    checkTags(inputs, config.TAGS_PER_ENTRY, inBatch);
    checkTrades(inputs, clock.now(), inBatch);
    const drafts = await toTradeDrafts(inputs, db, portfolio.baseCurrency);
    let booked;
    try {
      booked = await bookEntries(db, portfolio.id, drafts, {
        clock,
        news: fills,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        admit: (entry, index) =>
          checkFeeValue(asTrade(entry), portfolio.baseCurrency, inBatch ? `/items/${index}` : ''),
      });
    } catch (error) {
      if (error instanceof EntryConflictError) throw conflictProblem(error, inBatch);
      throw error;
    }
    const { version, news } = booked;
    const items = booked.outcomes.map(({ status, entry }) => ({ status, trade: tradeBody(asTrade(entry)) }));
    const fresh = items.filter(({ status }) => status === 'booked');
    await outbox.tell({ portfolioId: portfolio.id, version, records: news });
    const status = fresh.length > 0 ? 201 : 200;
    const [only] = items;
    return !inBatch && only ? new Reply(only.trade, { status }) : new Reply({ version, items }, { status });
  },
});

/** Of what a trade need not have, `null` takes it away. */
const tradeChange = tradeInput
  .omit({ externalId: true, exchange: true })
  .partial()
  .extend({
    fee: z.union([tradeInput.shape.fee.unwrap(), z.null()]).optional(),
    orderId: z.union([tradeInput.shape.orderId.unwrap(), z.null()]).optional(),
    type: z.union([tradeInput.shape.type.unwrap(), z.null()]).optional(),
    note: z.union([tradeInput.shape.note.unwrap(), z.null()]).optional(),
  })
  .meta({ id: 'TradeChange' });

/** What was sent; `null` becomes what is left out when booking. */
function given(change: z.output<typeof tradeChange>): Partial<TradeInput> {
  const sent = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(sent.map(([key, value]) => [key, value ?? undefined]));
}

/** What the worth of a trade and of its fee follow from. */
const VALUED = ['symbol', 'quantity', 'price', 'fee', 'time'] as const;

export const tradeParams = portfolioParams.extend({ tradeId: field.id });

export const changeTrade = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'changeTrade',
  tag: 'trades',
  summary: 'Correct a fill; every figure after it is restated',
  access: 'trades:write',
  params: tradeParams,
  body: tradeChange,
  status: 200,
  response: tradeSchema,
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock, config, outbox } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    checkTags([body], config.TAGS_PER_ENTRY);
    const changed = await changeEntry(
      db,
      portfolio.id,
      params.tradeId,
      async (before, trx) => {
        const trade = asTrade(before);
        const input = { ...toTradeInput(trade), ...given(body) };
        checkTrades([input], clock.now(), false);
        const rates = keptRates(ratesOf(trade), rateFinder(trx, portfolio.baseCurrency));
        const draft = await toTradeDraft(input, rates);
        // A note may be written beside any fill.
        if (VALUED.some((name) => body[name] !== undefined)) {
          checkFeeValue({ ...trade, ...draft }, portfolio.baseCurrency);
        }
        return draft;
      },
      { clock, news: fills, tagLimit: config.TAGS_PER_PORTFOLIO },
    );
    if (changed === null) throw noSuchTrade();
    const { version, news, entry } = changed;
    await outbox.tell({ portfolioId: portfolio.id, version, records: news });
    return tradeBody(asTrade(entry));
  },
});

export const removeTrade = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'removeTrade',
  tag: 'trades',
  summary: 'Take a fill out of the ledger; every figure after it is restated',
  access: 'trades:write',
  params: tradeParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db, clock, outbox } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    asTrade(await getEntry(db, portfolio.id, params.tradeId));
    const removed = await removeEntry(db, portfolio.id, params.tradeId, { clock, news: fills });
    if (removed === null) throw noSuchTrade();
    const { version, news } = removed;
    await outbox.tell({ portfolioId: portfolio.id, version, records: news });
  },
});

export const tradeEndpoints = [bookTrades, changeTrade, removeTrade];
