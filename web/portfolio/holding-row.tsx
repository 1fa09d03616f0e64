import type { ReadonlySignal } from '@preact/signals';
import type { Pnl } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { Figure, type FigureProps, SmallFigure } from '../figures/figure.tsx';
import {
  amount,
  averagePrice,
  exact,
  percent,
  signedAmount,
  signedPercent,
  toDouble,
} from '../figures/number.ts';
import { explainHref } from '../explain/figures.ts';
import { hrefOf } from '../page/route.ts';
import { text } from '../text/text.ts';
import { FigureCell } from '../table/cell.tsx';
import { columnValue, HOLDING_COLUMNS, type HoldingColumn } from './holding-columns.ts';
import type { HoldingView } from './holding-rows.ts';
import { reasonOf } from './warnings.ts';

interface Props {
  row: ReadonlySignal<HoldingView>;
  columns: readonly HoldingColumn[];
  portfolioId: string;
  currency: string;
  face: ClockFace;
  /** The warnings that explain unknown figures come with the PnL. */
  pnl: ReadonlySignal<Pnl | null>;
}

/** Columns that say something of cash. */
const OF_CASH: ReadonlySet<HoldingColumn> = new Set(['marketValue', 'weight', 'quantity']);

interface ExplainedProps extends FigureProps {
  href: string;
}

/**
 * A figure that leads to what it is made of. By the keyboard the same is reached through the page of the asset:
 * otherwise each row would need several presses of Tab.
 */
function Explained({ href, ...figure }: ExplainedProps) {
  return (
    <a class="explained" tabIndex={-1} href={href}>
      <Figure {...figure} />
    </a>
  );
}

/** Negative weights (overdrawn cash) get another colour, so that they do not look positive. */
function Weight({ value, why }: { value: string | null; why: string }) {
  const share = Math.min(1, Math.abs(toDouble(value) ?? 0));
  const isBelow = value?.startsWith('-') === true;
  return (
    <td role="cell" class="weight" data-label={text('weight')}>
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

export function HoldingRow({ row, columns, portfolioId, currency, face, pnl }: Props) {
  const { holding, pricedAt } = row.value;
  const { asset } = holding;
  const isCash = asset === currency;
  // Read without subscribing: warnings come with every tick, and matter only if a figure is unknown.
  const why = (figure: string): string => reasonOf(pnl.peek()?.warnings ?? [], figure, asset);
  const money = (value: string): string => amount(value, currency);
  const gain = (value: string): string => signedAmount(value, currency);
  const price = (value: string): string => averagePrice(value, currency);
  const figure = (column: HoldingColumn, format: (value: string) => string, tinted = false) => (
    <FigureCell
      key={column}
      label={text(HOLDING_COLUMNS[column])}
      value={columnValue(holding, column)}
      format={format}
      tinted={tinted}
      why={why(column)}
    />
  );
  const cellOf = (column: HoldingColumn) => {
    // For the base currency itself, price, cost and gain are trivial.
    if (isCash && !OF_CASH.has(column)) return <td key={column} role="cell" />;
    switch (column) {
      case 'weight':
        return <Weight key={column} value={holding.weight} why={why('weight')} />;
      case 'unrealizedPnl':
        return (
          <td key={column} role="cell" data-label={text('unrealized')}>
            <Explained
              href={hrefOf({ view: 'asset', portfolioId, asset })}
              value={holding.unrealizedPnl}
              format={gain}
              tinted
              why={why('unrealizedPnl')}
            />
            <SmallFigure
              value={holding.unrealizedRate}
              format={signedPercent}
              tinted
              why={why('unrealizedRate')}
            />
          </td>
        );
      case 'markPrice':
        return (
          <td key={column} role="cell" data-label={text('markPrice')}>
            <Figure value={holding.markPrice} format={price} why={why('markPrice')} />
            <small class="plain">{pricedAt === null ? '' : face.time(pricedAt)}</small>
          </td>
        );
      case 'quantity':
        return (
          <td key={column} role="cell" data-label={text('quantity')}>
            <Explained
              href={explainHref(portfolioId, 'quantity', { asset })}
              value={holding.quantity}
              format={exact}
            />
          </td>
        );
      case 'realizedPnl.net':
        return (
          <td key={column} role="cell" data-label={text('realized')}>
            <Explained
              href={explainHref(portfolioId, 'realized', { asset })}
              value={holding.realizedPnl.net}
              format={gain}
              tinted
              why={why('realizedPnl.net')}
            />
          </td>
        );
      case 'averagePrice':
        return figure(column, price);
      case 'realizedPnl.gross':
        return figure(column, gain, true);
      default:
        return figure(column, money);
    }
  };
  return (
    <tr role="row" data-asset={asset}>
      <th role="rowheader" scope="row">
        {isCash ? asset : <a href={hrefOf({ view: 'asset', portfolioId, asset })}>{asset}</a>}{' '}
        <small class="plain">{isCash ? text('cash') : ''}</small>
      </th>
      {columns.map((column) => cellOf(column))}
    </tr>
  );
}
