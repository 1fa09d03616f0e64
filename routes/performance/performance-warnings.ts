import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import { undefinedFigures } from '../../lib/pnl/performance/performance-body.ts';
import type { PerformanceBody } from '../../lib/schemas/performance-schema.ts';
import type { Warning } from '../../lib/schemas/warning-schema.ts';

const RETURNS = [
  'twr',
  'annualReturn',
  'simple',
  'xirr',
  'xirrRoots',
  'benchmark.excess',
  'benchmark.equity',
];
const RISK = ['volatility', 'sharpe', 'sortino', 'maxDrawdown', 'calmar'].map((name) => `risk.${name}`);
const COMPARED = ['beta', 'alpha', 'correlation', 'trackingError'].map((name) => `benchmark.${name}`);
/** Figures that are unknown without a price of the benchmark. */
export const COMPARISON = [...['return', 'equity', 'excess'].map((name) => `benchmark.${name}`), ...COMPARED];
const OF_FLOWS = ['pnl', ...RETURNS, ...RISK, ...COMPARED];
const OF_SALES = ['fees', 'turnover'].map((name) => `trades.${name}`);

/** The names of the figures that lack a price or a rate. */
export const PERFORMANCE_FIGURES: HistoryFigures = {
  price: ['startEquity', 'endEquity', ...OF_FLOWS],
  rate: {
    contributions: ['netFlows', ...OF_FLOWS],
    inflows: OF_FLOWS,
    realisedNet: OF_SALES,
    costBasis: OF_SALES,
    fees: OF_SALES,
  },
};

/** Warnings that name the figures which are `null` and why; a figure that no warning explains is undefined. */
export function explained(body: PerformanceBody, warnings: readonly Warning[]): Warning[] {
  const missing = undefinedFigures(body);
  const named = warnings.map((warning): Warning => ({
    ...warning,
    figures: warning.figures?.filter((figure) => missing.includes(figure)) ?? [],
  }));
  const known = new Set(named.flatMap(({ figures }) => figures ?? []));
  const rest = missing.filter((figure) => !known.has(figure));
  const unrated = rest.filter((figure) => OF_SALES.includes(figure));
  const undefinable = rest.filter((figure) => !OF_SALES.includes(figure));
  if (unrated.length > 0) {
    const detail = 'Entries have no rate to the base currency: what depends on them is not known.';
    named.push({ code: 'missing-rate', detail, figures: unrated });
  }
  if (undefinable.length > 0) {
    const detail = 'The span holds too little to work it out, or nothing that it could refer to.';
    named.push({ code: 'undefined-rate', detail, figures: undefinable });
  }
  return named;
}

/**
 * Very many external flows are grouped: figures that depend on their exact times are then approximate, with a warning.
 */
export function gatheredFlows(grainMs: number): Warning[] {
  if (grainMs === 1) return [];
  const detail = `There are more external flows than are told one by one: those within ${grainMs / 60_000} minutes count at the time of the first. Sums are exact; the figures named are close.`;
  return [{ code: 'gathered-flows', detail, figures: ['xirr', 'benchmark.equity'] }];
}
