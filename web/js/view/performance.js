import { byId, element } from '../element.js';
import { showFigure } from '../figure.js';
import { percent, signedAmount, signedPercent } from '../number.js';
import { text } from '../text.js';
import { reasonOf } from '../warnings.js';

/** What a span amounts to: the body of `GET …/performance`. */
export class PerformanceView {
  #strip = byId('performance');

  clear() {
    this.#strip.replaceChildren();
  }

  /** `time` is when it was worked out: it is not live. */
  show({ pnl, twr, benchmark, risk, baseCurrency, warnings }, time) {
    const gain = (value) => signedAmount(value, baseCurrency);
    const figures = [
      { key: 'spanPnl', name: 'pnl', value: pnl, format: gain, tinted: true },
      { key: 'twr', name: 'twr', value: twr, format: signedPercent, tinted: true },
      ...comparison(benchmark),
      {
        key: 'maxDrawdown',
        name: 'risk.maxDrawdown',
        value: risk.maxDrawdown?.depth ?? null,
        format: percent,
      },
      { key: 'volatility', name: 'risk.volatility', value: risk.volatility, format: percent },
    ];
    this.#strip.replaceChildren(
      ...figures.map(({ key, name, value, format, tinted = false }) => {
        const cell = element('dd');
        showFigure(cell, value, format, { tinted, why: reasonOf(warnings, name) });
        return element('div', '', element('dt', '', text(key, { symbol: benchmark?.symbol ?? '' })), cell);
      }),
      element('div', 'as-of', element('dt', '', text('asOf', { time })), element('dd')),
    );
  }
}

function comparison(benchmark) {
  if (benchmark === null) return [];
  const common = { format: signedPercent, tinted: true };
  return [
    { key: 'benchmarkReturn', name: 'benchmark.return', value: benchmark.return, ...common },
    { key: 'excess', name: 'benchmark.excess', value: benchmark.excess, ...common },
  ];
}
