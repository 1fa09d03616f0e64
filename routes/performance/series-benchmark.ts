import type { Fixed } from '../../lib/money/money.ts';
import { sameFlowsCurve } from '../../lib/pnl/performance/benchmark.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import type { TimedFlow } from '../../lib/pnl/performance/flow-bins.ts';
import type { Warning } from '../../lib/schemas/warning-schema.ts';
import { benchmarkPrices, benchmarkWarnings } from './benchmark-prices.ts';
import type { SeriesPoint } from './series-points.ts';
import type { Services } from '../http/handler-services.ts';

/**
 * At each point, what the equity of the first point and the external flows since would be worth if invested in the
 * benchmark.
 */
export async function benchmarkCurve(
  services: Services,
  symbol: string,
  terms: PortfolioTerms,
  { points, flows, now }: { points: readonly SeriesPoint[]; flows: readonly TimedFlow[]; now: number },
): Promise<{ curve: (Fixed | null)[]; warnings: Warning[] }> {
  const instants = [...points, ...flows].map(({ time }) => time);
  const priceAt = await benchmarkPrices(services, symbol, terms, { instants, now });
  const curve = sameFlowsCurve(
    points[0]?.equity ?? null,
    flows.map(({ time, value }) => ({ time, value, price: priceAt(time) })),
    points.map(({ time }) => ({ time, price: priceAt(time) })),
  );
  const unpriced = curve.includes(null) ? [...points, ...flows] : [];
  return {
    curve,
    warnings: benchmarkWarnings({ symbol, terms }, unpriced, { priceAt, figures: ['benchmark'] }),
  };
}
