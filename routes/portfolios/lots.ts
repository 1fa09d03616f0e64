import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../db/connection/page-cursor.ts';
import { pageOf } from '../../db/connection/list-page.ts';
import { positionsAt } from '../../db/ledger/positions/past-states.ts';
import { openLots } from '../../lib/pnl/valuation/open-lots.ts';
import { type Lot, lotsByAge } from '../../lib/pnl/ledger/lot.ts';
import { inSlices } from '../../lib/async/time-slice.ts';
import { type Mark, prepareMarking } from '../../lib/pnl/valuation/marking.ts';
import type { AssetState } from '../../lib/pnl/ledger/position.ts';
import { positionOf } from '../../streams/portfolio/ledger-position.ts';
import { ledgerWarnings, priceWarning } from '../../lib/pnl/valuation/ledger-warnings.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { openLot, type OpenLotBody } from '../../lib/schemas/lot-schema.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';

const lotSchema = z
  .object({ asset: field.asset.describe('The asset bought.'), ...openLot.shape })
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

type Age = readonly [time: number, seq: number];
type NumberedLot = OpenLotBody & { asset: string; age: Age };

const POOL_AGE: Age = [0, 0];
/** Older than any purchase. */
const NOTHING: Age = [Number.NEGATIVE_INFINITY, 0];

/** Open lots of an asset behind the purchase `after`, at most `count`. */
async function numberedLots(
  state: AssetState,
  mark: Mark | null,
  after: Age,
  count: number,
): Promise<NumberedLot[]> {
  const { asset } = state;
  const lots = await inSlices(lotsByAge(state.lots));
  const next = lots.findIndex((lot) => isYounger(ageOf(lot), after));
  // The pool of an average has no purchases: it is as old as the beginning.
  const from = next >= 0 ? next : lots.length > 0 ? lots.length : isYounger(POOL_AGE, after) ? 0 : 1;
  return openLots(state, mark, lots, { from, count }).map((lot, index) => ({
    asset,
    ...lot,
    age: ageOf(lots[from + index]),
  }));
}

function ageOf(lot: Lot | undefined): Age {
  return lot === undefined ? POOL_AGE : [lot.time, lot.seq];
}

function isYounger(a: Age, b: Age): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
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
      warnings,
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
    const present = market.of(terms.simulated);
    const marked = prepareMarking(states, terms, present.index)((symbol) => present.price(symbol)).holdings;
    // Time and number of a purchase stay with its lot, whatever is sold between two pages.
    const [asset, ...age] = query.cursor
      ? decodeCursor(query.cursor, ['text', 'number', 'number'])
      : (['', ...NOTHING] as const);
    const rest: NumberedLot[] = [];
    // One more than a page holds, and no more: there may be very many.
    for (const { state, mark } of marked.filter((each) => each.state.asset >= asset)) {
      const count = query.limit + 1 - rest.length;
      const after = state.asset === asset ? age : NOTHING;
      if (count > 0) rest.push(...(await numberedLots(state, mark, after, count)));
    }
    const page = pageOf(rest, query.limit, (last) => encodeCursor([last.asset, ...last.age]));
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
      items: page.items.map(({ age: _age, ...lot }) => lot),
      nextCursor: page.nextCursor,
      warnings,
    };
  },
});
