import type uPlot from 'uplot';
import type { ClockFace } from '../figures/clock-face.ts';
import { axisValue } from '../figures/number.ts';
import { colour } from '../page/palette.ts';
import { axis, inZone, named } from './axis.ts';
import type { ChartOptions } from './chart.ts';

/** How the equity curve is drawn; a second series is what it is compared with. */
export function curveOptions(series: number, face: ClockFace): ReturnType<ChartOptions['options']> {
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
    series: [{}, own, ...(series < 2 ? [] : [compared])],
  };
}
