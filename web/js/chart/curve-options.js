import { axisValue } from '../number.js';
import { colour } from '../palette.js';
import { axis, inZone } from './chart.js';

/** How the equity curve is drawn; a second series is what it is compared with. */
export function curveOptions(series, face) {
  const own = {
    stroke: () => colour('accent'),
    fill: () => colour('accent', 0.08),
    width: 1.75,
    points: { show: false },
  };
  const compared = {
    stroke: () => colour('compared'),
    width: 1.25,
    dash: [4, 3],
    points: { show: false },
  };
  const labels = (label) => (_plot, ticks, _axis, _space, distance) => ticks.map((at) => label(at, distance));
  return {
    tzDate: (at) => inZone(at, face.zone),
    axes: [
      axis({ values: labels((at, distance) => face.tick(at, distance)) }),
      axis({ size: 58, values: labels(axisValue) }),
    ],
    series: [{}, own, ...(series < 2 ? [] : [compared])],
  };
}
