import uPlot from '../../vendor/uPlot.esm.js';
import { element } from '../element.js';
import { colour, onPalette } from '../palette.js';
import { text } from '../text.js';

const FONT = '11px system-ui, sans-serif';
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

/**
 * A chart that can be read by mouse, finger, keyboard and screen reader: to all of them it is one row of points, of
 * which one is being read. `onRead(index)` is called with the point, `null` when it is none (then the newest).
 * `describe(index)` is that point in words.
 */
export class Chart {
  #node;
  #plot = null;
  #options;
  #onRead;
  #describe;
  #data = [[]];

  constructor(node, { label, options, onRead, describe }) {
    this.#node = node;
    this.#options = options;
    this.#onRead = onRead;
    this.#describe = describe;
    node.setAttribute('role', 'slider');
    node.setAttribute('aria-label', label);
    node.setAttribute('aria-roledescription', text('chart'));
    node.setAttribute('aria-valuemin', '0');
    node.tabIndex = 0;
    node.addEventListener('keydown', (event) => this.#key(event));
    node.addEventListener('blur', () => this.#leave());
    onPalette(() => this.#plot?.redraw());
    new ResizeObserver(() => this.#resize()).observe(node);
    this.#tell(null);
  }

  /** Columns as uPlot takes them: x first. Another number of columns makes another chart. */
  set(data) {
    const isOther = this.#plot === null || data.length !== this.#data.length;
    this.#data = data;
    if (isOther) this.#draw();
    else this.#plot.setData(data);
    this.#tell(this.#plot?.cursor.idx ?? null);
  }

  #draw() {
    this.#plot?.destroy();
    const { clientWidth: width, clientHeight: height } = this.#node;
    const options = this.#options(this.#data.length - 1);
    this.#plot = new uPlot(
      {
        width: Math.max(width, 50),
        height: Math.max(height, 50),
        ms: 1,
        legend: { show: false },
        padding: [8, 6, 0, 0],
        ...options,
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, ...options.cursor },
        hooks: { setCursor: [(plot) => this.#tell(plot.cursor.idx ?? null)] },
      },
      this.#data,
      this.#node,
    );
    this.#followFinger(this.#plot);
  }

  #followFinger(plot) {
    const follow = ({ pointerType, clientX }) => {
      if (pointerType !== 'mouse')
        plot.setCursor({ left: clientX - plot.over.getBoundingClientRect().left, top: 0 });
    };
    plot.over.style.touchAction = 'pan-y';
    plot.over.addEventListener('pointerdown', follow);
    plot.over.addEventListener('pointermove', follow);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#node;
    if (width > 0 && height > 0) this.#plot?.setSize({ width, height });
  }

  #key(event) {
    const step = KEYS[event.key];
    const count = this.#data[0].length;
    if (step === undefined || count === 0 || this.#plot === null) return;
    event.preventDefault();
    const at = this.#plot.cursor.idx ?? count;
    const index = Math.min(count - 1, Math.max(0, at + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#data[0][index], 'x'), top: 0 });
  }

  #leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
  }

  #tell(index) {
    const count = this.#data[0].length;
    const at = index ?? count - 1;
    this.#node.setAttribute('aria-valuemax', String(Math.max(0, count - 1)));
    this.#node.setAttribute('aria-valuenow', String(Math.max(0, at)));
    this.#node.setAttribute('aria-valuetext', count === 0 ? text('noData') : this.#describe(at));
    this.#onRead(count === 0 ? null : at);
  }
}

/** An instant as uPlot takes it for local time, so that its ticks fall on the hours and days of a zone. */
export function inZone(at, zone) {
  return uPlot.tzDate(new Date(at), zone);
}

/** Bars of this share of their place, and at most so wide. */
export function bars(share, widest) {
  return uPlot.paths.bars({ size: [share, widest] });
}

/** An axis in the theme's colours. */
export function axis(options) {
  return {
    stroke: () => colour('quiet'),
    font: FONT,
    size: 26,
    gap: 6,
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
    ...options,
  };
}

/** One piece of the line under a chart: what it is, and how much. */
export function reading(name, value, className = '') {
  return element('span', '', element('span', `key ${className}`, name), ' ', element('b', '', value));
}
