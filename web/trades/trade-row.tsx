import type { ListedTrade, Warning } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { amount, exact, signedAmount } from '../figures/number.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { text } from '../text/text.ts';

interface Props {
  trade: ListedTrade;
  baseCurrency: string;
  warnings: readonly Warning[];
  face: ClockFace;
  /** Omitted if nothing may be changed. */
  onEdit?: (() => void) | undefined;
}

interface WordsProps {
  label: string;
  value: string | null;
  class?: string;
}

function Words({ label, value, class: name = '' }: WordsProps) {
  return (
    <td role="cell" data-label={label} class={`words ${name}`.trim()} title={value ?? ''}>
      {value}
    </td>
  );
}

export function TradeRow({ trade, baseCurrency, warnings, face, onEdit }: Props) {
  const { symbol, side, fee, realizedPnl, note, exchange, tags } = trade;
  const quote = symbol.split('/')[1] ?? '';
  const time = face.dateTime(trade.time);
  const why = (figure: string): string => reasonOf(warnings, figure);
  return (
    <tr role="row" data-trade={trade.id}>
      <th role="rowheader" scope="row">
        {time}
      </th>
      <Words label={text('symbol')} value={symbol} />
      <td role="cell" data-label={text('side')} class={`words ${side === 'buy' ? 'up' : 'down'}`}>
        {text(`side.${side}`)}
      </td>
      <td role="cell" data-label={text('quantity')} {...figureOf({ value: trade.quantity, format: exact })} />
      <td
        role="cell"
        data-label={text('tradePrice')}
        {...figureOf({ value: trade.price, format: (value) => `${exact(value)} ${quote}` })}
      />
      <td
        role="cell"
        data-label={text('tradeValue')}
        {...figureOf({
          value: trade.value,
          format: (value) => amount(value, baseCurrency),
          why: why('value'),
        })}
      />
      {fee === null ? (
        <td role="cell" />
      ) : (
        <td
          role="cell"
          data-label={text('fee')}
          {...figureOf({
            value: fee.amount,
            format: (value) => `${amount(value, fee.currency)} ${fee.currency}`,
          })}
        />
      )}
      {realizedPnl === null ? (
        <td role="cell" />
      ) : (
        <td
          role="cell"
          data-label={text('realized')}
          {...figureOf({
            value: realizedPnl.net,
            format: (value) => signedAmount(value, baseCurrency),
            tinted: true,
            why: why('realizedPnl'),
          })}
        />
      )}
      <Words label={text('exchange')} value={exchange} />
      {note === null && tags.length === 0 ? (
        <td role="cell" />
      ) : (
        <td role="cell" data-label={text('tradeNote')} class="words note-cell" title={note ?? ''}>
          {tags.map((tag) => (
            <span class="tag" key={tag}>
              {tag}
            </span>
          ))}
          {note}
        </td>
      )}
      {onEdit !== undefined && (
        <td role="cell" class="row-actions">
          <button type="button" name="edit" aria-label={text('editTrade', { time })} onClick={onEdit}>
            {text('edit')}
          </button>
        </td>
      )}
    </tr>
  );
}
