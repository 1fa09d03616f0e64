import type { Fixed } from '../money.ts';
import { ZERO, decimal, decimalOrNull } from '../money.ts';
import type { AssetState } from './asset-state.ts';
import type { PortfolioTerms } from './entry.ts';
import type { MarkedHolding } from './marking.ts';
import { ratio } from './ratio.ts';
import { knownAveragePrice, knownCost } from './totals.ts';
import { minus } from './unknown.ts';

/** Item of `GET …/holdings` and of the `holdings:<id>` event. Decimals as text, `null` for what is not known. */
export interface HoldingBody {
  asset: string;
  /** The symbol to watch for its price: the first of `path`; `null` for the base currency. */
  symbol: string | null;
  quantity: string;
  /** Fee-free, in base currency per unit. */
  averagePrice: string | null;
  costBasis: string | null;
  /** In base currency per unit. */
  markPrice: string | null;
  /** ISO 8601; `null` for the base currency, which needs no price. */
  markTime: string | null;
  /** The symbols the mark came through. */
  path: string[];
  marketValue: string | null;
  /** Share of equity; `null` when equity is not known or not positive. */
  weight: string | null;
  unrealizedPnl: string | null;
  unrealizedRate: string | null;
  realizedPnl: { gross: string | null; net: string | null };
}

type Kept = Pick<HoldingBody, 'asset' | 'quantity' | 'averagePrice' | 'costBasis' | 'realizedPnl'>;

/** Bodies of marked holdings; the text of what no price changes is made once. */
export function prepareHoldings(
  states: readonly AssetState[],
  terms: PortfolioTerms,
): (
  holdings: readonly MarkedHolding[],
  equity: Fixed | null,
  options?: { includeClosed?: boolean },
) => HoldingBody[] {
  const kept = new Map(states.map((state) => [state, keptOf(state, terms)]));
  return (holdings, equity, options = {}) =>
    holdings
      .filter(({ state }) => state.quantity !== ZERO || options.includeClosed === true)
      .map((marked) => {
        const fixedPart = kept.get(marked.state) ?? keptOf(marked.state, terms);
        return bodyOf(marked, fixedPart, equity, terms);
      });
}

function keptOf(state: AssetState, terms: PortfolioTerms): Kept {
  const { unknown } = state;
  const isCash = state.asset === terms.baseCurrency;
  return {
    asset: state.asset,
    quantity: decimal(state.quantity),
    averagePrice: isCash ? '1' : decimalOrNull(knownAveragePrice(state)),
    costBasis: decimalOrNull(knownCost(state)),
    realizedPnl: {
      gross: unknown.realisedGross ? null : decimal(state.realisedGross),
      net: unknown.realisedNet ? null : decimal(state.realisedNet),
    },
  };
}

function bodyOf(
  { state, mark, value }: MarkedHolding,
  { asset, quantity, averagePrice, costBasis, realizedPnl }: Kept,
  equity: Fixed | null,
  terms: PortfolioTerms,
): HoldingBody {
  const cost = knownCost(state);
  const unrealised = minus(value, cost);
  const fallback = asset === terms.baseCurrency ? null : `${asset}/${terms.baseCurrency}`;
  return {
    asset,
    symbol: mark?.path[0] ?? fallback,
    quantity,
    averagePrice,
    costBasis,
    markPrice: mark === null ? null : decimal(mark.rate),
    markTime: mark === null || mark.time === null ? null : new Date(mark.time).toISOString(),
    path: mark?.path ?? [],
    marketValue: decimalOrNull(value),
    weight: ratio(value, equity),
    unrealizedPnl: decimalOrNull(unrealised),
    unrealizedRate: ratio(unrealised, cost),
    realizedPnl,
  };
}
