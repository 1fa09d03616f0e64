import { decimal, ZERO } from '../../money/money.ts';
import type { AssetState, Note } from '../ledger/asset-state.ts';
import type { PortfolioTerms } from '../ledger/entry.ts';
import { isLeftOut, type MarkedHolding } from './marking.ts';
import { PRICE_HELP } from './price-help.ts';
import { unvaluedWarning, unvaluedWarnings } from './unvalued.ts';
import type { Warning } from '../../schemas/warning-schema.ts';

/** Warnings that follow from the ledger alone. */
export function ledgerWarnings(states: Iterable<AssetState>, terms: PortfolioTerms): Warning[] {
  const warnings: Warning[] = [];
  for (const state of states) {
    const { asset, oversold, unmatched, unrated } = state;
    if (asset === terms.baseCurrency && state.quantity < ZERO) {
      const detail = `More ${asset} was spent than the ledger has: book the deposits that are missing.`;
      warnings.push({ code: 'cash-negative', detail, asset });
    }
    if (oversold.count > 0) {
      const detail = `More ${asset} was sold than was held: the rest counts as transferred in at the sale price.`;
      warnings.push({ code: 'oversold', detail, asset, ...named(oversold) });
    }
    if (unmatched.count > 0) {
      const detail = `Withdrawals of ${asset} count as sold at their value then: join each with the deposit that it arrived as, or confirm that it has left for good.`;
      warnings.push({ code: 'unmatched-withdrawal', detail, asset, ...named(unmatched) });
    }
    const figures = unknownFigures(state);
    if (figures.length > 0) {
      const detail = `Entries of ${asset} have no rate to ${terms.baseCurrency}: what depends on them is not known.`;
      warnings.push({ code: 'missing-rate', detail, asset, ...named(unrated), figures });
    }
    warnings.push(...unvaluedWarnings([state], terms.baseCurrency));
  }
  return warnings;
}

/** Warnings that follow from prices: none for assets that are not held. */
export function priceWarning(marked: MarkedHolding, terms: PortfolioTerms): Warning | null {
  const { state, mark, quoted } = marked;
  const { asset } = state;
  if (state.quantity === ZERO) return null;
  if (isLeftOut(marked)) {
    const body = { what: 'holding', asset, quantity: decimal(state.quantity) } as const;
    return unvaluedWarning(body, terms.baseCurrency);
  }
  if (mark === null) {
    const figures = ['markPrice', 'marketValue', 'equity', 'unrealizedPnl', 'totalPnl', 'weight'];
    return quoted
      ? {
          code: 'missing-price',
          detail: `${asset} is quoted but has no price yet. ${PRICE_HELP}`,
          asset,
          figures,
        }
      : {
          code: 'missing-rate',
          detail: `No symbol leads from ${asset} to ${terms.baseCurrency}.`,
          asset,
          figures,
        };
  }
  if (!mark.stale && !mark.isAged) return null;
  const since = new Date(mark.time ?? 0).toISOString();
  const detail = mark.stale
    ? `${asset} is valued at the portfolio's own fill of ${since}.`
    : `${asset} is valued at the price of ${since}: no current one is known.`;
  return { code: 'stale-price', detail, asset };
}

function named(note: Note): { entries: string[]; count: number } {
  return { entries: [...note.entries], count: note.count };
}

function unknownFigures(state: AssetState): string[] {
  const { unknown } = state;
  const figures: [string, boolean][] = [
    ['costBasis', state.openUncosted > 0],
    ['unrealizedPnl', state.openUncosted > 0],
    ['averagePrice', state.openUnpriced > 0],
    ['realizedPnl.gross', unknown.realisedGross],
    ['realizedPnl.net', unknown.realisedNet],
    ['fees', unknown.fees],
    ['income', unknown.income],
    ['netContributions', unknown.contributions],
    ['transferredPnl', unknown.transferred],
    ['totalPnl', unknown.contributions],
  ];
  return figures.filter(([, isUnknown]) => isUnknown).map(([name]) => name);
}
