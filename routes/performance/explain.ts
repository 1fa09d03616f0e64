import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { entryChunks } from '../../db/ledger/entries.ts';
import { legsByAsset } from '../../db/ledger/fold.ts';
import { loadTerms } from '../../db/ledger/past-states.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { COST_METHODS, type CostMethod, type PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { type Explainer, explainer } from '../../lib/pnl/performance/explain.ts';
import { prepareMarking } from '../../lib/pnl/valuation/marking.ts';
import { decimalOrNull, fixed, ZERO, type Fixed } from '../../lib/money/money.ts';
import { plus } from '../../lib/money/unknown.ts';
import { ledgerWarnings, priceWarning } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { assertKnownAsset, lotFields } from '../portfolios/lots.ts';
import { positionOf } from '../market/market-position.ts';
import { costMethod, position, realized } from '../portfolios/pnl.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';

const acquisition = z.object({
  entryId: field.id,
  time: field.timestamp,
  reason: z.enum(['buy', 'proceeds', 'deposit', 'income', 'rebate']),
  quantity: field.decimal,
  cost: field.decimalOrNull.meta({ description: 'Fees included.' }),
  grossCost: field.decimalOrNull,
  fee: field.decimalOrNull,
});

const match = z.object({
  entryId: field.id,
  time: field.timestamp,
  quantity: field.decimal,
  costBasis: field.decimalOrNull,
});

const disposal = z.object({
  entryId: field.id,
  time: field.timestamp,
  reason: z.enum(['sale', 'payment', 'withdrawal', 'fee', 'write-off']),
  quantity: field.decimal,
  uncovered: field.decimal.meta({ description: 'Part of it that was not held.' }),
  proceeds: realized,
  fee: field.decimalOrNull,
  costBasis: field.decimalOrNull,
  realizedPnl: realized,
  matches: z.array(match).meta({ description: 'The lots it came from; none under `average`.' }),
});

const mark = z.object({
  price: field.decimal,
  time: z.union([field.timestamp, z.null()]),
  path: z.array(field.symbol),
  stale: z.boolean().meta({ description: "The portfolio's own last fill, for want of a market price." }),
});

const count = z.int().min(0);

const explanation = z
  .object({
    asset: field.asset,
    costMethod: z.enum(COST_METHODS),
    quantity: field.decimal,
    averagePrice: field.decimalOrNull,
    costBasis: field.decimalOrNull,
    mark: z.union([mark, z.null()]),
    marketValue: field.decimalOrNull,
    unrealizedPnl: field.decimalOrNull,
    realizedPnl: realized,
    lots: z.array(z.object(lotFields)).meta({ description: 'What is held, oldest first.' }),
    acquisitions: z.array(acquisition),
    disposals: z.array(disposal),
    earlier: z
      .object({
        lots: z.object({
          count,
          quantity: field.decimal,
          costBasis: field.decimalOrNull,
          marketValue: field.decimalOrNull,
          unrealizedPnl: field.decimalOrNull,
        }),
        acquisitions: z.object({ count }),
        disposals: z.object({ count, realizedPnl: realized }),
      })
      .meta({ description: 'What is older than the lists: with it they add up to the figures above.' }),
  })
  .meta({ id: 'Explanation' });

/** Of every asset at once the lists are shorter. */
const LIMIT_OF_ALL = 100;

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
  const { asset: wanted, limit } = options;
  return await inSnapshot(db, async (trx) => {
    const { version, updatedAt, timeZone: _, ...own } = await loadTerms(trx, portfolioId);
    const terms = { ...own, costMethod: options.costMethod ?? own.costMethod };
    const explainers = new Map<string, Explainer>();
    for await (const entries of entryChunks(trx, portfolioId, wanted ?? null, { after: null })) {
      for (const [asset, legs] of legsByAsset(entries, terms)) {
        if (asset === terms.baseCurrency || (wanted !== undefined && asset !== wanted)) continue;
        let of = explainers.get(asset);
        if (of === undefined) {
          of = explainer({ asset, costMethod: terms.costMethod, limit });
          explainers.set(asset, of);
        }
        of.add(legs);
      }
    }
    return { version, updatedAt, terms, explainers: [...explainers.values()] };
  });
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
    asset: field.asset.optional().meta({ description: 'Every asset of the ledger when left out.' }),
    costMethod,
    limit: field.limit.meta({ description: `Without \`asset\` at most ${LIMIT_OF_ALL}.` }),
  }),
  status: 200,
  response: z
    .object({
      portfolioId: field.id,
      asOf: field.timestamp,
      position,
      baseCurrency: field.asset,
      costMethod: z.enum(COST_METHODS),
      unrealizedPnl: field.decimalOrNull,
      realizedPnl: realized,
      items: z.array(explanation),
      warnings: z.array(field.warning),
    })
    .meta({ id: 'PnlExplanation' }),
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, market } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    if (query.asset === undefined && query.limit > LIMIT_OF_ALL) {
      throw queryProblem({ parameter: 'limit', detail: `is at most ${LIMIT_OF_ALL} without \`asset\`` });
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
      position: positionOf(version, market.position),
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
