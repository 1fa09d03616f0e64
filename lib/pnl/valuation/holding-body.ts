import type { Fixed } from '../../money/money.ts';
import { ZERO, decimal, decimalOrNull } from '../../money/money.ts';
import type { PortfolioTerms } from '../ledger/entry.ts';
import type { MarkedHolding } from './marking.ts';
import { ratio } from '../../money/ratio.ts';
import { knownAveragePrice, knownCost } from '../ledger/totals.ts';
import { minus } from '../../money/unknown.ts';

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

/** Everything but what depends on the other holdings. */
type OwnBody = Omit<HoldingBody, 'weight'>;

/**
 * Bodies of marked holdings. The text of one is made again only when its marking is another object, which it is when
 * its price has changed.
 */
export function prepareHoldings(
  terms: PortfolioTerms,
): (
  holdings: readonly MarkedHolding[],
  equity: Fixed | null,
  options?: { includeClosed?: boolean },
) => HoldingBody[] {
  const made = new WeakMap<MarkedHolding, OwnBody>();
  const ownBody = (marked: MarkedHolding): OwnBody => {
    const known = made.get(marked);
    if (known !== undefined) return known;
    const body = bodyOf(marked, terms);
    made.set(marked, body);
    return body;
  };
  return (holdings, equity, options = {}) =>
    holdings
      .filter(({ state }) => state.quantity !== ZERO || options.includeClosed === true)
      .map((marked) => withWeight(ownBody(marked), ratio(marked.value, equity)));
}

function bodyOf({ state, mark, value }: MarkedHolding, terms: PortfolioTerms): OwnBody {
  const { asset, unknown } = state;
  const isCash = asset === terms.baseCurrency;
  const cost = knownCost(state);
  const unrealised = minus(value, cost);
  const fallback = isCash ? null : `${asset}/${terms.baseCurrency}`;
  return {
    asset,
    symbol: mark?.path[0] ?? fallback,
    quantity: decimal(state.quantity),
    averagePrice: isCash ? '1' : decimalOrNull(knownAveragePrice(state)),
    costBasis: decimalOrNull(cost),
    markPrice: mark === null ? null : decimal(mark.rate),
    markTime: mark === null || mark.time === null ? null : new Date(mark.time).toISOString(),
    path: mark?.path ?? [],
    marketValue: decimalOrNull(value),
    unrealizedPnl: decimalOrNull(unrealised),
    unrealizedRate: ratio(unrealised, cost),
    realizedPnl: {
      gross: unknown.realisedGross ? null : decimal(state.realisedGross),
      net: unknown.realisedNet ? null : decimal(state.realisedNet),
    },
  };
}

/** In the order of the API, field by field because that is many times faster than a spread. */
function withWeight(body: OwnBody, weight: string | null): HoldingBody {
  return {
    asset: body.asset,
    symbol: body.symbol,
    quantity: body.quantity,
    averagePrice: body.averagePrice,
    costBasis: body.costBasis,
    markPrice: body.markPrice,
    markTime: body.markTime,
    path: body.path,
    marketValue: body.marketValue,
    weight,
    unrealizedPnl: body.unrealizedPnl,
    unrealizedRate: body.unrealizedRate,
    realizedPnl: body.realizedPnl,
  };
}
