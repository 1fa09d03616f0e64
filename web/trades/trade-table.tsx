import type { ListedTrade } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { Heading } from '../table/heading.tsx';
import { text } from '../text/text.ts';
import type { TradePages } from './trade-pages.ts';
import { TradeRow } from './trade-row.tsx';
import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';

interface Props {
  pages: TradePages;
  face: ClockFace;
  /** Omitted if nothing may be changed. */
  onEdit?: ((trade: ListedTrade) => void) | undefined;
}

/** One page of trades. Text from users is never inserted as HTML. */
export function TradeTable({ pages, face, onEdit }: Props) {
  const { sorting } = pages;
  const sortedBy = useRef(sorting.order.peek());
  useSignalEffect(() => {
    if (sorting.order.value === sortedBy.current) return;
    sortedBy.current = sorting.order.value;
    pages.start();
  });
  const answer = pages.query.answer.value;
  return (
    <div class="scroll" role="region" aria-labelledby="trades-title" tabIndex={0}>
      <table role="table" class="figures cards" id="trades-table">
        <thead role="rowgroup">
          <tr role="row">
            <Heading sorting={sorting} by="time">
              {text('time')}
            </Heading>
            <Heading sorting={sorting} by="symbol" class="words">
              {text('symbol')}
            </Heading>
            <th role="columnheader" scope="col" class="words">
              {text('side')}
            </th>
            <th role="columnheader" scope="col">
              {text('quantity')}
            </th>
            <th role="columnheader" scope="col">
              {text('tradePrice')}
            </th>
            <Heading sorting={sorting} by="value">
              {text('tradeValue')}
            </Heading>
            <Heading sorting={sorting} by="fee">
              {text('fee')}
            </Heading>
            <Heading sorting={sorting} by="pnl">
              {text('realized')}
            </Heading>
            <th role="columnheader" scope="col" class="words">
              {text('exchange')}
            </th>
            <th role="columnheader" scope="col" class="words">
              {text('tradeNote')}
            </th>
            {onEdit !== undefined && (
              <th role="columnheader" scope="col">
                <span class="hidden">{text('actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody role="rowgroup" id="trade-rows">
          {answer?.items.map((trade) => (
            <TradeRow
              key={trade.id}
              trade={trade}
              baseCurrency={answer.baseCurrency}
              warnings={answer.warnings}
              face={face}
              onEdit={onEdit === undefined ? undefined : () => onEdit(trade)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
