import type { Api } from '../api.ts';

export const WIDTH = 100;
export const HEIGHT = 24;
const STEP_MS = 15 * 60_000;
const POINTS = 96;
const MOST = 200;

interface Drawing {
  svg: SVGSVGElement;
  path: SVGPathElement;
}

/** Doubles are exact enough for pixels. */
type Point = readonly [time: number, value: number];

interface Entry extends Drawing {
  points: Point[];
  isAsked: boolean;
}

/**
 * The lines of the market table: the last 24 hours in quarters of an hour, then the ticks. Candles are
 * requested one symbol at a time, for the rows that are visible.
 */
export class Sparks {
  readonly #api: Api;
  readonly #entries = new Map<string, Entry>();
  readonly #sight = new IntersectionObserver((seen) => this.#seen(seen), { rootMargin: '100px' });
  #queue: string[] = [];
  #isLoading = false;

  constructor(api: Api) {
    this.#api = api;
  }

  add(symbol: string, drawing: Drawing): void {
    if (this.#entries.size >= MOST) return;
    this.#entries.set(symbol, { ...drawing, points: [], isAsked: false });
    this.#sight.observe(drawing.svg);
  }

  remove(symbol: string): void {
    const entry = this.#entries.get(symbol);
    if (entry !== undefined) this.#sight.unobserve(entry.svg);
    this.#entries.delete(symbol);
  }

  tick(symbol: string, price: string, time: string): void {
    const entry = this.#entries.get(symbol);
    if (entry === undefined) return;
    const at = Date.parse(time);
    const last = entry.points.at(-1);
    const isSameStep = last !== undefined && Math.floor(last[0] / STEP_MS) === Math.floor(at / STEP_MS);
    if (isSameStep) entry.points.pop();
    entry.points.push([at, Number(price)]);
    entry.points.splice(0, entry.points.length - POINTS - 1);
    if (entry.isAsked) draw(entry);
  }

  /** Fetches the candles again after an outage. */
  refresh(): void {
    for (const [symbol, entry] of this.#entries) {
      if (!entry.isAsked) continue;
      entry.isAsked = false;
      this.#sight.unobserve(entry.svg);
      this.#sight.observe(entry.svg);
      this.#queue = this.#queue.filter((queued) => queued !== symbol);
    }
  }

  #seen(seen: readonly IntersectionObserverEntry[]): void {
    const shown = new Set(seen.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target));
    for (const [symbol, entry] of this.#entries) {
      if (!shown.has(entry.svg) || entry.isAsked) continue;
      entry.isAsked = true;
      this.#queue.push(symbol);
    }
    void this.#load();
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    for (let symbol = this.#queue.shift(); symbol !== undefined; symbol = this.#queue.shift()) {
      const entry = this.#entries.get(symbol);
      if (entry !== undefined) await this.#loadOne(symbol, entry);
    }
    this.#isLoading = false;
  }

  async #loadOne(symbol: string, entry: Entry): Promise<void> {
    const from = String(Date.now() - POINTS * STEP_MS);
    try {
      const answer = await this.#api.listCandles({
        query: { symbol, interval: '15m', from, format: 'columns', limit: POINTS + 1 },
      });
      if (!('columns' in answer)) return;
      const { t, close } = answer.columns;
      const past = t.map((time, index): Point => [time, Number(close[index])]);
      const newest = entry.points.at(-1);
      const before = newest === undefined ? past : past.filter(([time]) => time + STEP_MS <= newest[0]);
      entry.points = newest === undefined ? before : [...before, newest];
      draw(entry);
    } catch {
      // The line is decorative: no figure depends on it. It is requested again after an outage.
    }
  }
}

/** Spaced evenly by time. */
function draw({ svg, path, points }: Entry): void {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || first === last) {
    path.setAttribute('d', '');
    return;
  }
  const values = points.map(([, value]) => value);
  const low = Math.min(...values);
  const height = Math.max(...values) - low || 1;
  const width = last[0] - first[0] || 1;
  const place = ([time, value]: Point): string => {
    const x = ((time - first[0]) / width) * WIDTH;
    const y = HEIGHT - 2 - ((value - low) / height) * (HEIGHT - 4);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  path.setAttribute('d', `M${points.map(place).join('L')}`);
  svg.classList.toggle('up', last[1] > first[1]);
  svg.classList.toggle('down', last[1] < first[1]);
}
