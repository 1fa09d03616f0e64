import { byId, element } from '../element.js';
import { showFigure } from '../figure.js';
import { amount, exact, signedAmount } from '../number.js';
import { text } from '../text.js';
import { reasonOf } from '../warnings.js';

const BODY = byId('trade-rows');

/** The rows of one page of `GET …/trades`. Whatever users have written goes in as text. */
export function showTrades({ items, baseCurrency, warnings }, face) {
  BODY.replaceChildren(...items.map((trade) => rowOf(trade, { baseCurrency, warnings, face })));
}

export function clearTrades() {
  BODY.replaceChildren();
}

function rowOf(trade, { baseCurrency, warnings, face }) {
  const { symbol, side, fee, realizedPnl, note, exchange } = trade;
  const quote = symbol.split('/')[1];
  const time = element('th', '', face.dateTime(trade.time));
  time.scope = 'row';
  const figure = (name, value, format, tinted = false) => {
    const cell = element('td');
    showFigure(cell, value, format, { tinted, why: reasonOf(warnings, name) });
    return cell;
  };
  const words = (value, className = '') => {
    const cell = element('td', `words ${className}`.trim(), value ?? '');
    cell.title = value ?? '';
    return cell;
  };
  const row = element(
    'tr',
    '',
    time,
    words(symbol),
    element('td', `words ${side === 'buy' ? 'up' : 'down'}`, text(`side.${side}`)),
    figure('quantity', trade.quantity, exact),
    figure('price', trade.price, (value) => `${exact(value)} ${quote}`),
    figure('value', trade.value, (value) => amount(value, baseCurrency)),
    fee === null
      ? element('td')
      : figure('fee', fee.amount, (value) => `${amount(value, fee.currency)} ${fee.currency}`),
    realizedPnl === null
      ? element('td')
      : figure('realizedPnl', realizedPnl.net, (value) => signedAmount(value, baseCurrency), true),
    words(exchange),
    words(note, 'note-cell'),
  );
  row.dataset.trade = trade.id;
  return row;
}
