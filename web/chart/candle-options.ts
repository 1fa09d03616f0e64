import uPlot from 'uplot';
import type { ClockFace } from '../figures/clock-face.ts';
import { axisValue } from '../figures/number.ts';
import { colour } from '../page/palette.ts';
import { axis, inZone, named } from './axis.ts';
import type { ChartOptions } from './chart.ts';

/** One of the user's trades. */
export interface Mark {
  t: number;
  price: number;
  side: 'buy' | 'sell';
}

export interface CandleLooks {
  face: ClockFace;
  /** Length of a candle in milliseconds. */
  stepMs: () => number;
  marks: () => readonly Mark[];
  /** Whether no trade of a candle is known to be missing. */
  isComplete: (index: number) => boolean;
}

const WIDEST = 14;
const MARK = 6;

function drawCandles(plot: uPlot, { stepMs, isComplete }: CandleLooks): void {
  const { ctx, data } = plot;
  const [times, open = [], high = [], low = [], close = []] = data;
  const slot = plot.valToPos(stepMs(), 'x', true) - plot.valToPos(0, 'x', true);
  const width = Math.max(1, Math.min(slot * 0.7, WIDEST * devicePixelRatio));
  const [up, down] = [colour('up'), colour('down')];
  const at = (value: number | null | undefined): number => Math.round(plot.valToPos(value ?? 0, 'y', true));
  for (const [index, time] of times.entries()) {
    const x = Math.round(plot.valToPos(time, 'x', true));
    const [from, to] = [at(open[index]), at(close[index])];
    ctx.fillStyle = to <= from ? up : down;
    ctx.globalAlpha = isComplete(index) ? 1 : 0.4;
    ctx.fillRect(x - 0.5, at(high[index]), 1, Math.max(1, at(low[index]) - at(high[index])));
    ctx.fillRect(x - width / 2, Math.min(from, to), width, Math.max(1, Math.abs(to - from)));
  }
  ctx.globalAlpha = 1;
}

/** Triangles whose tips are at the price: upwards for a purchase, downwards for a sale. */
function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx } = plot;
  const size = MARK * devicePixelRatio;
  const [buy, sell, edge] = [colour('accent'), colour('compared'), colour('card')];
  ctx.lineWidth = devicePixelRatio;
  ctx.strokeStyle = edge;
  for (const { t, price, side } of marks) {
    const x = plot.valToPos(t, 'x', true);
    const y = plot.valToPos(price, 'y', true);
    const foot = side === 'buy' ? y + size * 1.5 : y - size * 1.5;
    ctx.fillStyle = side === 'buy' ? buy : sell;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x - size, foot);
    ctx.lineTo(x + size, foot);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
}

function draw(plot: uPlot, looks: CandleLooks): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  drawCandles(plot, looks);
  drawMarks(plot, looks.marks());
  ctx.restore();
}

/** Extends the range to trades at prices that the candles do not reach. */
function withMarks(marks: readonly Mark[], low: number, high: number): uPlot.Range.MinMax {
  const prices = marks.map(({ price }) => price);
  return uPlot.rangeNum(Math.min(low, ...prices), Math.max(high, ...prices), 0.1, true);
}

/** Draws candles (open, high, low, close) and the user's trades. A candle that may lack trades is pale. */
export function candleOptions(looks: CandleLooks): ReturnType<ChartOptions['options']> {
  const hidden: uPlot.Series = { paths: () => null, points: { show: false } };
  const { face, stepMs } = looks;
  return {
    tzDate: (at) => inZone(at, face.zone),
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: (_plot, first, last) => [first - stepMs(), last + stepMs()] },
      y: { range: (_plot, low, high) => withMarks(looks.marks(), low, high) },
    },
    axes: [
      axis({ values: named((at, distance) => face.tick(at, distance)) }),
      axis({ size: 64, values: named(axisValue) }),
    ],
    series: [{}, hidden, hidden, hidden, hidden],
    plugins: [{ hooks: { draw: (plot) => draw(plot, looks) } }],
  };
}
