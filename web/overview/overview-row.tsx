import type { ReadonlySignal } from '@preact/signals';
import type { Pnl, Portfolio } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { Figure, figureOf, SmallFigure } from '../figures/figure.tsx';
import { amount, signedAmount, signedPercent } from '../figures/number.ts';
import { hrefOf } from '../page/route.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { text } from '../text/text.ts';

interface Props {
  portfolio: Portfolio;
  totals: ReadonlySignal<Pnl | null>;
  /** The stream has no room for it, so it is polled. */
  isAsked: boolean;
  face: ClockFace;
}

export function OverviewRow({ portfolio, totals, isAsked, face }: Props) {
  const { id, name, baseCurrency } = portfolio;
  const pnl = totals.value;
  const gain = (value: string): string => signedAmount(value, baseCurrency);
  const why = (figure: string): string => (pnl === null ? '' : reasonOf(pnl.warnings, figure));
  return (
    <tr role="row" data-portfolio={id} data-position={pnl?.position}>
      <th role="rowheader" scope="row">
        <a href={hrefOf({ view: 'portfolio', portfolioId: id })}>{name}</a>
        {portfolio.access !== 'owner' && <span class="badge">{text('overview.shared')}</span>}
        {isAsked && pnl !== null && (
          <small class="plain">{text('asOf', { time: face.time(pnl.asOf) })}</small>
        )}
      </th>
      <td
        role="cell"
        data-label={text('equity')}
        {...figureOf({
          value: pnl?.equity,
          format: (value) => amount(value, baseCurrency),
          why: why('equity'),
        })}
      />
      <td role="cell" data-label={text('dayPnl')}>
        <Figure value={pnl?.day.pnl} format={gain} tinted why={why('day.pnl')} />
        <SmallFigure value={pnl?.day.rate} format={signedPercent} tinted why={why('day.rate')} />
      </td>
      <td role="cell" data-label={text('unrealized')}>
        <Figure value={pnl?.unrealizedPnl} format={gain} tinted why={why('unrealizedPnl')} />
        <SmallFigure value={pnl?.unrealizedRate} format={signedPercent} tinted why={why('unrealizedRate')} />
      </td>
      <td
        role="cell"
        data-label={text('realized')}
        {...figureOf({
          value: pnl?.realizedPnl.net,
          format: gain,
          tinted: true,
          why: why('realizedPnl.net'),
        })}
      />
    </tr>
  );
}
