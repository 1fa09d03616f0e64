import { Chart, reading } from '../chart/chart.js';
import { curveOptions } from '../chart/curve-options.js';
import { byId, element, setText } from '../element.js';
import { amount, toDouble } from '../number.js';
import { segments } from '../segments.js';
import { text } from '../text.js';
import { PerformanceView } from '../view/performance.js';
import { Polled } from './polled.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const POINTS = 300;

/** How far back, in steps of what, and how often it is worth asking again. */
const RANGES = {
  '1D': { interval: 'minute', every: 10, span: DAY_MS, refresh: 2 * MINUTE_MS },
  '1W': { interval: 'hour', every: 1, span: 7 * DAY_MS, refresh: 10 * MINUTE_MS },
  '1M': { interval: 'hour', every: 4, span: 30 * DAY_MS, refresh: 30 * MINUTE_MS },
  '3M': { interval: 'day', every: 1, span: 91 * DAY_MS, refresh: 30 * MINUTE_MS },
  '1Y': { interval: 'day', every: 1, span: 365 * DAY_MS, refresh: 30 * MINUTE_MS },
  all: { interval: 'day', every: 1, span: null, refresh: 30 * MINUTE_MS },
};

/** The equity curve: `GET …/series`, its newest point live; and what it amounts to, of `GET …/performance`. */
export class CurvePanel {
  #api;
  #polled;
  #readout = byId('curve-readout');
  #performance = new PerformanceView();
  #compare = byId('benchmark');
  #chart;
  #face;
  #range = '1M';
  /** `{t, equity, benchmark}`; the newest point stands for now. */
  #columns = null;
  #live = null;

  constructor(api, face) {
    this.#api = api;
    this.#face = face;
    this.#polled = new Polled({
      section: byId('curve'),
      note: byId('curve-note'),
      load: (portfolio, signal) => this.#load(portfolio, signal),
      show: ([series, performance]) => {
        this.#show(series);
        this.#performance.show(performance, this.#face.time(performance.asOf));
      },
      everyMs: () => RANGES[this.#range].refresh,
    });
    this.#chart = new Chart(byId('curve-chart'), {
      label: text('curve'),
      options: (series) => curveOptions(series, this.#face),
      onRead: (index) => this.#read(index),
      describe: (index) => this.#describe(index),
    });
    segments(byId('curve-range'), {
      choices: Object.keys(RANGES).map((range) => [range, text(`range.${range}`)]),
      value: this.#range,
      onChange: (range) => {
        this.#range = range;
        this.#polled.restart();
      },
    });
    this.#compare.addEventListener('change', () => this.#polled.restart());
  }

  useClockFace(face) {
    this.#face = face;
  }

  open(portfolio) {
    this.close();
    this.#compare.parentElement.hidden = portfolio.benchmark === null;
    setText(byId('benchmark-name'), text('compareWith', { symbol: portfolio.benchmark ?? '' }));
    this.#polled.open(portfolio);
  }

  close() {
    this.#polled.close();
    this.#live = null;
    this.#show(null);
    this.#performance.clear();
  }

  /** The ledger has changed, or there was an outage. */
  refresh() {
    this.#polled.refresh();
  }

  /** The newest point, from the `pnl:` channel. */
  live(pnl) {
    this.#live = { t: Date.parse(pnl.asOf), equity: pnl.equity };
    if (this.#columns !== null) this.#draw();
  }

  #load({ id, benchmark }, signal) {
    const { interval, every, span } = RANGES[this.#range];
    const query = new URLSearchParams({ interval, every, points: POINTS });
    const spent = new URLSearchParams();
    if (span !== null) {
      // Whole minutes: the same question can be answered from a cache.
      const from = String(Math.floor((Date.now() - span) / MINUTE_MS) * MINUTE_MS);
      query.set('from', from);
      spent.set('from', from);
    }
    if (this.#compare.checked && benchmark !== null) query.set('benchmark', benchmark);
    return Promise.all([
      this.#api.get(`/v1/portfolios/${id}/series?${query}`, { signal }),
      this.#api.get(`/v1/portfolios/${id}/performance?${spent}`, { signal }),
    ]);
  }

  #show(series) {
    this.#columns = series === null ? null : sinceFunded(series.columns);
    this.#draw();
  }

  #draw() {
    if (this.#columns === null) {
      this.#chart.set([[], []]);
      return;
    }
    const { t, equity, benchmark } = this.#shown();
    const data = [t, equity.map(toDouble)];
    if (benchmark !== undefined) data.push(benchmark.map(toDouble));
    this.#chart.set(data);
  }

  /** The points asked for, the last of them as of the newest event. */
  #shown() {
    const { t, equity, benchmark } = this.#columns;
    const last = t.at(-1) ?? 0;
    if (this.#live === null || this.#live.t < last) return this.#columns;
    return {
      t: [...t.slice(0, -1), this.#live.t],
      equity: [...equity.slice(0, -1), this.#live.equity],
      benchmark,
    };
  }

  #read(index) {
    if (index === null || this.#columns === null) {
      this.#readout.replaceChildren();
      return;
    }
    const { t, equity, benchmark } = this.#shown();
    const parts = [element('span', 'aside', this.#face.minute(t[index]))];
    parts.push(reading(text('equity'), this.#money(equity[index]), 'own'));
    if (benchmark !== undefined) {
      parts.push(reading(this.#polled.portfolio.benchmark, this.#money(benchmark[index]), 'compared'));
    }
    this.#readout.replaceChildren(...parts);
  }

  #describe(index) {
    if (this.#columns === null) return text('noData');
    const { t, equity, benchmark } = this.#shown();
    const own = `${this.#face.minute(t[index])}: ${this.#money(equity[index])} ${this.#polled.portfolio.baseCurrency}`;
    return benchmark === undefined
      ? own
      : `${own}, ${this.#polled.portfolio.benchmark}: ${this.#money(benchmark[index])}`;
  }

  #money(value) {
    return value === null ? text('unknown') : amount(value, this.#polled.portfolio.baseCurrency);
  }
}

/** Before the first entry there was nothing that could be worth anything. */
function sinceFunded({ t, equity, benchmark, contributions }) {
  const isEmpty = (index) => equity[index] === '0' && contributions[index] === '0';
  const first = t.findIndex((_at, index) => !isEmpty(index));
  const from = (column) => column?.slice(Math.max(first, 0));
  return { t: from(t), equity: from(equity), benchmark: from(benchmark) };
}
