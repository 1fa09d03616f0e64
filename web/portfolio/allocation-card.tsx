import type { Holding, Portfolio } from '../api.ts';
import { sum } from '../figures/decimal.ts';
import { figureOf } from '../figures/figure.tsx';
import { percent, toDouble } from '../figures/number.ts';
import { hrefOf } from '../page/route.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

const MOST = 7;

interface Part {
  name: string;
  weight: string;
  isAsset: boolean;
}

/** The largest parts, and the rest as one. Debts cannot be part of a whole. */
export function partsOf(holdings: readonly Holding[]): Part[] {
  const parts = holdings
    .flatMap(({ asset: name, weight }) =>
      weight !== null && (toDouble(weight) ?? 0) > 0 ? [{ name, weight, isAsset: true }] : [],
    )
    .toSorted((a, b) => (toDouble(b.weight) ?? 0) - (toDouble(a.weight) ?? 0));
  const rest = parts.slice(MOST);
  if (rest.length === 0) return parts;
  const others = { name: text('allocation.rest'), weight: sum(rest.map(({ weight }) => weight)) };
  return [...parts.slice(0, MOST), { ...others, isAsset: false }];
}

/** The composition of the portfolio, live. */
export function AllocationCard({ dashboard, portfolio }: { dashboard: Dashboard; portfolio: Portfolio }) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const parts = partsOf(dashboard.holdings.value?.items ?? []);
  return (
    <section class="card area-half" id="allocation" aria-labelledby="allocation-title">
      <div class="heading">
        <h2 id="allocation-title">{text('allocation')}</h2>
        {parts.length === 0 && <span class="aside">{text('noData')}</span>}
      </div>
      <div class="allocation-bar" aria-hidden="true">
        {parts.map(({ name, weight }, index) => (
          <span key={name} class={`part part-${index}`} style={{ flexGrow: String(toDouble(weight) ?? 0) }} />
        ))}
      </div>
      <ul class="allocation figures" id="allocation-parts">
        {parts.map(({ name, weight, isAsset }, index) => (
          <li key={name} data-part={name}>
            <span class={`swatch part part-${index}`} aria-hidden="true" />
            {isAsset && name !== baseCurrency ? (
              <a href={hrefOf({ view: 'asset', portfolioId, asset: name })}>{name}</a>
            ) : (
              <span>{name}</span>
            )}{' '}
            <b {...figureOf({ value: weight, format: percent })} />
          </li>
        ))}
      </ul>
    </section>
  );
}
