import { byId, element, setText } from '../element.js';
import { figurePair, showFigure } from '../figure.js';
import { KeyedRows } from '../keyed-rows.js';
import { amount, averagePrice, exact, percent, signedAmount, signedPercent, toDouble } from '../number.js';
import { Sortable } from '../sortable.js';
import { text } from '../text.js';
import { reasonOf } from '../warnings.js';

/** A price is worth its time when it is older than that. */
const OLD_MS = 60_000;

/** The holdings table: the body of the `holdings:` channel, in the order the reader has chosen. */
export class HoldingsView {
  #section = byId('holdings');
  #note = byId('holdings-note');
  #rows = new KeyedRows(byId('holding-rows'), makeRow);
  #sortable;
  #items = [];
  #currency = '';
  #warnings = [];
  #face;

  constructor(face) {
    this.#face = face;
    this.#sortable = new Sortable(byId('holdings-table'), {
      key: 'marketValue',
      isDescending: true,
      onChange: () => this.#arrange(),
    });
  }

  useClockFace(face) {
    this.#face = face;
  }

  /** Another portfolio: its figures are in this currency. */
  clear(currency = '') {
    this.#currency = currency;
    this.#warnings = [];
    this.#items = [];
    this.#rows.arrange([]);
    delete this.#section.dataset.position;
    setText(this.#note, '');
  }

  /** The warnings that tell why a figure is not known come with the PnL. */
  explain(warnings) {
    this.#warnings = warnings;
  }

  show({ items, position, asOf }) {
    this.#section.dataset.position = position;
    this.#items = items;
    this.#arrange();
    for (const holding of items) this.#fill(this.#rows.at(holding.asset), holding, asOf);
    setText(this.#note, items.length === 0 ? text('holdingsNone') : String(items.length));
  }

  #arrange() {
    const ordered = this.#sortable.order(this.#items, valueOf);
    this.#rows.arrange(ordered.map(({ asset }) => asset));
  }

  #fill(row, holding, asOf) {
    const put = (cell, name, value, format, tinted = false) =>
      showFigure(cell, value, format, { tinted, why: reasonOf(this.#warnings, name, holding.asset) });
    const money = (value) => amount(value, this.#currency);
    const gain = (value) => signedAmount(value, this.#currency);
    const price = (value) => averagePrice(value, this.#currency);
    put(row.value, 'marketValue', holding.marketValue, money);
    put(row.weight, 'weight', holding.weight, percent);
    drawWeight(row.bar, toDouble(holding.weight));
    row.isCash(holding.asset === this.#currency);
    put(row.quantity, 'quantity', holding.quantity, exact);
    // What a unit of the base currency costs and gains in base currency is no news.
    if (holding.asset === this.#currency) return;
    put(row.unrealized.first, 'unrealizedPnl', holding.unrealizedPnl, gain, true);
    put(row.unrealized.second, 'unrealizedRate', holding.unrealizedRate, signedPercent, true);
    put(row.mark.first, 'markPrice', holding.markPrice, price);
    const isOld = holding.markTime !== null && Date.parse(asOf) - Date.parse(holding.markTime) > OLD_MS;
    setText(row.mark.second, isOld ? this.#face.time(holding.markTime) : '');
    put(row.average, 'averagePrice', holding.averagePrice, price);
    put(row.realized, 'realizedPnl.net', holding.realizedPnl.net, gain, true);
  }
}

function valueOf(holding, key) {
  return key === 'realizedPnl.net' ? holding.realizedPnl.net : holding[key];
}

/** Weights below zero (cash overdrawn) are drawn in another colour, not as if they were above. */
function drawWeight(bar, weight) {
  const share = Math.min(1, Math.abs(weight ?? 0));
  bar.style.width = `${(share * 100).toFixed(1)}%`;
  bar.classList.toggle('below', weight !== null && weight < 0);
}

function makeRow(asset) {
  const kind = element('small', 'plain');
  const name = element('th', '', asset, ' ', kind);
  name.scope = 'row';
  const bar = element('span', 'bar-fill');
  const track = element('span', 'bar-track', bar);
  track.setAttribute('aria-hidden', 'true');
  const weight = element('span');
  const [unrealized, mark] = [figurePair(), figurePair()];
  mark.second.classList.add('plain');
  const [value, quantity, average, realized] = [1, 2, 3, 4].map(() => element('td'));
  const row = element(
    'tr',
    '',
    name,
    value,
    element('td', 'weight', track, weight),
    element('td', '', ...unrealized.nodes),
    element('td', '', ...mark.nodes),
    quantity,
    average,
    realized,
  );
  row.dataset.asset = asset;
  const isCash = (is) => setText(kind, is ? text('cash') : '');
  return { row, isCash, bar, weight, unrealized, mark, value, quantity, average, realized };
}
