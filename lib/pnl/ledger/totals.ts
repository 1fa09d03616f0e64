import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { AssetState } from './asset-state.ts';
import type { PortfolioTerms } from './entry.ts';
import { minus, plus } from '../../money/unknown.ts';

/** The totals of a portfolio's ledger, independent of prices. Base currency; `null` without a rate. */
export interface LedgerTotals {
  cash: Fixed;
  /** The cost of coins; cash has no cost. */
  costBasis: Fixed | null;
  /** External money and coins, inflows minus outflows, at their value at the time. */
  contributions: Fixed | null;
  /** The inflows alone. */
  inflows: Fixed | null;
  /** Gain transferred to other portfolios along with lots, minus gain received with them. */
  transferred: Fixed | null;
  realisedGross: Fixed | null;
  realisedNet: Fixed | null;
  fees: Fixed | null;
  income: Fixed | null;
}

/** Totals including market values. Exactly: totalPnl = realisedNet + unrealised + income + transferred. */
export interface Totals extends LedgerTotals {
  marketValue: Fixed | null;
  equity: Fixed | null;
  unrealised: Fixed | null;
  totalPnl: Fixed | null;
}

/** Totals at an instant, epoch milliseconds. */
export interface TotalsAt extends Totals {
  time: number;
}

export function ledgerTotals(states: Iterable<AssetState>, terms: PortfolioTerms): LedgerTotals {
  const totals: LedgerTotals = {
    cash: ZERO,
    costBasis: ZERO,
    contributions: ZERO,
    inflows: ZERO,
    transferred: ZERO,
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
    totals.transferred = plus(totals.transferred, unknown.transferred ? null : state.transferred);
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
  // Field by field: this runs for every event, and a spread is ten times slower.
  return {
    cash: ledger.cash,
    costBasis: ledger.costBasis,
    contributions: ledger.contributions,
    inflows: ledger.inflows,
    transferred: ledger.transferred,
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
 * Whether nothing was paid for the holding, as for rewards without a price. Without a price, such a holding can be left
 * out of equity: no gain or loss results from that.
 */
export function isCostless({ openUncosted, costBasis }: AssetState): boolean {
  return openUncosted === 0 && costBasis === ZERO;
}

/** Cost of the holding, buy fees included; `null` if one of its purchases has no rate. */
export function knownCost(state: AssetState): Fixed | null {
  return state.openUncosted > 0 ? null : state.costBasis;
}

/** Price per unit before fees; `null` if one of the purchases has no rate, or nothing is held. */
export function knownAveragePrice(state: AssetState): Fixed | null {
  return state.openUnpriced > 0 || state.quantity === ZERO ? null : state.averagePrice;
}
