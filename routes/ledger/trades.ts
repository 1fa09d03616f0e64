import { z } from 'zod';
import { getEntry } from '../../db/ledger/entries.ts';
import type { Database } from '../../db/connection/database.ts';
import type { StoredEntry, StoredTrade, TradeDraft } from '../../db/ledger/stored-entry.ts';
import { changeEntry, removeEntry } from '../../db/ledger/ledger.ts';
import { problem } from '../../lib/problem.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { bookBatch } from './book-batch.ts';
import { checkTags } from './entry-tags.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { ledgerVersion, outcomeStatus } from '../portfolios/entry-fields.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeBody, tradeSchema } from '../portfolios/trade-body.ts';
import {
  checkFeeValue,
  checkTrades,
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
  .meta({ id: 'BookedTrade', description: 'What became of one trade of a batch.' });
const batchOutcome = z
  .object({
    version: ledgerVersion,
    items: z.array(outcome).describe('One item for each trade of the request, in its order.'),
  })
  .meta({ id: 'TradeBatch', description: 'What became of a batch of trades.' });
const booked = z
  .union([tradeSchema, batchOutcome])
  .meta({ id: 'TradeOrBatch', description: 'The trade, or what became of the batch that was sent.' });

export const bookTrades = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/trades',
  id: 'bookTrades',
  tag: 'trades',
  summary: 'Book one fill, or a batch',
  description:
    'Idempotent by (exchange, externalId): the same fill again is answered with the booked one and 200, another content under the same id is a 409. A batch is booked whole or not at all.\n\nFills of the same instant come in the order of their `sequence`. In a batch it may be left out: then their order in the batch counts. A batch runs from the oldest fill to the newest, or the other way round if its times do; if they are all the same, it is turned round when only so each sale comes after its purchase. Fills without a `sequence` that are sent one by one are ordered by their content: purchases before sales, then by external id.',
  access: 'trades:write',
  params: portfolioParams,
  ...itemOrBatch(tradeInput, 'TradeInput'),
  status: 201,
  otherStatuses: [{ status: 200, description: 'All of it was booked before.' }],
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
        check: (inputs, inBatch) => checkTrades(inputs, clock.now(), inBatch),
        draft: (inputs) => toTradeDrafts(inputs, db, baseCurrency),
        admit: (entry, at) => checkFeeValue(asTrade(entry), baseCurrency, at),
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

/** What was sent; `null` becomes what is left out when booking. */
function given(change: z.output<typeof tradeChange>): Partial<TradeInput> {
  const sent = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(sent.map(([key, value]) => [key, value ?? undefined]));
}

/** What the worth of a trade and of its fee follow from. */
const VALUED = ['symbol', 'quantity', 'price', 'fee', 'time'] as const;

export const tradeParams = portfolioParams.extend({ tradeId: field.id.describe('Id of the trade.') });

export const changeTrade = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'changeTrade',
  tag: 'trades',
  summary: 'Correct a fill; every figure after it is restated',
  access: 'trades:write',
  params: tradeParams,
  // A note and as many tags as there may be, with every letter escaped.
  bodyLimitKb: 64,
  body: tradeChange,
  status: 200,
  response: tradeSchema,
  problems: ['invalid-request', 'not-found', 'quota-exceeded', 'unprocessable-entry'],
  async handler({ params, body, caller }, services) {
    const { db, clock, config } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    checkTags([body], config.TAGS_PER_ENTRY);
    const corrected = async (before: StoredEntry, trx: Database): Promise<TradeDraft> => {
      const trade = asTrade(before);
      const input = { ...toTradeInput(trade), ...given(body) };
      checkTrades([input], clock.now(), false);
      const rates = keptRates(trade, rateFinder(trx, portfolio.baseCurrency));
      const draft = await toTradeDraft(input, rates);
      // A note may be written beside any fill.
      if (VALUED.some((name) => body[name] !== undefined)) {
        checkFeeValue({ ...trade, ...draft }, portfolio.baseCurrency);
      }
      return draft;
    };
    const changed = await changeLedger(services, portfolio.id, (options) =>
      changeEntry(db, portfolio.id, params.tradeId, corrected, {
        ...options,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        assetLimit: config.ASSETS_PER_PORTFOLIO,
      }),
    );
    return tradeBody(asTrade(changed?.entry ?? null));
  },
});

export const removeTrade = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'removeTrade',
  tag: 'trades',
  summary: 'Remove a fill from the ledger; every figure after it is restated',
  access: 'trades:write',
  params: tradeParams,
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    asTrade(await getEntry(db, portfolio.id, params.tradeId));
    const removed = await changeLedger(services, portfolio.id, (options) =>
      removeEntry(db, portfolio.id, params.tradeId, options),
    );
    asTrade(removed?.before ?? null);
  },
});

export const tradeEndpoints = [bookTrades, changeTrade, removeTrade];
