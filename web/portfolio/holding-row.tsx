import type { ReadonlySignal } from '@preact/signals';
import type { Pnl } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { Figure, figureOf, SmallFigure } from '../figures/figure.tsx';
import {
  amount,
  averagePrice,
  exact,
  percent,
  signedAmount,
  signedPercent,
  toDouble,
} from '../figures/number.ts';
import { text } from '../text/text.ts';
import type { HoldingView } from './holding-rows.ts';
import { reasonOf } from './warnings.ts';

interface Props {
  row: ReadonlySignal<HoldingView>;
  currency: string;
  face: ClockFace;
  /** The warnings that tell why a figure is not known come with the PnL. */
  pnl: ReadonlySignal<Pnl | null>;
}

/** Weights below zero (cash overdrawn) are drawn in another colour, not as if they were above. */
function Weight({ value, why }: { value: string | null; why: string }) {
  const share = Math.min(1, Math.abs(toDouble(value) ?? 0));
  const isBelow = value?.startsWith('-') === true;
  return (
    <td class="weight">
      <span class="bar-track" aria-hidden="true">
        <span
          class={isBelow ? 'bar-fill below' : 'bar-fill'}
          style={{ width: `${(share * 100).toFixed(1)}%` }}
        />
      </span>
      <Figure value={value} format={percent} why={why} />
    </td>
  );
}

export function HoldingRow({ row, currency, face, pnl }: Props) {
  const { holding, pricedAt } = row.value;
  const { asset } = holding;
  const isCash = asset === currency;
  // Read without following them: they come with every tick, and matter only where something is unknown.
  const why = (figure: string): string => reasonOf(pnl.peek()?.warnings ?? [], figure, asset);
  const money = (value: string): string => amount(value, currency);
  const gain = (value: string): string => signedAmount(value, currency);
  const price = (value: string): string => averagePrice(value, currency);
  return (
    <tr data-asset={asset}>
      <th scope="row">
        {asset} <small class="plain">{isCash ? text('cash') : ''}</small>
      </th>
      <td {...figureOf({ value: holding.marketValue, format: money, why: why('marketValue') })} />
      <Weight value={holding.weight} why={why('weight')} />
      {/* What a unit of the base currency costs and gains in base currency is no news. */}
      <td>
        {!isCash && (
          <>
            <Figure value={holding.unrealizedPnl} format={gain} tinted why={why('unrealizedPnl')} />
            <SmallFigure
              value={holding.unrealizedRate}
              format={signedPercent}
              tinted
              why={why('unrealizedRate')}
            />
          </>
        )}
      </td>
      <td>
        {!isCash && (
          <>
            <Figure value={holding.markPrice} format={price} why={why('markPrice')} />
            <small class="plain">{pricedAt === null ? '' : face.time(pricedAt)}</small>
          </>
        )}
      </td>
      <td {...figureOf({ value: holding.quantity, format: exact })} />
      {isCash ? (
        <td />
      ) : (
        <td {...figureOf({ value: holding.averagePrice, format: price, why: why('averagePrice') })} />
      )}
      {isCash ? (
        <td />
      ) : (
        <td
          {...figureOf({
            value: holding.realizedPnl.net,
            format: gain,
            tinted: true,
            why: why('realizedPnl.net'),
          })}
        />
      )}
    </tr>
  );
}
