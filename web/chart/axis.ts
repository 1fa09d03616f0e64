import uPlot from 'uplot';
import { colour } from '../page/palette.ts';

const FONT = '11px system-ui, sans-serif';

/**
 * An instant shifted so that uPlot, which shows local time, puts its ticks on the hours and days of a zone.
 */
export function inZone(at: number, zone: string): Date {
  return uPlot.tzDate(new Date(at), zone);
}

/** The width of bars: a share of the slot, and a maximum in pixels. */
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

/** Labels the ticks of an axis by their value and their distance. */
export function named(name: (value: number, distance: number) => string): uPlot.Axis.Values {
  return (_plot, ticks, _axis, _space, distance) => ticks.map((value) => name(value, distance));
}
