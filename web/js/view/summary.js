import { byId, element, setText } from '../element.js';
import { figurePair, showFigure } from '../figure.js';
import { amount, signedAmount, signedPercent } from '../number.js';
import { text } from '../text.js';
import { describe, reasonOf } from '../warnings.js';

const WARNINGS_SHOWN = 20;
const CELLS = ['equity', 'day-pnl', 'unrealized', 'realized', 'cash', 'contributions'];

/** The portfolio's main figures and its warnings: the body of `GET …/pnl`. */
export class SummaryView {
  #root = byId('summary');
  #cells = {};
  #warnings = byId('warnings');
  #warningsTitle = byId('warnings-title');
  #list = byId('warning-list');
  #face;

  constructor(face) {
    this.#face = face;
    for (const id of CELLS) {
      const cell = figurePair();
      cell.why = element('small', 'why');
      byId(id).append(...cell.nodes, cell.why);
      this.#cells[id] = cell;
    }
    this.#cells.equity.unit = element('span', 'unit');
    this.#cells.equity.first.after(this.#cells.equity.unit);
    for (const id of ['equity', 'realized']) this.#cells[id].second.classList.add('plain');
    this.clear();
  }

  useClockFace(face) {
    this.#face = face;
  }

  /** Nothing has come yet. */
  clear() {
    for (const { first, second, why } of Object.values(this.#cells)) {
      showFigure(first, null, String);
      setText(second, '');
      setText(why, '');
    }
    setText(this.#cells.equity.unit, '');
    delete this.#root.dataset.position;
    this.#showWarnings([]);
  }

  show(pnl) {
    const { baseCurrency, warnings } = pnl;
    const money = (value) => amount(value, baseCurrency);
    const gain = (value) => signedAmount(value, baseCurrency);
    // Of ledger and market: with it these figures can be compared with an answer of the API.
    this.#root.dataset.position = pnl.position;
    this.#put('equity', 'equity', pnl.equity, money, warnings);
    setText(this.#cells.equity.unit, baseCurrency);
    setText(this.#cells.equity.second, text('asOf', { time: this.#face.time(pnl.asOf) }));
    this.#put('cash', 'cash', pnl.cash, money, warnings);
    this.#put('contributions', 'netContributions', pnl.netContributions, money, warnings);
    this.#put('day-pnl', 'day.pnl', pnl.day.pnl, gain, warnings, true);
    this.#putRate('day-pnl', 'day.rate', pnl.day.rate, warnings);
    this.#put('unrealized', 'unrealizedPnl', pnl.unrealizedPnl, gain, warnings, true);
    this.#putRate('unrealized', 'unrealizedRate', pnl.unrealizedRate, warnings);
    this.#put('realized', 'realizedPnl.net', pnl.realizedPnl.net, gain, warnings, true);
    const { gross } = pnl.realizedPnl;
    setText(this.#cells.realized.second, gross === null ? '' : text('gross', { amount: gain(gross) }));
    this.#showWarnings(warnings);
  }

  #put(id, name, value, format, warnings, tinted = false) {
    const { first, why } = this.#cells[id];
    const reason = value === null ? reasonOf(warnings, name) || text('unknown') : '';
    showFigure(first, value, format, { tinted, why: reason });
    setText(why, reason);
  }

  #putRate(id, name, rate, warnings) {
    const { second, why } = this.#cells[id];
    showFigure(second, rate, signedPercent, { tinted: true, why: reasonOf(warnings, name) });
    // The figure above it already says that nothing is known.
    if (why.textContent !== '') setText(second, '');
  }

  #showWarnings(warnings) {
    this.#warnings.hidden = warnings.length === 0;
    setText(this.#warningsTitle, text('warnings', { count: String(warnings.length) }));
    const lines = warnings.slice(0, WARNINGS_SHOWN).map(describe);
    if (warnings.length > lines.length) {
      lines.push(text('moreWarnings', { count: String(warnings.length - lines.length) }));
    }
    // Written only on change: it comes with every PnL event.
    if (lines.join('\n') === [...this.#list.children].map((item) => item.textContent).join('\n')) return;
    this.#list.replaceChildren(...lines.map((line) => element('li', '', line)));
  }
}
