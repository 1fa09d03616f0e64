import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { entryChunks } from '../../db/ledger/entries.ts';
import { legsByAsset } from '../../db/ledger/fold.ts';
import { loadTerms } from '../../db/ledger/past-states.ts';
import { TimeSlice } from '../../lib/async/time-slice.ts';
import { only } from '../../db/connection/single-row.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import type { CostMethod, PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { type Explainer, explainer } from '../../lib/pnl/performance/explain.ts';
import { prepareMarking } from '../../lib/pnl/valuation/marking.ts';
import { decimalOrNull, fixed, ZERO, type Fixed } from '../../lib/money/money.ts';
import { plus } from '../../lib/money/unknown.ts';
import { ledgerWarnings, priceWarning } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { positionOf } from '../../streams/portfolio/ledger-position.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { assertKnownAsset, lotFields } from '../portfolios/lots.ts';
import * as figure from '../portfolios/figure-fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';

const entryId = field.id.describe('Id of the entry.');
const time = field.timestamp.describe('When it happened.');
const fee = field.decimalOrNull.describe('Its fee in base currency; `null` if a rate is missing.');

const acquisition = z
  .object({
    entryId,
    time,
    reason: z
      .enum(['buy', 'proceeds', 'deposit', 'income', 'rebate', 'convert', 'adjustment'])
      .describe('Why it came in. `proceeds`: it was the payment for another coin. `rebate`: a negative fee.'),
    quantity: field.decimal.describe('How much came in, in units of the asset.'),
    cost: field.decimalOrNull.describe(
      'What it cost in base currency, fees included; `null` if a rate is missing.',
    ),
    grossCost: field.decimalOrNull.describe('The same without fees.'),
    fee,
  })
  .meta({ id: 'Acquisition', description: 'How some of the asset came in.' });

const match = z
  .object({
    entryId: field.id.describe('Id of the purchase.'),
    time: field.timestamp.describe('When it was bought.'),
    quantity: field.decimal.describe('How much of that purchase was disposed of, in units of the asset.'),
    costBasis: field.decimalOrNull.describe(
      'What that part cost in base currency, fees included; `null` if a rate is missing.',
    ),
  })
  .meta({ id: 'MatchedLot', description: 'The part of a lot that a disposal took.' });

const disposal = z
  .object({
    entryId,
    time,
    reason: z
      .enum(['sale', 'payment', 'withdrawal', 'fee', 'convert', 'adjustment', 'rebate', 'write-off'])
      .describe(
        'Why it went out. `payment`: it paid for another coin. `write-off`: a purchase whose quantity rounds to nothing. `rebate`: nothing went out, a fee was given back.',
      ),
    quantity: field.decimal.describe('How much went out, in units of the asset.'),
    uncovered: field.decimal.describe('How much of it was not held; `0` as a rule.'),
    proceeds: z
      .object({
        gross: field.decimalOrNull.describe('Before fees; `null` if a rate is missing.'),
        net: field.decimalOrNull.describe('After fees; `null` if a rate is missing.'),
      })
      .describe('What it brought in, in base currency.'),
    fee,
    costBasis: field.decimalOrNull.describe(
      'What it had cost in base currency, fees included; `null` if a rate is missing.',
    ),
    realizedPnl: figure.realized,
    matches: z.array(match).describe('The lots that it came from; empty under `average`.'),
  })
  .meta({ id: 'Disposal', description: 'How some of the asset went out, and what it realised.' });

const mark = z
  .object({
    price: field.decimal.describe('Base currency per unit.'),
    time: z
      .union([field.timestamp, z.null()])
      .describe('When the oldest price in it was made; `null` if no price was needed.'),
    path: z.array(field.symbol).describe('The symbols that it came through, in order.'),
    stale: z.boolean().describe("Whether it is the portfolio's own last fill, for want of a market price."),
  })
  .meta({ id: 'Mark', description: 'The price that an asset is valued at.' });

const count = z.int().min(0);

export const explanation = z
  .object({
    asset: field.asset.describe('The asset explained.'),
    costMethod: figure.usedCostMethod,
    quantity: field.decimal.describe('How much is held, in units of the asset.'),
    averagePrice: figure.averagePrice,
    costBasis: figure.costBasis,
    mark: z.union([mark, z.null()]).describe('What it is valued at; `null` without a price.'),
    marketValue: figure.marketValue,
    unrealizedPnl: figure.unrealizedPnl,
    realizedPnl: figure.realized,
    lots: z
      .array(
        z
          .object(lotFields)
          .meta({ id: 'OpenLot', description: 'A purchase of the asset, or what is left of it.' }),
      )
      .describe('What is held, oldest first.'),
    acquisitions: z.array(acquisition).describe('What came in, oldest first.'),
    disposals: z.array(disposal).describe('What went out, oldest first.'),
    earlier: z
      .object({
        lots: z
          .object({
            count: count.describe('How many lots.'),
            quantity: field.decimal.describe('How much is held of them, in units of the asset.'),
            costBasis: figure.costBasis,
            marketValue: figure.marketValue,
            unrealizedPnl: figure.unrealizedPnl,
          })
          .describe('Open lots older than those in `lots`.'),
        acquisitions: z
          .object({ count: count.describe('How many acquisitions.') })
          .describe('Acquisitions older than those in `acquisitions`.'),
        disposals: z
          .object({ count: count.describe('How many disposals.'), realizedPnl: figure.realized })
          .describe('Disposals older than those in `disposals`.'),
      })
      .describe('Sums of what is older than the lists: together they add up to the figures above.'),
  })
  .meta({ id: 'Explanation', description: 'What the PnL of one asset is made of.' });

/** Of every asset at once the lists are shorter. */
const LIMIT_OF_ALL = 100;
/** Of the lists of one kind together: a portfolio may have a thousand assets. */
const ROWS_OF_ALL = 10_000;

interface Explained {
  version: number;
  updatedAt: number;
  terms: PortfolioTerms;
  explainers: Explainer[];
}

/** One pass over the ledger, in one snapshot and in pieces. */
async function explainLedger(
  db: Database,
  portfolioId: string,
  options: { asset?: string | undefined; costMethod?: CostMethod | undefined; limit: number },
): Promise<Explained> {
  const { asset: wanted } = options;
  return await inSnapshot(db, async (trx) => {
    const { version, updatedAt, timeZone: _, ...own } = await loadTerms(trx, portfolioId);
    const terms = { ...own, costMethod: options.costMethod ?? own.costMethod };
    const limit = wanted === undefined ? await limitOfEach(trx, portfolioId, options.limit) : options.limit;
    const explainers = new Map<string, Explainer>();
    const slice = new TimeSlice();
    for await (const entries of entryChunks(trx, portfolioId, wanted ?? null, { after: null })) {
      for (const [asset, legs] of legsByAsset(entries, terms)) {
        if (wanted !== undefined && asset !== wanted) continue;
        let of = explainers.get(asset);
        if (of === undefined) {
          of = explainer({ asset, costMethod: terms.costMethod, limit });
          explainers.set(asset, of);
        }
        of.add(legs);
        if (slice.isOver) await slice.next();
      }
    }
    // The base currency has no gain of its own but fees and rebates that are not part of a trade.
    if (explainers.get(terms.baseCurrency)?.state().realisedNet === ZERO) {
      explainers.delete(terms.baseCurrency);
    }
    return { version, updatedAt, terms, explainers: [...explainers.values()] };
  });
}

/** Rows of each list when there is one of every asset. */
async function limitOfEach(trx: Database, portfolioId: string, limit: number): Promise<number> {
  const counted: { count: string }[] = await trx('positions').where({ portfolio_id: portfolioId }).count();
  const assets = Math.max(1, Number(only(counted).count));
  return Math.max(1, Math.min(limit, Math.floor(ROWS_OF_ALL / assets)));
}

export const explainPnl = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/explain',
  id: 'explainPnl',
  tag: 'pnl',
  summary: 'What realised and unrealised PnL are made of',
  description:
    'For one asset or each: the lots behind the unrealised PnL, the disposals (with the lots they came from) behind the realised one, and the acquisitions. The newest `limit` of each list, oldest first; lists and `earlier` add up to the figures exactly, and so do the assets to the totals.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    asset: field.asset.optional().describe('The asset to explain; every asset of the ledger if omitted.'),
    costMethod: figure.costMethod,
    limit: field.limit.describe(
      `The most items in each list. Without \`asset\` at most ${LIMIT_OF_ALL}, and fewer for a portfolio of more than ${ROWS_OF_ALL / LIMIT_OF_ALL} assets.`,
    ),
  }),
  status: 200,
  response: z
    .object({
      ...figure.head,
      unrealizedPnl: figure.unrealizedPnl,
      realizedPnl: figure.realized,
      items: z.array(explanation).describe('One item for each asset, in alphabetical order.'),
      warnings: field.warnings,
    })
    .meta({ id: 'PnlExplanation', description: 'What realised and unrealised PnL are made of.' }),
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, market, timeline } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    if (query.asset === undefined && query.limit > LIMIT_OF_ALL) {
      throw queryProblem({ parameter: 'limit', detail: `must be at most ${LIMIT_OF_ALL} without \`asset\`` });
    }
    const { version, updatedAt, terms, explainers } = await explainLedger(db, portfolio.id, query);
    assertKnownAsset(query.asset, explainers.length > 0, terms.baseCurrency);
    const states = explainers.map((each) => each.state());
    const marked = prepareMarking(states, terms, market.index)((symbol) => market.price(symbol)).holdings;
    const marks = new Map(marked.map((holding) => [holding.state.asset, holding.mark]));
    const items = explainers
      .map((each) => each.body(marks.get(each.state().asset) ?? null))
      .sort((a, b) => (a.asset < b.asset ? -1 : 1));
    const warnings = ledgerWarnings(states, terms);
    for (const holding of marked) {
      const warning = priceWarning(holding, terms);
      if (warning !== null) warnings.push(warning);
    }
    return {
      portfolioId: portfolio.id,
      asOf: field.isoTime(Math.max(market.updatedAt, updatedAt)),
      position: positionOf(version, market.position, timeline),
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      unrealizedPnl: sumOf(items, (item) => item.unrealizedPnl),
      realizedPnl: {
        gross: sumOf(items, (item) => item.realizedPnl.gross),
        net: sumOf(items, (item) => item.realizedPnl.net),
      },
      items,
      warnings,
    };
  },
});

function sumOf<T>(items: readonly T[], figure: (item: T) => string | null): string | null {
  const amounts = items.map(figure).map((text): Fixed | null => (text === null ? null : fixed(text)));
  return decimalOrNull(amounts.reduce<Fixed | null>(plus, ZERO));
}
