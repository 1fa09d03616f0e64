import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../lib/pnl/entry.ts';
import { isAdditive, legsOf, type CashLeg, type Leg } from '../lib/pnl/leg.ts';
import {
  decodeState,
  emptyState,
  foldLegs,
  unfoldCash,
  type AssetState,
  type StateJson,
} from '../lib/pnl/position.ts';
import { problem } from '../lib/problem.ts';
import type { Database } from './database.ts';
import { entriesTouching } from './entries.ts';
import { isCurrent, loadStates, saveStates } from './states.ts';

/** The state of every asset of a portfolio, and the ledger version it is the state of. */
export interface Positions {
  version: number;
  terms: PortfolioTerms;
  /** In order of asset. */
  states: AssetState[];
}

/**
 * Version, terms and states as of one instant: read by one statement. States left by another version of the program
 * are made anew first.
 * @throws Problem `not-found`
 */
export async function loadPositions(db: Database, portfolioId: string): Promise<Positions> {
  const rows: {
    version: number;
    base_currency: string;
    cost_method: PortfolioTerms['costMethod'];
    cash_mode: PortfolioTerms['cashMode'];
    state: StateJson | null;
  }[] = await db('portfolios as p')
    .leftJoin('positions as s', function () {
      this.on('s.portfolio_id', 'p.id').andOn('s.cost_method', 'p.cost_method');
    })
    .where('p.id', portfolioId)
    .orderByRaw('s.asset collate "C"')
    .select('p.version', 'p.base_currency', 'p.cost_method', 'p.cash_mode', 's.state');
  const [first] = rows;
  if (first === undefined) throw problem('not-found', { detail: 'there is no such portfolio' });
  const terms: PortfolioTerms = {
    baseCurrency: first.base_currency,
    costMethod: first.cost_method,
    cashMode: first.cash_mode,
  };
  const states = rows.flatMap(({ state }) => (state === null ? [] : [state]));
  if (states.every(isCurrent)) return { version: first.version, terms, states: states.map(decodeState) };
  return await db.transaction(async (trx) => {
    await trx('portfolios').where({ id: portfolioId }).forUpdate().first('id');
    await refoldAll(trx, portfolioId, terms);
    return await loadPositions(trx, portfolioId);
  });
}

/**
 * Brings positions up to entries that were added to and removed from the ledger (a change is both). What comes at the
 * end of an asset's history is appended to its state; anything else restates that asset from the ledger.
 * @param trx holds the portfolio's lock, and has the entries in or out of the table already
 */
export async function applyEntries(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  { added, removed }: { added: readonly LedgerEntry[]; removed: readonly LedgerEntry[] },
): Promise<void> {
  const gone = legsByAsset(removed, terms);
  const fresh = legsByAsset(added, terms);
  const assets = [...new Set([...gone.keys(), ...fresh.keys()])];
  const { states, outdated } = await loadStates(trx, portfolioId, terms, assets);
  const next: AssetState[] = [];
  for (const asset of assets) {
    const state = states.get(asset) ?? emptyState(asset);
    const out = gone.get(asset) ?? [];
    const legs = fresh.get(asset) ?? [];
    const appended = outdated.has(asset) ? null : append(state, legs, out, terms);
    next.push(appended ?? (await refold(trx, portfolioId, terms, asset)));
  }
  await saveStates(trx, portfolioId, terms, next);
}

/** `null` if it takes more than the state to know. */
function append(
  state: AssetState,
  added: readonly Leg[],
  removed: readonly Leg[],
  terms: PortfolioTerms,
): AssetState | null {
  if (isAdditive(state.asset, terms)) {
    return foldLegs(unfoldCash(state, removed.filter(isCash)), added, terms.costMethod);
  }
  const [first] = added;
  const follows = first === undefined || state.last === null || compareOrder(first, state.last) > 0;
  return follows && removed.length === 0 ? foldLegs(state, added, terms.costMethod) : null;
}

function isCash(leg: Leg): leg is CashLeg {
  return leg.kind === 'cash';
}

const CHUNK = 5_000;

/**
 * One asset folded from the ledger, from a state on: from nothing, or from any earlier state of the same asset, whose
 * `last` says where to go on.
 */
export async function refold(
  db: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  asset: string,
  from: AssetState = emptyState(asset),
): Promise<AssetState> {
  let state = from;
  for await (const entries of chunks(db, portfolioId, asset, from.last)) {
    state = foldLegs(state, legsByAsset(entries, terms).get(asset) ?? [], terms.costMethod);
  }
  return state;
}

/**
 * Restates every position of a portfolio from its ledger: after new terms, or to check.
 * @param trx holds the portfolio's lock
 */
export async function refoldAll(trx: Database, portfolioId: string, terms: PortfolioTerms): Promise<void> {
  const states = new Map<string, AssetState>();
  for await (const entries of chunks(trx, portfolioId, null, null)) {
    for (const [asset, legs] of legsByAsset(entries, terms)) {
      states.set(asset, foldLegs(states.get(asset) ?? emptyState(asset), legs, terms.costMethod));
    }
  }
  await trx('positions').where({ portfolio_id: portfolioId }).delete();
  await saveStates(trx, portfolioId, terms, [...states.values()]);
}

async function* chunks(
  db: Database,
  portfolioId: string,
  asset: string | null,
  from: AssetState['last'],
): AsyncGenerator<LedgerEntry[], void, undefined> {
  let after = from;
  for (;;) {
    const entries: LedgerEntry[] = await entriesTouching(db, portfolioId, asset, after, CHUNK);
    yield entries;
    const last = entries.at(-1);
    if (last === undefined || entries.length < CHUNK) return;
    after = last;
  }
}

/** In ledger order, whatever order the entries come in. */
function legsByAsset(entries: readonly LedgerEntry[], terms: PortfolioTerms): Map<string, Leg[]> {
  const legs = new Map<string, Leg[]>();
  for (const leg of entries.toSorted(compareOrder).flatMap((entry) => legsOf(entry, terms))) {
    const ofAsset = legs.get(leg.asset);
    if (ofAsset) ofAsset.push(leg);
    else legs.set(leg.asset, [leg]);
  }
  return legs;
}
