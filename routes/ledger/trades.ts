import { z } from 'zod';
import type { StoredEntry, StoredTrade } from '../../db/ledger/entries/stored-entry.ts';
import { problem } from '../../lib/problem.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { bookBatch, bookingQuery } from './book-batch.ts';
import { correctEntry, deleteEntry } from './one-entry.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { ledgerVersion, outcomeStatus } from '../portfolios/entry-fields.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeBody, tradeSchema } from '../portfolios/trade-body.ts';
import {
  checkTrades,
  concernsFee,
  dearFeeErrors,
  keptRates,
  rateFinder,
  toTradeDraft,
  toTradeDrafts,
  toTradeInput,
  type TradeInput,
  tradeInput,
} from './trade-draft.ts';

function asTrade(entry: StoredEntry | null): StoredTrade {
  if (entry?.kind !== 'trade') throw problem('not-found', { detail: 'There is no such trade.' });
  return entry;
}

const outcome = z
  .object({ status: outcomeStatus, trade: tradeSchema })
  .meta({ id: 'BookedTrade', description: 'The outcome of one trade of a batch.' });
const batchOutcome = z
  .object({
    version: ledgerVersion,
    items: z.array(outcome).describe('One item for each trade of the request, in its order.'),
  })
  .meta({ id: 'TradeBatch', description: 'The outcome of a batch of trades.' });
const booked = z
  .union([tradeSchema, batchOutcome])
  .meta({ id: 'TradeOrBatch', description: 'The trade, or the outcome of the batch.' });

export const bookTrades = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/trades',
  id: 'bookTrades',
  tag: 'trades',
  summary: 'Book one fill, or a batch',
  description:
    'Idempotent by (exchange, externalId): the same fill again is answered with the booked one and 200; different content under the same id is a 409. A batch is booked whole or not at all.\n\nFills at the same instant are ordered by their `sequence`. In a batch it may be omitted: then the order of the batch counts. A batch runs from the oldest fill to the newest, or in reverse if its times do. If all times are equal, the batch is reversed if only that puts each sale after its purchase. Fills without a `sequence` that are sent one by one are ordered by their content: purchases before sales, then by external id.',
  access: 'trades:write',
  params: portfolioParams,
  query: bookingQuery,
  ...itemOrBatch(tradeInput, 'TradeInput'),
  status: 201,
  otherStatuses: [{ status: 200, description: 'Everything was already booked.' }],
  response: booked,
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
    return await bookBatch(
      services,
      { portfolio, userId: caller.userId },
      body,
      {
        duplicates: query.possibleDuplicates,
        check: (inputs, inBatch) => checkTrades(inputs, clock.now(), inBatch),
        draft: (inputs) => toTradeDrafts(inputs, db, portfolio),
        show: ({ status, entry }) => ({ status, trade: tradeBody(asTrade(entry)) }),
      },
      ({ trade }) => trade,
    );
  },
});

/** `null` removes an optional field. */
const tradeChange = tradeInput
  .omit({ externalId: true, exchange: true })
  .partial()
  .extend({
    fee: z.union([tradeInput.shape.fee.unwrap(), z.null()]).optional().describe('`null` removes it.'),
    orderId: z
      .union([tradeInput.shape.orderId.unwrap(), z.null()])
      .optional()
      .describe('Id of the order it filled; `null` removes it.'),
    type: z
      .union([tradeInput.shape.type.unwrap(), z.null()])
      .optional()
      .describe('Type of the order it filled; `null` removes it.'),
    note: z
      .union([tradeInput.shape.note.unwrap(), z.null()])
      .optional()
      .describe('Free text; `null` removes it.'),
    sequence: z
      .union([tradeInput.shape.sequence.unwrap(), z.null()])
      .optional()
      .describe('Place among the fills of the same instant, lower first; `null` removes it.'),
  })
  .meta({ id: 'TradeChange', description: 'What to correct in a trade; the rest stays.' });

/** The sent properties; those sent as `null` become those that are omitted when booking. */
function given(change: z.output<typeof tradeChange>): Partial<TradeInput> {
  const sent = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(sent.map(([key, value]) => [key, value ?? undefined]));
}

export const tradeParams = portfolioParams.extend({ tradeId: field.id.describe('Id of the trade.') });

export const changeTrade = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'changeTrade',
  tag: 'trades',
  summary: 'Correct a fill; every later figure is restated',
  access: 'trades:write',
  params: tradeParams,
  // Room for a note and the maximum number of tags, with every letter escaped.
  bodyLimitKb: 64,
  body: tradeChange,
  status: 200,
  response: tradeSchema,
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params: { portfolioId, tradeId }, body, caller }, services) {
    const request = { portfolioId, entryId: tradeId, caller };
    const corrected = await correctEntry(services, request, body, async (before, { trx, terms }) => {
      const trade = asTrade(before);
      const input = { ...toTradeInput(trade), ...given(body) };
      checkTrades([input], services.clock.now(), false, concernsFee(body) ? dearFeeErrors : () => []);
      return await toTradeDraft(input, keptRates(trade, rateFinder(trx, terms)));
    });
    return tradeBody(asTrade(corrected));
  },
});

export const removeTrade = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'removeTrade',
  tag: 'trades',
  summary: 'Remove a fill from the ledger; every later figure is restated',
  access: 'trades:write',
  params: tradeParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params: { portfolioId, tradeId }, caller }, services) {
    await deleteEntry(services, { portfolioId, entryId: tradeId, caller }, asTrade);
  },
});

export const tradeEndpoints = [bookTrades, changeTrade, removeTrade];
