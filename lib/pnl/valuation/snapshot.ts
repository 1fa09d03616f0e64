import type { Fixed } from '../../money/money.ts';
import { decimal, decimalOrNull } from '../../money/money.ts';
import type { AssetState } from '../ledger/asset-state.ts';
import { byAsset } from '../ledger/asset-state.ts';
import type { PortfolioTerms } from '../ledger/entry.ts';
import { prepareHoldings } from './holding-body.ts';
import { ledgerWarnings, priceWarning } from './ledger-warnings.ts';
import { prepareMarking } from './marking.ts';
import { ratio } from '../../money/ratio.ts';
import type { LedgerTotals, Totals } from '../ledger/totals.ts';
import { ledgerTotals } from '../ledger/totals.ts';
import { minus, plus } from '../../money/unknown.ts';
import type { HoldingBody } from '../../schemas/holding-schema.ts';
import type { PnlBody } from '../../schemas/pnl-schema.ts';
import { unvaluedAmounts, unvaluedHoldings } from './unvalued.ts';
import type { PriceSource, SymbolIndex } from './valuation.ts';

/** The portfolio at the beginning of the day: `totalsAt` for the states and prices of that instant. */
export type DayStart = Pick<Totals, 'equity' | 'contributions' | 'inflows'>;

export interface LedgerInput {
  portfolioId: string;
  terms: PortfolioTerms;
  /** One for every asset in the ledger. */
  states: Iterable<AssetState>;
  symbols: SymbolIndex;
}

export interface InstantInput {
  prices: PriceSource;
  /** Epoch milliseconds. */
  asOf: number;
  position: string;
  /** `null`: not known. */
  dayStart: DayStart | null;
}

export interface Snapshot {
  pnl: PnlBody;
  /** Built on demand: the holdings are published less often than the totals. */
  holdings: (options?: { includeClosed?: boolean }) => HoldingBody[];
}

/** For one version of a ledger: what prices do not change is computed once. */
export function prepareSnapshot(input: LedgerInput): (instant: InstantInput) => Snapshot {
  const { portfolioId, terms, symbols } = input;
  const states = byAsset(input.states);
  const mark = prepareMarking(states, terms, symbols);
  const holdingsOf = prepareHoldings(terms);
  const known = ledgerWarnings(states, terms);
  const amounts = unvaluedAmounts(states);
  const text = ledgerText(ledgerTotals(states, terms));
  return ({ prices, asOf, position, dayStart }) => {
    const { holdings, totals } = mark(prices);
    const warnings = [...known];
    for (const marked of holdings) {
      const warning = priceWarning(marked, terms);
      if (warning !== null) warnings.push(warning);
    }
    const undefinedRates: string[] = [];
    const unrealizedRate = rate(totals.unrealised, totals.costBasis, 'unrealizedRate', undefinedRates);
    const day = dayOf(totals, dayStart, undefinedRates);
    if (dayStart === null || dayStart.equity === null || dayStart.contributions === null) {
      const detail = 'The value of the portfolio at the start of the day is not known.';
      const figures = ['day.start', 'day.pnl', 'day.rate'];
      warnings.push({ code: 'missing-history', detail, figures });
    }
    if (undefinedRates.length > 0) {
      const detail = 'Nothing is invested that a rate could refer to.';
      warnings.push({ code: 'undefined-rate', detail, figures: undefinedRates });
    }
    const pnl: PnlBody = {
      portfolioId,
      asOf: new Date(asOf).toISOString(),
      position,
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      equity: decimalOrNull(totals.equity),
      cash: text.cash,
      marketValue: decimalOrNull(totals.marketValue),
      costBasis: text.costBasis,
      netContributions: text.contributions,
      unrealizedPnl: decimalOrNull(totals.unrealised),
      unrealizedRate,
      realizedPnl: { gross: text.realisedGross, net: text.realisedNet },
      fees: text.fees,
      income: text.income,
      transferredPnl: text.transferred,
      totalPnl: decimalOrNull(totals.totalPnl),
      day,
      unvalued: [...unvaluedHoldings(holdings), ...amounts],
      warnings,
    };
    return { pnl, holdings: (options) => holdingsOf(holdings, totals.equity, options) };
  };
}

/** The parts that no price changes, as text. */
function ledgerText(
  ledger: LedgerTotals,
): Record<keyof Omit<LedgerTotals, 'cash'>, string | null> & { cash: string } {
  return {
    cash: decimal(ledger.cash),
    costBasis: decimalOrNull(ledger.costBasis),
    contributions: decimalOrNull(ledger.contributions),
    inflows: decimalOrNull(ledger.inflows),
    transferred: decimalOrNull(ledger.transferred),
    realisedGross: decimalOrNull(ledger.realisedGross),
    realisedNet: decimalOrNull(ledger.realisedNet),
    fees: decimalOrNull(ledger.fees),
    income: decimalOrNull(ledger.income),
  };
}

/** `prepareSnapshot` for a single instant. */
export function snapshot(input: LedgerInput & InstantInput & { includeClosed?: boolean }): {
  pnl: PnlBody;
  holdings: HoldingBody[];
} {
  const { pnl, holdings } = prepareSnapshot(input)(input);
  return { pnl, holdings: holdings({ includeClosed: input.includeClosed ?? false }) };
}

/**
 * Day PnL is the gain in equity minus what was paid in; its rate is relative to the initial equity plus the day's
 * inflows.
 */
function dayOf(totals: Totals, start: DayStart | null, undefinedRates: string[]): PnlBody['day'] {
  if (start === null || start.equity === null || start.contributions === null) {
    return { start: null, pnl: null, rate: null };
  }
  const pnl = minus(minus(totals.equity, start.equity), minus(totals.contributions, start.contributions));
  const employed = plus(start.equity, minus(totals.inflows, start.inflows));
  return {
    start: decimal(start.equity),
    pnl: decimalOrNull(pnl),
    rate: rate(pnl, employed, 'day.rate', undefinedRates),
  };
}

/** A rate whose base is zero is undefined, and listed as such. */
function rate(
  part: Fixed | null,
  whole: Fixed | null,
  figure: string,
  undefinedRates: string[],
): string | null {
  const text = ratio(part, whole);
  if (text === null && part !== null && whole !== null) undefinedRates.push(figure);
  return text;
}
