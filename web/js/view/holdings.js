import { byId, element, setText } from '../element.js';
import { figurePair, showFigure } from '../figure.js';
import { KeyedRows } from '../keyed-rows.js';
import { amount, averagePrice, exact, percent, signedAmount, signedPercent } from '../number.js';
import { text } from '../text.js';
import { reasonOf } from '../warnings.js';

/** The holdings table: the items of `GET …/holdings`, in the server's order. */
export class HoldingsView {
  #section = byId('holdings');
  #note = byId('holdings-note');
  #rows = new KeyedRows(byId('holding-rows'), makeRow);
  #currency = '';
  #warnings = [];
  #face;

  constructor(face) {
    this.#face = face;
  }

  useClockFace(face) {
    this.#face = face;
  }

  /** Another portfolio: its figures are in this currency. */
  clear(currency = '') {
    this.#currency = currency;
    this.#warnings = [];
    this.#rows.arrange([]);
    this.#section.classList.remove('not-current');
    setText(this.#note, '');
  }

  /** The warnings that tell why a figure is not known come with the PnL. */
  explain(warnings) {
    this.#warnings = warnings;
  }

  show({ items, nextCursor = null }) {
    this.#section.classList.remove('not-current');
    this.#rows.arrange(items.map(({ asset }) => asset));
    for (const holding of items) this.#fill(this.#rows.at(holding.asset), holding);
    let note = items.length === 0 ? text('holdingsNone') : '';
    if (nextCursor !== null) note = text('holdingsPart', { count: String(items.length) });
    setText(this.#note, note);
  }

  /** What is shown could not be brought up to date. */
  fail(error) {
    this.#section.classList.add('not-current');
    setText(this.#note, text('holdingsFailed', { why: error.message }));
  }

  #fill(row, holding) {
    const put = (cell, name, value, format, tinted = false) =>
      showFigure(cell, value, format, { tinted, why: reasonOf(this.#warnings, name, holding.asset) });
    const money = (value) => amount(value, this.#currency);
    const gain = (value) => signedAmount(value, this.#currency);
    const price = (value) => averagePrice(value, this.#currency);
    put(row.quantity, 'quantity', holding.quantity, exact);
    put(row.average, 'averagePrice', holding.averagePrice, price);
    put(row.mark, 'markPrice', holding.markPrice, price);
    put(row.value, 'marketValue', holding.marketValue, money);
    put(row.weight, 'weight', holding.weight, percent);
    put(row.unrealized.first, 'unrealizedPnl', holding.unrealizedPnl, gain, true);
    put(row.unrealized.second, 'unrealizedRate', holding.unrealizedRate, signedPercent, true);
    put(row.realized, 'realizedPnl.net', holding.realizedPnl.net, gain, true);
    put(row.markTime, 'markTime', holding.markTime, (time) => this.#face.time(time));
  }
}

function makeRow(asset) {
  const name = element('th', '', asset);
  name.scope = 'row';
  const unrealized = figurePair();
  const entry = {
    quantity: element('td'),
    average: element('td'),
    mark: element('td'),
    value: element('td'),
    weight: element('td'),
    unrealized,
    realized: element('td'),
    markTime: element('td'),
  };
  const { quantity, average, mark, value, weight, realized, markTime } = entry;
  const gain = element('td', '', ...unrealized.nodes);
  const row = element('tr', '', name, quantity, average, mark, value, weight, gain, realized, markTime);
  return { ...entry, row };
}
