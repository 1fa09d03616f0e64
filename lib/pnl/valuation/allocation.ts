import { decimalOrNull, fixed, ZERO, type Fixed } from '../../money/money.ts';
import { splitSymbol } from '../../symbol.ts';
import { ratio } from '../../money/ratio.ts';
import { plus } from '../../money/unknown.ts';
import type { AllocationBody, ShareBody } from '../../schemas/allocation-schema.ts';
import type { HoldingBody } from '../../schemas/holding-schema.ts';

function valueOf({ marketValue }: HoldingBody): Fixed | null {
  return marketValue === null ? null : fixed(marketValue);
}

function quoteOf({ asset, symbol }: HoldingBody, baseCurrency: string): string {
  if (symbol === null) return baseCurrency;
  const { base, quote } = splitSymbol(symbol);
  return base === asset ? quote : base;
}

function byValue(a: Fixed | null, b: Fixed | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a > b ? -1 : 1;
}

/**
 * How equity is distributed over the holdings.
 * @param holdings all of them, cash included, sorted by asset
 */
export function allocationOf(
  holdings: readonly HoldingBody[],
  { equity: equityText, baseCurrency }: { equity: string | null; baseCurrency: string },
): AllocationBody {
  const equity = equityText === null ? null : fixed(equityText);
  const unknown = equity === null ? null : ZERO;
  const shareOf = (value: Fixed | null): ShareBody => ({
    marketValue: decimalOrNull(value),
    weight: ratio(value, equity),
  });
  const sorted = holdings
    .map((holding) => ({ holding, value: valueOf(holding) }))
    .sort((a, b) => byValue(a.value, b.value));
  const quotes = new Map<string, { assets: string[]; value: Fixed | null }>();
  const kinds: Record<'cash' | 'coins', Fixed | null> = { cash: ZERO, coins: ZERO };
  for (const { holding, value } of sorted) {
    const kind = holding.asset === baseCurrency ? 'cash' : 'coins';
    const share = value ?? unknown;
    kinds[kind] = plus(kinds[kind], share);
    const name = quoteOf(holding, baseCurrency);
    const quote = quotes.get(name) ?? { assets: [], value: ZERO };
    quote.assets.push(holding.asset);
    quotes.set(name, { assets: quote.assets, value: plus(quote.value, share) });
  }
  return {
    byAsset: sorted.map(({ holding, value }) => ({ asset: holding.asset, ...shareOf(value) })),
    byQuote: [...quotes]
      .sort(([nameA, a], [nameB, b]) => byValue(a.value, b.value) || (nameA < nameB ? -1 : 1))
      .map(([quote, { assets, value }]) => ({ quote, assets, ...shareOf(value) })),
    byKind: (['cash', 'coins'] as const).map((kind) => ({ kind, ...shareOf(kinds[kind]) })),
  };
}
