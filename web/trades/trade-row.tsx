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
  /** Left out where nothing may be changed. */
  onEdit?: (() => void) | undefined;
}

function Words({ value, class: name = '' }: { value: string | null; class?: string }) {
  return (
    <td class={`words ${name}`.trim()} title={value ?? ''}>
      {value}
    </td>
  );
}

export function TradeRow({ trade, baseCurrency, warnings, face, onEdit }: Props) {
  const { symbol, side, fee, realizedPnl, note, exchange } = trade;
  const quote = symbol.split('/')[1] ?? '';
  const time = face.dateTime(trade.time);
  const why = (figure: string): string => reasonOf(warnings, figure);
  return (
    <tr data-trade={trade.id}>
      <th scope="row">{time}</th>
      <Words value={symbol} />
      <td class={`words ${side === 'buy' ? 'up' : 'down'}`}>{text(`side.${side}`)}</td>
      <td {...figureOf({ value: trade.quantity, format: exact })} />
      <td {...figureOf({ value: trade.price, format: (value) => `${exact(value)} ${quote}` })} />
      <td
        {...figureOf({
          value: trade.value,
          format: (value) => amount(value, baseCurrency),
          why: why('value'),
        })}
      />
      {fee === null ? (
        <td />
      ) : (
        <td
          {...figureOf({
            value: fee.amount,
            format: (value) => `${amount(value, fee.currency)} ${fee.currency}`,
          })}
        />
      )}
      {realizedPnl === null ? (
        <td />
      ) : (
        <td
          {...figureOf({
            value: realizedPnl.net,
            format: (value) => signedAmount(value, baseCurrency),
            tinted: true,
            why: why('realizedPnl'),
          })}
        />
      )}
      <Words value={exchange} />
      <Words value={note} class="note-cell" />
      {onEdit !== undefined && (
        <td class="row-actions">
          <button type="button" name="edit" aria-label={text('editTrade', { time })} onClick={onEdit}>
            {text('edit')}
          </button>
        </td>
      )}
    </tr>
  );
}
