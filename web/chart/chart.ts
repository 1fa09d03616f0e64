import uPlot from 'uplot';
import { text } from '../text/text.ts';
import { onPalette } from '../page/palette.ts';

const KEYS = new Map([
  ['ArrowLeft', -1],
  ['ArrowRight', 1],
  ['PageUp', -10],
  ['PageDown', 10],
  ['Home', Number.NEGATIVE_INFINITY],
  ['End', Number.POSITIVE_INFINITY],
]);

/** Columns in uPlot's format: x first. */
export type Columns = [number[], ...(number | null)[][]];

export interface ChartOptions {
  /** The options for a number of columns besides x. */
  options: (series: number) => Partial<uPlot.Options> & Pick<uPlot.Options, 'series'>;
  /** Called with the point being read; `null` if there is none. */
  onRead: (index: number | null) => void;
  /** A point in words. */
  describe: (index: number) => string;
}

/**
 * A chart for mouse, touch, keyboard and screen reader: to all of them it is a row of points, one of which is
 * being read, by default the newest.
 */
export class Chart {
  readonly #node: HTMLElement;
  readonly #given: ChartOptions;
  readonly #life = new AbortController();
  #plot: uPlot | null = null;
  #columns: Columns = [[]];

  constructor(node: HTMLElement, given: ChartOptions) {
    this.#node = node;
    this.#given = given;
    const { signal } = this.#life;
    node.addEventListener('keydown', (event) => this.#key(event), { signal });
    node.addEventListener('blur', () => this.#plot?.setCursor({ left: -10, top: -10 }), { signal });
    onPalette(() => this.#plot?.redraw(), signal);
    const size = new ResizeObserver(() => this.#resize());
    size.observe(node);
    signal.addEventListener('abort', () => size.disconnect());
  }

  close(): void {
    this.#life.abort();
    this.#plot?.destroy();
  }

  /** A different number of columns requires a new chart. */
  set(columns: Columns): void {
    const isOther = columns.length !== this.#columns.length;
    this.#columns = columns;
    if (this.#plot === null || isOther) this.#draw();
    else this.#plot.setData(columns);
    this.#tell(this.#plot?.cursor.idx ?? null);
  }

  #draw(): void {
    this.#plot?.destroy();
    const { clientWidth: width, clientHeight: height } = this.#node;
    const plot = new uPlot(
      {
        width: Math.max(width, 50),
        height: Math.max(height, 50),
        ms: 1,
        legend: { show: false },
        padding: [8, 6, 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        hooks: { setCursor: [({ cursor }) => this.#tell(cursor.idx ?? null)] },
        ...this.#given.options(this.#columns.length - 1),
      },
      this.#columns,
      this.#node,
    );
    this.#plot = plot;
    const follow = ({ pointerType, clientX }: PointerEvent): void => {
      if (pointerType === 'mouse') return;
      plot.setCursor({ left: clientX - plot.over.getBoundingClientRect().left, top: 0 });
    };
    plot.over.style.touchAction = 'pan-y';
    plot.over.addEventListener('pointerdown', follow);
    plot.over.addEventListener('pointermove', follow);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#node;
    if (width > 0 && height > 0) this.#plot?.setSize({ width, height });
  }

  #key(event: KeyboardEvent): void {
    const step = KEYS.get(event.key);
    const [xs] = this.#columns;
    if (step === undefined || xs.length === 0 || this.#plot === null) return;
    event.preventDefault();
    const at = this.#plot.cursor.idx ?? xs.length;
    const index = Math.min(xs.length - 1, Math.max(0, at + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(xs[index] ?? 0, 'x'), top: 0 });
  }

  #tell(index: number | null): void {
    const count = this.#columns[0].length;
    const at = index ?? count - 1;
    this.#node.setAttribute('aria-valuemax', String(Math.max(0, count - 1)));
    this.#node.setAttribute('aria-valuenow', String(Math.max(0, at)));
    this.#node.setAttribute('aria-valuetext', count === 0 ? text('noData') : this.#given.describe(at));
    this.#given.onRead(count === 0 ? null : at);
  }
}
