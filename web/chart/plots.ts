/** What draws charts: loaded when the first of them is shown. */
export { barOptions } from './bar-options.ts';
export { Chart } from './chart.ts';
export { curveOptions } from './curve-options.ts';
