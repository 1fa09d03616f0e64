import uPlot from 'uplot';
import { colour } from '../page/palette.ts';

const FONT = '11px system-ui, sans-serif';

/** An instant as uPlot takes it for local time, so that its ticks fall on the hours and days of a zone. */
export function inZone(at: number, zone: string): Date {
  return uPlot.tzDate(new Date(at), zone);
}

/** Bars of this share of their place, and at most so wide. */
export function bars(share: number, widest: number): uPlot.Series.PathBuilder | undefined {
  return uPlot.paths.bars?.({ size: [share, widest] });
}

/** An axis in the theme's colours. */
export function axis(options: uPlot.Axis): uPlot.Axis {
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

/** Names the ticks of an axis by their value and how far they are apart. */
export function named(name: (value: number, distance: number) => string): uPlot.Axis.Values {
  return (_plot, ticks, _axis, _space, distance) => ticks.map((value) => name(value, distance));
}
