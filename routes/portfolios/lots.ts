import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../db/connection/page-cursor.ts';
import { pageOf } from '../../db/connection/list-page.ts';
import { positionsAt } from '../../db/ledger/past-states.ts';
import { type OpenLotBody, openLots } from '../../lib/pnl/valuation/open-lots.ts';
import { listLots as lotsInOrder } from '../../lib/pnl/ledger/lot.ts';
import { type Mark, prepareMarking } from '../../lib/pnl/valuation/marking.ts';
import type { AssetState } from '../../lib/pnl/ledger/position.ts';
import { positionOf } from '../../streams/portfolio/ledger-position.ts';
import { ledgerWarnings, priceWarning } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import * as figure from './figure-fields.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';

export const lotFields = {
  entryId: z
    .union([field.id, z.null()])
    .describe('Id of the purchase; `null` under `average`, where everything held is one pool.'),
  time: field.timestamp.describe(
    'When it was bought; under `average`, when the present holding was started.',
  ),
  quantity: field.decimal.describe('How much of `bought` is still held, in units of the asset.'),
  bought: field.decimalOrNull.describe('How much was bought, in units of the asset; `null` under `average`.'),
  unitCost: field.decimalOrNull.describe(
    'Base currency per unit, fees included; `null` if a rate is missing.',
  ),
  costBasis: figure.costBasis,
  marketValue: figure.marketValue,
  unrealizedPnl: figure.unrealizedPnl,
};

const lotSchema = z
  .object({ asset: field.asset.describe('The asset bought.'), ...lotFields })
  .meta({ id: 'Lot', description: 'A purchase, or what is left of it.' });

/** The 400 for an asset that must be one of the ledger's. */
export function assertKnownAsset(asset: string | undefined, known: boolean, baseCurrency: string): void {
  if (asset === undefined) return;
  if (asset === baseCurrency) {
    throw queryProblem({
      parameter: 'asset',
      detail: 'is the base currency, which has no cost and so no PnL',
    });
  }
  if (!known) throw queryProblem({ parameter: 'asset', detail: 'is not in the ledger of this portfolio' });
}

type NumberedLot = OpenLotBody & { asset: string; seq: number };

function numberedLots(state: AssetState, mark: Mark | null): NumberedLot[] {
  const { asset } = state;
  const numbers = lotsInOrder(state.lots).map(({ seq }) => seq);
  return openLots(state, mark).map((lot, index) => ({ asset, ...lot, seq: numbers[index] ?? 0 }));
}

export const listLots = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/lots',
  id: 'listLots',
  tag: 'pnl',
  summary: 'Open lots: the purchases behind the holdings',
  description:
    'By asset, oldest first. They add up to the holdings exactly: quantity, cost basis, market value and unrealised PnL.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    asset: field.asset.optional().describe('Only lots of this asset; all assets if omitted.'),
    costMethod: figure.costMethod,
    limit: field.limit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field
    .listOf(lotSchema)
    .extend({
      portfolioId: field.portfolioId,
      position: figure.position,
      baseCurrency: figure.baseCurrency,
      costMethod: figure.usedCostMethod,
      warnings: field.warnings,
    })
    .meta({ id: 'LotList', description: 'One page of the open lots of a portfolio.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, market, timeline } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const positions = await positionsAt(db, portfolio.id, null, query.costMethod);
    const { terms, version } = positions;
    const states = positions.states.filter(
      ({ asset }) => asset !== terms.baseCurrency && (query.asset === undefined || asset === query.asset),
    );
    assertKnownAsset(query.asset, states.length > 0, terms.baseCurrency);
    const marked = prepareMarking(states, terms, market.index)((symbol) => market.price(symbol)).holdings;
    // A number of purchase stays with its lot, whatever is sold between two pages.
    const [asset, seq] = query.cursor ? decodeCursor(query.cursor, ['text', 'number']) : ['', 0];
    const rest = marked
      .filter(({ state }) => state.asset >= asset)
      .flatMap(({ state, mark }) => numberedLots(state, mark))
      .filter((lot) => lot.asset > asset || lot.seq > seq);
    const page = pageOf(rest, query.limit, (last) => encodeCursor([last.asset, last.seq]));
    const warnings = ledgerWarnings(states, terms);
    for (const holding of marked) {
      const warning = priceWarning(holding, terms);
      if (warning !== null) warnings.push(warning);
    }
    return {
      portfolioId: portfolio.id,
      position: positionOf(version, market.position, timeline),
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      items: page.items.map(({ seq: _seq, ...lot }) => lot),
      nextCursor: page.nextCursor,
      warnings,
    };
  },
});
