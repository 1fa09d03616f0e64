import { byId, element, setText } from '../element.js';
import { showFigure } from '../figure.js';
import { KeyedRows } from '../keyed-rows.js';
import { compare, exact, signedPercent } from '../number.js';
import { Sortable } from '../sortable.js';
import { sparkline } from '../sparkline.js';
import { text } from '../text.js';

const MAX_SYMBOLS = 1_000;

/** The market table: the newest ticker of each symbol, drawn at most once a frame. */
export class TickersView {
  #note = byId('market-note');
  #section = byId('market');
  #badge = byId('market-simulated');
  #rows;
  #sortable;
  #tickers = new Map();
  /** Symbols with a ticker that is not drawn yet. */
  #waiting = new Set();
  #isFull = false;
  #frame = null;
  #sparks;
  #face;

  /** `sparks` draws the lines: `add(symbol, svg)`, `tick(symbol, price, time)` and `remove(symbol)`. */
  constructor(face, sparks) {
    this.#face = face;
    this.#sparks = sparks;
    this.#rows = new KeyedRows(byId('ticker-rows'), makeRow);
    this.#sortable = new Sortable(byId('market-table'), {
      key: 'symbol',
      isDescending: false,
      onChange: () => this.#arrange(),
    });
    this.clear();
  }

  useClockFace(face) {
    this.#face = face;
  }

  clear() {
    this.keep([]);
    setText(this.#note, text('marketWaiting'));
  }

  /** Only these symbols: others have vanished from the market. */
  keep(symbols) {
    const kept = new Set(symbols);
    for (const symbol of this.#tickers.keys()) {
      if (kept.has(symbol)) continue;
      this.#tickers.delete(symbol);
      this.#waiting.delete(symbol);
      this.#sparks.remove(symbol);
    }
    this.#isFull = false;
    this.#rows.arrange(this.#rows.keys().filter((symbol) => kept.has(symbol)));
  }

  show(ticker) {
    const { symbol } = ticker;
    if (!this.#tickers.has(symbol) && this.#tickers.size >= MAX_SYMBOLS) {
      this.#isFull = true;
      return;
    }
    this.#tickers.set(symbol, ticker);
    this.#waiting.add(symbol);
    this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = null;
    for (const symbol of this.#waiting) this.#fill(symbol, this.#tickers.get(symbol));
    this.#waiting.clear();
    this.#arrange();
    const tickers = [...this.#tickers.values()];
    // Where all prices are made up it is said once, above them.
    const allMadeUp = tickers.length > 0 && tickers.every(({ simulated }) => simulated);
    this.#badge.hidden = !allMadeUp;
    this.#section.classList.toggle('all-simulated', allMadeUp);
    setText(this.#note, this.#isFull ? text('marketPart', { count: String(MAX_SYMBOLS) }) : '');
  }

  #arrange() {
    const drawn = [...this.#tickers.values()].filter(({ symbol }) => this.#rows.has(symbol));
    this.#rows.arrange(this.#sortable.order(drawn, valueOf).map(({ symbol }) => symbol));
  }

  #fill(symbol, ticker) {
    if (!this.#rows.has(symbol)) this.#sparks.add(symbol, this.#rows.at(symbol).spark);
    const row = this.#rows.at(symbol);
    showFigure(row.price, ticker.price, exact);
    showFigure(row.rate, ticker.changeRate, signedPercent, { tinted: true });
    row.row.title = text('tickerTime', { time: this.#face.time(ticker.time) });
    row.badge.hidden = ticker.simulated !== true;
    this.#sparks.tick(symbol, ticker.price, ticker.time);
    if (row.last !== null) flash(row, compare(ticker.price, row.last));
    row.last = ticker.price;
  }
}

function valueOf(ticker, key) {
  return ticker[key];
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
  const spark = sparkline();
  const [price, rate] = [element('td'), element('td')];
  const row = element('tr', '', name, element('td', 'spark-cell', spark), price, rate);
  row.dataset.symbol = symbol;
  return { row, badge, spark, price, rate, last: null };
}
