import { byId, element, setText } from '../element.js';
import { showFigure } from '../figure.js';
import { KeyedRows } from '../keyed-rows.js';
import { compare, exact, signedExact, signedPercent } from '../number.js';
import { text } from '../text.js';

const MAX_SYMBOLS = 1_000;

/** The market table: the newest ticker of each symbol, drawn at most once a frame. */
export class TickersView {
  #note = byId('market-note');
  #rows = new KeyedRows(byId('ticker-rows'), makeRow);
  /** Newest not yet drawn, by symbol: bounded by the number of symbols. */
  #waiting = new Map();
  #isFull = false;
  #frame = null;
  #face;

  constructor(face) {
    this.#face = face;
    this.clear();
  }

  useClockFace(face) {
    this.#face = face;
  }

  clear() {
    this.#waiting.clear();
    this.#isFull = false;
    this.#rows.arrange([]);
    setText(this.#note, text('marketWaiting'));
  }

  show(ticker) {
    const { symbol } = ticker;
    const isNew = !this.#rows.has(symbol) && !this.#waiting.has(symbol);
    if (isNew && this.#rows.size + this.#waiting.size >= MAX_SYMBOLS) {
      this.#isFull = true;
      return;
    }
    this.#waiting.set(symbol, ticker);
    this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = null;
    const before = this.#rows.size;
    for (const [symbol, ticker] of this.#waiting) this.#fill(this.#rows.at(symbol), ticker);
    this.#waiting.clear();
    if (this.#rows.size === before) return;
    this.#rows.arrange(this.#rows.keys().sort());
    setText(this.#note, this.#isFull ? text('marketPart', { count: String(MAX_SYMBOLS) }) : '');
  }

  #fill(row, ticker) {
    showFigure(row.price, ticker.price, exact);
    showFigure(row.change, ticker.change, signedExact, { tinted: true });
    showFigure(row.rate, ticker.changeRate, signedPercent, { tinted: true });
    setText(row.time, this.#face.time(ticker.time));
    row.badge.hidden = ticker.simulated !== true;
    if (row.last !== null) flash(row, compare(ticker.price, row.last));
    row.last = ticker.price;
  }
}

function flash(row, direction) {
  if (direction === 0) return;
  const { classList } = row.price;
  const next = classList.contains('flash-a') ? 'flash-b' : 'flash-a';
  classList.remove('flash-a', 'flash-b', 'rise', 'fall');
  classList.add(next, direction > 0 ? 'rise' : 'fall');
}

function makeRow(symbol) {
  const badge = element('span', 'badge', text('simulated'));
  badge.hidden = true;
  const name = element('th', '', symbol, ' ', badge);
  name.scope = 'row';
  const [price, change, rate, time] = [element('td'), element('td'), element('td'), element('td')];
  return {
    row: element('tr', '', name, price, change, rate, time),
    badge,
    price,
    change,
    rate,
    time,
    last: null,
  };
}
