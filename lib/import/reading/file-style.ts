import { type DecimalMark, markOf } from './amount.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import { type DateOrder, DATE_ORDERS, orderOfDates, type TimeReadings, timeReadings } from './local-time.ts';

/** How a file writes numbers and dates, as far as its cells prove it. */
export interface FileStyle {
  /** `null`: nothing proves it; `mixed`: some cells prove one mark and some the other. */
  decimal: DecimalMark | 'mixed' | null;
  /** Whether there is a comma in a number: no program writes thousands, so a person or a spreadsheet has been at it. */
  hasComma: boolean;
  /** Orders that all dates can have. */
  dateOrders: readonly DateOrder[];
  /** The cells that hold times. */
  times: readonly string[];
}

/** As programs write times, and then their decimals stand behind a point: ISO 8601, or epoch times. */
const MACHINE_TIME = /^(?:\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})|\d{9,19})$/;

/** A number with or without a unit: what is in front of the letters. */
const NUMBER = /^[^\d]{0,8}?([-+]?[\d.,' \u00A0\u202F’]*\d(?:[eE][+-]?\d{1,3})?)/;

/** Looks at the rows of a file's beginning. */
export function styleOf(
  rows: readonly (readonly string[])[],
  {
    spec,
    columns,
    earliest,
    latest,
  }: { spec: ColumnSpec; columns: Columns; earliest: number; latest: number },
): FileStyle {
  const marks = new Set<DecimalMark>();
  const times: TimeReadings[] = [];
  const cells: string[] = [];
  let hasComma = false;
  for (const [name, { holds }] of Object.entries(spec)) {
    if (holds === undefined || !columns.has(name)) continue;
    for (const row of rows) {
      const cell = columns.cell(row, name);
      if (holds === 'time') {
        if (cell !== '') cells.push(cell);
        const readings = timeReadings(cell);
        if (readings !== null) times.push(readings);
      } else {
        const number = NUMBER.exec(cell)?.[1] ?? '';
        hasComma ||= number.includes(',');
        const mark = markOf(number);
        if (mark !== null) marks.add(mark);
      }
    }
  }
  const [mark = null] = marks;
  return {
    decimal: marks.size > 1 ? 'mixed' : mark,
    hasComma,
    times: cells,
    dateOrders: times.length === 0 ? DATE_ORDERS : orderOfDates(times, { earliest, latest }),
  };
}

/** Whether there are times, and all of them have a shape. */
function haveShape(times: readonly string[], shape: RegExp): boolean {
  return times.length > 0 && times.every((time) => shape.test(time));
}

/** Whether a program wrote it, with a point before decimals and nothing between thousands. */
export function isMachineWritten({ times, hasComma }: FileStyle): boolean {
  return !hasComma && haveShape(times, MACHINE_TIME);
}

/** The order of a file's dates; `null` if neither they nor the source tell it. */
export function dateOrderOf(
  { dateOrders, times }: FileStyle,
  usual: { order: DateOrder; shape: RegExp } | null,
): DateOrder | null {
  const [only = null] = dateOrders;
  if (dateOrders.length === 1) return only;
  if (usual === null || !dateOrders.includes(usual.order)) return null;
  return haveShape(times, usual.shape) ? usual.order : null;
}
