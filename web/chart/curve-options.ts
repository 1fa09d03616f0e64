import type uPlot from 'uplot';
import type { ClockFace } from '../figures/clock-face.ts';
import { axisValue } from '../figures/number.ts';
import { colour } from '../page/palette.ts';
import { axis, inZone, named } from './axis.ts';
import type { ChartOptions } from './chart.ts';

/** From a peak to the following trough. */
export interface Span {
  from: number;
  to: number;
}

/** Marks the largest loss behind the curve. */
function drawSpan(plot: uPlot, span: Span | null): void {
  if (span === null) return;
  const { ctx, bbox } = plot;
  const from = Math.max(plot.valToPos(span.from, 'x', true), bbox.left);
  const to = Math.min(plot.valToPos(span.to, 'x', true), bbox.left + bbox.width);
  if (to <= from) return;
  ctx.save();
  ctx.fillStyle = colour('down', 0.12);
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.restore();
}

/** Draws the equity curve; a second series is what it is compared with. */
export function curveOptions(
  series: number,
  face: ClockFace,
  drawdown: () => Span | null,
): ReturnType<ChartOptions['options']> {
  const own: uPlot.Series = {
    stroke: () => colour('accent'),
    fill: () => colour('accent', 0.08),
    width: 1.75,
    points: { show: false },
  };
  const compared: uPlot.Series = {
    stroke: () => colour('compared'),
    width: 1.25,
    dash: [4, 3],
    points: { show: false },
  };
  return {
    tzDate: (at) => inZone(at, face.zone),
    axes: [
      axis({ values: named((at, distance) => face.tick(at, distance)) }),
      axis({ size: 58, values: named(axisValue) }),
    ],
    plugins: [{ hooks: { drawClear: (plot) => drawSpan(plot, drawdown()) } }],
    series: [{}, own, ...(series < 2 ? [] : [compared])],
  };
}
