import { drawSparkline } from '../sparkline.js';

const STEP_MS = 15 * 60_000;
const POINTS = 96;
const MOST = 200;

/**
 * The lines of the market table: the last 24 hours in quarters of an hour, then the ticks. Candles are asked for one
 * symbol after the other, of those rows that are in sight.
 */
export class Sparks {
  #api;
  #entries = new Map();
  #queue = [];
  #isLoading = false;
  #sight = new IntersectionObserver((seen) => this.#seen(seen), { rootMargin: '100px' });

  constructor(api) {
    this.#api = api;
  }

  add(symbol, svg) {
    if (this.#entries.size >= MOST) return;
    this.#entries.set(symbol, { svg, points: [], isAsked: false });
    this.#sight.observe(svg);
  }

  remove(symbol) {
    const entry = this.#entries.get(symbol);
    if (entry !== undefined) this.#sight.unobserve(entry.svg);
    this.#entries.delete(symbol);
  }

  tick(symbol, price, time) {
    const entry = this.#entries.get(symbol);
    if (entry === undefined) return;
    const at = Date.parse(time);
    const last = entry.points.at(-1);
    const isSameStep = last !== undefined && Math.floor(last[0] / STEP_MS) === Math.floor(at / STEP_MS);
    if (isSameStep) entry.points.pop();
    entry.points.push([at, Number(price)]);
    entry.points.splice(0, entry.points.length - POINTS - 1);
    if (entry.isAsked) drawSparkline(entry.svg, entry.points);
  }

  /** After an outage: what came meanwhile is in the candles. */
  refresh() {
    for (const [symbol, entry] of this.#entries) {
      if (!entry.isAsked) continue;
      entry.isAsked = false;
      this.#sight.unobserve(entry.svg);
      this.#sight.observe(entry.svg);
      this.#queue = this.#queue.filter((queued) => queued !== symbol);
    }
  }

  #seen(seen) {
    const shown = new Set(seen.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target));
    for (const [symbol, entry] of this.#entries) {
      if (!shown.has(entry.svg) || entry.isAsked) continue;
      entry.isAsked = true;
      this.#queue.push(symbol);
    }
    void this.#load();
  }

  async #load() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    for (let symbol = this.#queue.shift(); symbol !== undefined; symbol = this.#queue.shift()) {
      const entry = this.#entries.get(symbol);
      if (entry !== undefined) await this.#loadOne(symbol, entry);
    }
    this.#isLoading = false;
  }

  async #loadOne(symbol, entry) {
    const from = Date.now() - POINTS * STEP_MS;
    const query = new URLSearchParams({
      symbol,
      interval: '15m',
      from,
      format: 'columns',
      limit: POINTS + 1,
    });
    try {
      const { columns } = await this.#api.get(`/v1/market/candles?${query}`);
      const past = columns.t.map((time, index) => [time, Number(columns.close[index])]);
      const newest = entry.points.at(-1);
      const before = newest === undefined ? past : past.filter(([time]) => time + STEP_MS <= newest[0]);
      entry.points = newest === undefined ? before : [...before, newest];
      drawSparkline(entry.svg, entry.points);
    } catch {
      // The line is an ornament: without it the figures stand as they are. It is asked for again after an outage.
    }
  }
}
