import type uPlot from 'uplot';
import { axisValue } from '../figures/number.ts';
import { colour } from '../page/palette.ts';
import { axis, bars, named } from './axis.ts';
import type { ChartOptions } from './chart.ts';

/** Draws bars above and below zero, in the reader's colours of gain and loss. `label(index)` names a bar. */
export function barOptions(label: (index: number) => string): ReturnType<ChartOptions['options']> {
  const paths = bars(0.72, 26);
  const series = (name: string): uPlot.Series => ({
    fill: () => colour(name),
    stroke: () => colour(name),
    width: 0,
    ...(paths === undefined ? {} : { paths }),
    points: { show: false },
  });
  return {
    // In place of a left axis, which it does not have: the first label needs the room.
    padding: [null, null, null, 14],
    scales: { x: { time: false, range: (_plot, first, last) => [first - 0.6, last + 0.6] } },
    axes: [
      axis({
        grid: { show: false },
        incrs: [1, 2, 5, 7, 10, 20],
        space: 42,
        values: named((index) => (Number.isInteger(index) ? label(index) : '')),
      }),
      axis({ size: 50, values: named(axisValue) }),
    ],
    series: [{}, series('up'), series('down')],
  };
}
