import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { entryChunks } from '../../db/ledger/entries/entries.ts';
import { legsByAsset } from '../../db/ledger/positions/fold.ts';
import { loadTerms } from '../../db/ledger/positions/past-states.ts';
import { inSlices, TimeSlice } from '../../lib/async/time-slice.ts';
import { only } from '../../db/connection/single-row.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { byAsset } from '../../lib/pnl/ledger/asset-state.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { type Explainer, explainer } from '../../lib/pnl/performance/explain.ts';
import { prepareMarking } from '../../lib/pnl/valuation/marking.ts';
import { decimalOrNull, fixed, ZERO, type Fixed } from '../../lib/money/money.ts';
import { plus } from '../../lib/money/unknown.ts';
import { ledgerWarnings, priceWarning } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { positionOf } from '../../streams/portfolio/ledger-position.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { assertKnownAsset } from '../portfolios/lots.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { type ExplanationBody, explanationSchema, MATCHES } from '../../lib/schemas/explanation-schema.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';

/** If every asset is explained at once, the lists are shorter. */
const LIMIT_OF_ALL = 100;
/** The maximum number of rows in all lists of one kind together: a portfolio may have a thousand assets. */
const ROWS_OF_ALL = 10_000;

interface Explained {
  version: number;
  updatedAt: number;
  terms: PortfolioTerms;
  explainers: Explainer[];
}

/** One pass over the ledger, in one snapshot and in chunks. */
async function explainLedger(
  db: Database,
  portfolioId: string,
  options: { asset?: string | undefined; costMethod?: CostMethod | undefined; limit: number },
): Promise<Explained> {
  const { asset: wanted } = options;
  return await inSnapshot(db, async (trx) => {
    const { version, updatedAt, timeZone: _, ...own } = await loadTerms(trx, portfolioId);
    const terms = { ...own, costMethod: options.costMethod ?? own.costMethod };
    const { limit, matches } =
      wanted === undefined
        ? await limitsOfEach(trx, portfolioId, options.limit)
        : { limit: options.limit, matches: MATCHES };
    const explainers = new Map<string, Explainer>();
    const slice = new TimeSlice();
    for await (const entries of entryChunks(trx, portfolioId, wanted ?? null, { after: null })) {
      for (const [asset, legs] of legsByAsset(entries, terms)) {
        if (wanted !== undefined && asset !== wanted) continue;
        let of = explainers.get(asset);
        if (of === undefined) {
          of = explainer({ asset, costMethod: terms.costMethod, limit, matches });
          explainers.set(asset, of);
        }
        await inSlices(of.add(legs), slice);
      }
    }
    // The base currency has no gain of its own except from fees and rebates outside trades.
    if (explainers.get(terms.baseCurrency)?.state().realisedNet === ZERO) {
      explainers.delete(terms.baseCurrency);
    }
    return { version, updatedAt, terms, explainers: [...explainers.values()] };
  });
}

/** The number of rows in each list, and of lots under its disposals, when there is one per asset. */
async function limitsOfEach(
  trx: Database,
  portfolioId: string,
  limit: number,
): Promise<{ limit: number; matches: number }> {
  const counted: { count: string }[] = await trx('positions').where({ portfolio_id: portfolioId }).count();
  const assets = Math.max(1, Number(only(counted).count));
  return {
    limit: Math.max(1, Math.min(limit, Math.floor(ROWS_OF_ALL / assets))),
    matches: Math.floor(MATCHES / assets),
  };
}

export const explainPnl = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/explain',
  id: 'explainPnl',
  tag: 'pnl',
  summary: 'What realised and unrealised PnL are made of',
  description:
    'For one asset or each: the lots behind the unrealised PnL, the disposals (with the lots they came from) behind the realised one, and the acquisitions. The newest `limit` of each list, oldest first; lists and `earlier` add up to the figures exactly, and so do the assets to the totals. The lots of a disposal that do not fit in are summed up in its `unlisted`.',
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
      items: z.array(explanationSchema).describe('One item for each asset, in alphabetical order.'),
      warnings,
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
    const states = byAsset(explainers.map((each) => each.state()));
    const present = market.of(terms.simulated);
    const marked = prepareMarking(states, terms, present.index)((symbol) => present.price(symbol)).holdings;
    const marks = new Map(marked.map((holding) => [holding.state.asset, holding.mark]));
    const items: ExplanationBody[] = [];
    const slice = new TimeSlice();
    for (const each of explainers) {
      items.push(await inSlices(each.body(marks.get(each.state().asset) ?? null), slice));
      if (slice.isOver) await slice.next();
    }
    items.sort((a, b) => (a.asset < b.asset ? -1 : 1));
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
