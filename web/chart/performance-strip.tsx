import type { Performance } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf, type FigureProps } from '../figures/figure.tsx';
import { percent, ratio, signedAmount, signedPercent } from '../figures/number.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { text } from '../text/text.ts';

interface Entry extends Pick<FigureProps, 'value' | 'format' | 'tinted'> {
  label: string;
  /** Its name in the API. */
  figure: string;
}

function entriesOf({ pnl, twr, xirr, benchmark, risk, trades, baseCurrency }: Performance): Entry[] {
  const rate = { format: signedPercent, tinted: true };
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const compared =
    benchmark === null
      ? []
      : [
          { label: benchmark.symbol, figure: 'benchmark.return', value: benchmark.return, ...rate },
          { label: text('excess'), figure: 'benchmark.excess', value: benchmark.excess, ...rate },
        ];
  return [
    { label: text('spanPnl'), figure: 'pnl', value: pnl, format: gain, tinted: true },
    { label: text('twr'), figure: 'twr', value: twr, ...rate },
    ...compared,
    {
      label: text('maxDrawdown'),
      figure: 'risk.maxDrawdown',
      value: risk.maxDrawdown?.depth ?? null,
      format: percent,
    },
    { label: text('xirr'), figure: 'xirr', value: xirr, ...rate },
    { label: text('sharpe'), figure: 'risk.sharpe', value: risk.sharpe, format: ratio },
    { label: text('sortino'), figure: 'risk.sortino', value: risk.sortino, format: ratio },
    { label: text('winRate'), figure: 'trades.winRate', value: trades.winRate, format: percent },
    { label: text('profitFactor'), figure: 'trades.profitFactor', value: trades.profitFactor, format: ratio },
    { label: text('volatility'), figure: 'risk.volatility', value: risk.volatility, format: percent },
  ];
}

/** Statistics of a period, with the time they were computed: they are not live. */
export function PerformanceStrip({ performance, face }: { performance: Performance; face: ClockFace }) {
  return (
    <dl class="strip figures" id="performance">
      {entriesOf(performance).map(({ label, figure, ...shown }) => (
        <div key={figure}>
          <dt>{label}</dt>
          <dd {...figureOf({ ...shown, why: reasonOf(performance.warnings, figure) })} />
        </div>
      ))}
      <div class="as-of">
        <dt>{text('asOf', { time: face.time(performance.asOf) })}</dt>
        <dd />
      </div>
    </dl>
  );
}
