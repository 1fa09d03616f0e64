/** Everything that draws charts, loaded when the first one is shown. */
export { barOptions } from './bar-options.ts';
export { Chart } from './chart.ts';
export { curveOptions } from './curve-options.ts';
export { candleOptions } from './candle-options.ts';
