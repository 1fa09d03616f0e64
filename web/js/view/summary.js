import { byId, element, setText } from '../element.js';
import { figurePair, showFigure } from '../figure.js';
import { amount, signedAmount, signedPercent } from '../number.js';
import { text } from '../text.js';
import { describe, reasonOf } from '../warnings.js';

const WARNINGS_SHOWN = 20;

/** The portfolio's main figures and its warnings: the body of `GET …/pnl`. */
export class SummaryView {
  #cells = {};
  #asOf = byId('as-of');
  #warnings = byId('warnings');
  #list = byId('warning-list');
  #face;

  constructor(face) {
    this.#face = face;
    for (const id of ['equity', 'day-pnl', 'unrealized', 'realized', 'cash']) {
      const cell = figurePair();
      cell.why = element('small', 'why');
      byId(id).append(...cell.nodes, cell.why);
      this.#cells[id] = cell;
    }
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
    setText(this.#asOf, '');
    this.#showWarnings([]);
  }

  show(pnl) {
    const { baseCurrency } = pnl;
    const warnings = pnl.warnings ?? [];
    const money = (value) => amount(value, baseCurrency);
    const gain = (value) => signedAmount(value, baseCurrency);
    this.#put('equity', pnl.equity, money, warnings);
    this.#put('cash', pnl.cash, money, warnings);
    this.#put('day-pnl', pnl.day?.pnl, gain, warnings, true);
    this.#putRate('day-pnl', pnl.day?.rate);
    this.#put('unrealized', pnl.unrealizedPnl, gain, warnings, true);
    this.#putRate('unrealized', pnl.unrealizedRate);
    this.#put('realized', pnl.realizedPnl?.net, gain, warnings, true);
    const gross = pnl.realizedPnl?.gross ?? null;
    setText(this.#cells.realized.second, gross === null ? '' : text('gross', { amount: gain(gross) }));
    setText(this.#asOf, text('asOf', { time: this.#face.time(pnl.asOf) }));
    this.#showWarnings(warnings);
  }

  #put(id, value, format, warnings, tinted = false) {
    const { first, why } = this.#cells[id];
    const unknown = value === null || value === undefined;
    const reason = unknown ? reasonOf(warnings) || text('unknown') : '';
    showFigure(first, value, format, { tinted, why: reason });
    setText(why, reason);
  }

  #putRate(id, rate) {
    const { second } = this.#cells[id];
    // The figure above it already says when nothing is known.
    if (rate === null || rate === undefined) setText(second, '');
    else showFigure(second, rate, signedPercent, { tinted: true });
  }

  #showWarnings(warnings) {
    this.#warnings.hidden = warnings.length === 0;
    const lines = warnings.slice(0, WARNINGS_SHOWN).map(describe);
    if (warnings.length > lines.length) {
      lines.push(text('moreWarnings', { count: String(warnings.length - lines.length) }));
    }
    // Written only on change: it comes with every PnL event.
    if (lines.join('\n') === [...this.#list.children].map((item) => item.textContent).join('\n')) return;
    this.#list.replaceChildren(...lines.map((line) => element('li', '', line)));
  }
}
