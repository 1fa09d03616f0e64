import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { AssetState } from './asset-state.ts';
import type { PortfolioTerms } from './entry.ts';
import { minus, plus } from '../../money/unknown.ts';

/** What a portfolio's ledger adds up to, whatever the prices. Base currency; `null` for want of a rate. */
export interface LedgerTotals {
  cash: Fixed;
  /** Of the coins: cash costs nothing. */
  costBasis: Fixed | null;
  /** External money and coins in minus out, at their value then. */
  contributions: Fixed | null;
  /** The incoming part alone. */
  inflows: Fixed | null;
  realisedGross: Fixed | null;
  realisedNet: Fixed | null;
  fees: Fixed | null;
  income: Fixed | null;
}

/** The same at some prices. Exactly: totalPnl = realisedNet + unrealised + income. */
export interface Totals extends LedgerTotals {
  marketValue: Fixed | null;
  equity: Fixed | null;
  unrealised: Fixed | null;
  totalPnl: Fixed | null;
}

/** Totals of an instant, epoch milliseconds. */
export interface TotalsAt extends Totals {
  time: number;
}

export function ledgerTotals(states: Iterable<AssetState>, terms: PortfolioTerms): LedgerTotals {
  const totals: LedgerTotals = {
    cash: ZERO,
    costBasis: ZERO,
    contributions: ZERO,
    inflows: ZERO,
    realisedGross: ZERO,
    realisedNet: ZERO,
    fees: ZERO,
    income: ZERO,
  };
  for (const state of states) {
    const { unknown } = state;
    if (state.asset === terms.baseCurrency) totals.cash += state.quantity;
    else totals.costBasis = plus(totals.costBasis, knownCost(state));
    totals.contributions = plus(totals.contributions, unknown.contributions ? null : state.contributions);
    totals.inflows = plus(totals.inflows, unknown.contributions ? null : state.inflows);
    totals.realisedGross = plus(totals.realisedGross, unknown.realisedGross ? null : state.realisedGross);
    totals.realisedNet = plus(totals.realisedNet, unknown.realisedNet ? null : state.realisedNet);
    totals.fees = plus(totals.fees, unknown.fees ? null : state.fees);
    totals.income = plus(totals.income, unknown.income ? null : state.income);
  }
  return totals;
}

/** @param marketValue of the coins; `null` if one of them has no price */
export function totalsWith(ledger: LedgerTotals, marketValue: Fixed | null): Totals {
  const equity = plus(marketValue, ledger.cash);
  // Field by field: this is made for every event, and a spread costs ten times as much.
  return {
    cash: ledger.cash,
    costBasis: ledger.costBasis,
    contributions: ledger.contributions,
    inflows: ledger.inflows,
    realisedGross: ledger.realisedGross,
    realisedNet: ledger.realisedNet,
    fees: ledger.fees,
    income: ledger.income,
    marketValue,
    equity,
    unrealised: minus(marketValue, ledger.costBasis),
    totalPnl: minus(equity, ledger.contributions),
  };
}

/**
 * Whether nothing was paid for what is held, as for rewards that had no price. Without a price such a holding can be left
 * out of equity: no gain or loss comes of leaving it out.
 */
export function isCostless({ openUncosted, costBasis }: AssetState): boolean {
  return openUncosted === 0 && costBasis === ZERO;
}

/** Cost of what is held, buy fees included; `null` if a purchase among it has no rate. */
export function knownCost(state: AssetState): Fixed | null {
  return state.openUncosted > 0 ? null : state.costBasis;
}

/** Fee-free price per unit; `null` if a purchase among it has no rate, and when there is no holding to have one. */
export function knownAveragePrice(state: AssetState): Fixed | null {
  return state.openUnpriced > 0 || state.quantity === ZERO ? null : state.averagePrice;
}
