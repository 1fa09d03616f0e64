import { ZERO } from '../../../lib/money/money.ts';
import type { PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { decodeState, type AssetState, type StateJson } from '../../../lib/pnl/ledger/position.ts';
import { problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { heapInSlices } from './lot-heap.ts';
import { eachOpenLot, isLotMethod } from './lots.ts';
import { restateOutdated } from './refold.ts';
import { isCurrent } from './states.ts';

/** The state of every asset of a portfolio, and the ledger version it is the state of. */
export interface Positions {
  version: number;
  terms: PortfolioTerms;
  /** IANA name. */
  timeZone: string;
  /** When the portfolio or its ledger was last changed, epoch milliseconds. */
  updatedAt: number;
  /** In order of asset. Their `lots` are `null` unless asked for: valuing needs none, and there can be many. */
  states: AssetState[];
}

/**
 * Version, terms and states as of one instant: read by one statement. States left by another version of the program
 * are made anew first.
 * @param options.lots with the open lots: to fold on from the states, or to compare them
 * @throws Problem `not-found`
 */
export async function loadPositions(
  db: Database,
  portfolioId: string,
  options: { lots?: boolean } = {},
): Promise<Positions> {
  const rows: {
    version: number;
    base_currency: string;
    cost_method: PortfolioTerms['costMethod'];
    cash_mode: PortfolioTerms['cashMode'];
    simulated: boolean;
    time_zone: string;
    updated_at: number;
    state: StateJson | null;
  }[] = await db('portfolios as p')
    .leftJoin('positions as s', function () {
      this.on('s.portfolio_id', 'p.id').andOn('s.cost_method', 'p.cost_method');
    })
    .where('p.id', portfolioId)
    .orderByRaw('s.asset collate "C"')
    .select(
      'p.version',
      'p.base_currency',
      'p.cost_method',
      'p.cash_mode',
      'p.simulated',
      'p.time_zone',
      'p.updated_at',
      's.state',
    );
  const [first] = rows;
  if (first === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  const terms: PortfolioTerms = {
    baseCurrency: first.base_currency,
    costMethod: first.cost_method,
    cashMode: first.cash_mode,
    simulated: first.simulated,
  };
  const stored = rows.flatMap(({ state }) => (state === null ? [] : [state]));
  if (!stored.every(isCurrent)) {
    await restateOutdated(db, portfolioId, terms);
    return await loadPositions(db, portfolioId, options);
  }
  const states = stored.map(decodeState);
  return {
    version: first.version,
    terms,
    timeZone: first.time_zone,
    updatedAt: first.updated_at,
    states: options.lots === true ? await withLots(db, portfolioId, states) : states,
  };
}

/** The states with their open lots. Several statements: consistent within a transaction only. */
export async function withLots(
  db: Database,
  portfolioId: string,
  states: readonly AssetState[],
): Promise<AssetState[]> {
  const whole: AssetState[] = [];
  for (const state of states) {
    const { asset, method } = state;
    if (method === null || !isLotMethod(method) || state.quantity === ZERO) whole.push(state);
    else {
      const lots = eachOpenLot(db, { portfolioId, costMethod: method, asset });
      whole.push({ ...state, lots: await heapInSlices(method, lots) });
    }
  }
  return whole;
}
