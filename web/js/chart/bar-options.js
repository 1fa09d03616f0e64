import { axisValue } from '../number.js';
import { colour } from '../palette.js';
import { axis, bars } from './chart.js';

/** Bars above and below zero, in the reader's colours of gain and loss. `label(index)` names a bar. */
export function barOptions(label) {
  const series = (name) => ({
    fill: () => colour(name),
    stroke: () => colour(name),
    width: 0,
    paths: bars(0.72, 26),
    points: { show: false },
  });
  return {
    scales: { x: { time: false, range: (_plot, first, last) => [first - 0.6, last + 0.6] } },
    axes: [
      axis({
        grid: { show: false },
        incrs: [1, 2, 5, 7, 10, 20],
        space: 42,
        values: (_plot, ticks) => ticks.map((index) => (Number.isInteger(index) ? label(index) : '')),
      }),
      axis({
        size: 50,
        values: (_plot, ticks, _axis, _space, distance) => ticks.map((value) => axisValue(value, distance)),
      }),
    ],
    series: [{}, series('up'), series('down')],
  };
}
