import { barOptions } from '../chart/bar-options.js';
import { Chart, reading } from '../chart/chart.js';
import { calendarDate } from '../clock-face.js';
import { byId, element } from '../element.js';
import { showFigure } from '../figure.js';
import { compare, sign, signedAmount, signedPercent, toDouble } from '../number.js';
import { segments } from '../segments.js';
import { text } from '../text.js';
import { Polled } from './polled.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;

const SHORT = { month: 'numeric', day: 'numeric' };
const LONG = { year: 'numeric', month: 'short', day: 'numeric' };

/** How many days back, and how a period is called. */
const INTERVALS = {
  day: { days: 29, short: SHORT, long: { ...LONG, weekday: 'short' } },
  week: { days: 7 * 25, short: SHORT, long: LONG },
  month: {
    days: 730,
    short: { year: '2-digit', month: 'numeric' },
    long: { year: 'numeric', month: 'long' },
  },
};

/** PnL by period: `GET …/pnl/periods`; today's is live. */
export class DaysPanel {
  #api;
  #polled;
  #readout = byId('days-readout');
  #extremes = byId('days-extremes');
  #chart;
  #face;
  #interval = 'day';
  #body = null;
  #live = null;

  constructor(api, face) {
    this.#api = api;
    this.#face = face;
    this.#polled = new Polled({
      section: byId('days'),
      note: byId('days-note'),
      load: (portfolio, signal) => this.#load(portfolio, signal),
      show: (body) => this.#show(body),
      everyMs: () => EVERY_MS,
    });
    this.#chart = new Chart(byId('days-chart'), {
      label: text('periods'),
      options: () => barOptions((index) => this.#label(index, 'short')),
      onRead: (index) => this.#read(index),
      describe: (index) => this.#describe(index),
    });
    segments(byId('days-interval'), {
      choices: Object.keys(INTERVALS).map((interval) => [interval, text(`interval.${interval}`)]),
      value: this.#interval,
      onChange: (interval) => {
        this.#interval = interval;
        this.#polled.restart();
      },
    });
  }

  useClockFace(face) {
    this.#face = face;
  }

  open(portfolio) {
    this.close();
    this.#polled.open(portfolio);
  }

  close() {
    this.#polled.close();
    this.#live = null;
    this.#show(null);
  }

  /** The ledger has changed, or there was an outage. */
  refresh() {
    this.#polled.refresh();
  }

  /** Today's, from the `pnl:` channel. */
  live(pnl) {
    this.#live = pnl;
    if (this.#body === null || this.#interval !== 'day') return;
    this.#draw();
    this.#showExtremes();
  }

  #load({ id }, signal) {
    const from = this.#face.day(Date.now() - INTERVALS[this.#interval].days * DAY_MS);
    const query = new URLSearchParams({ interval: this.#interval, from });
    return this.#api.get(`/v1/portfolios/${id}/pnl/periods?${query}`, { signal });
  }

  #show(body) {
    this.#body = body;
    this.#draw();
    this.#showExtremes();
  }

  #draw() {
    const pnls = this.#items().map(({ pnl }) => pnl);
    const drawn = (direction) =>
      pnls.map((pnl) => (pnl !== null && sign(pnl) === direction ? toDouble(pnl) : null));
    this.#chart.set([pnls.map((_pnl, index) => index), drawn(1), drawn(-1)]);
  }

  #items() {
    if (this.#body === null) return [];
    const { items } = this.#body;
    const last = items.at(-1);
    const isToday = last !== undefined && this.#interval === 'day' && !last.closed;
    const isNewer = this.#live !== null && this.#live.asOf >= this.#body.asOf;
    if (!isToday || !isNewer || this.#face.day(this.#live.asOf) !== last.label) return items;
    return [...items.slice(0, -1), { ...last, pnl: this.#live.day.pnl, rate: this.#live.day.rate }];
  }

  #label(index, length) {
    const item = this.#items()[index];
    return item === undefined ? '' : calendarDate(item.label, INTERVALS[this.#interval][length]);
  }

  #read(index) {
    const item = index === null ? undefined : this.#items()[index];
    if (item === undefined) {
      this.#readout.replaceChildren();
      return;
    }
    const pnl = reading(this.#label(index, 'long'), '');
    const figure = pnl.querySelector('b');
    showFigure(figure, item.pnl, (value) => this.#gain(value), { tinted: true });
    const rate = element('span');
    showFigure(rate, item.rate, signedPercent, { tinted: true });
    this.#readout.replaceChildren(pnl, rate);
  }

  #describe(index) {
    const { pnl, rate } = this.#items()[index];
    const figures = [pnl === null ? text('unknown') : this.#gain(pnl)];
    if (rate !== null) figures.push(signedPercent(rate));
    return `${this.#label(index, 'long')}: ${figures.join(', ')}`;
  }

  #gain(value) {
    return signedAmount(value, this.#body.baseCurrency);
  }

  #showExtremes() {
    const known = this.#items()
      .map(({ pnl }) => pnl)
      .filter((pnl) => pnl !== null);
    if (known.length === 0) {
      this.#extremes.replaceChildren();
      return;
    }
    const ordered = known.toSorted(compare);
    const figures = [
      ['best', ordered.at(-1)],
      ['worst', ordered[0]],
    ];
    this.#extremes.replaceChildren(
      ...figures.map(([key, value]) => {
        const figure = element('dd');
        showFigure(figure, value, (pnl) => this.#gain(pnl), { tinted: true });
        return element('div', '', element('dt', '', text(key)), figure);
      }),
    );
  }
}
