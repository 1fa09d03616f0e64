import { type DecimalMark, markOf } from './amount.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import {
  type DateOrder,
  DATE_ORDERS,
  formOf,
  orderOfDates,
  type TimeReadings,
  timeReadings,
} from './local-time.ts';

/** How a file writes numbers and dates, as far as its cells prove it. */
export interface FileStyle {
  /** `null` if nothing proves it; `mixed` if some cells prove one mark and some the other. */
  decimal: DecimalMark | 'mixed' | null;
  /** Of `mixed`: the first number that proves each mark. */
  proofs: readonly string[];
  /**
   * Whether a number contains a comma. Programs do not group thousands, so a person or a spreadsheet has
   * edited it.
   */
  hasComma: boolean;
  /** The orders that all dates allow. */
  dateOrders: readonly DateOrder[];
  /** Whether some dates begin with the year and others end with it. */
  hasMixedDates: boolean;
  /** The cells that hold times. */
  times: readonly string[];
}

/** Times as programs write them, which then use decimal points too: ISO 8601 or epoch times. */
const MACHINE_TIME = /^(?:\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})|\d{9,19})$/;

/** A number with or without a unit: the part before the letters. */
const NUMBER = /^[^\d]{0,8}?([-+]?[\d.,' \u00A0\u202F’]*\d(?:[eE][+-]?\d{1,3})?)/;

/** Examines the first rows of a file. */
export function styleOf(
  rows: readonly (readonly string[])[],
  {
    spec,
    columns,
    earliest,
    latest,
  }: { spec: ColumnSpec; columns: Columns; earliest: number; latest: number },
): FileStyle {
  const marks = new Map<DecimalMark, string>();
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
        if (mark !== null && !marks.has(mark)) marks.set(mark, number.trim());
      }
    }
  }
  const [mark = null] = marks.keys();
  return {
    decimal: marks.size > 1 ? 'mixed' : mark,
    proofs: marks.size > 1 ? [...marks.values()] : [],
    hasComma,
    times: cells,
    hasMixedDates: new Set(cells.map(formOf).filter((form) => form !== null)).size > 1,
    dateOrders: times.length === 0 ? DATE_ORDERS : orderOfDates(times, { earliest, latest }),
  };
}

/** Whether there are times, and all of them match `shape`. */
function haveShape(times: readonly string[], shape: RegExp): boolean {
  return times.length > 0 && times.every((time) => shape.test(time));
}

/** Whether a program wrote the file, so that points are decimal marks and nothing separates thousands. */
export function isMachineWritten({ times, hasComma }: FileStyle): boolean {
  return !hasComma && haveShape(times, MACHINE_TIME);
}

/** The order of the file's dates; `null` if neither they nor the source determine it. */
export function dateOrderOf(
  { dateOrders, times }: FileStyle,
  usual: { order: DateOrder; shape: RegExp } | null,
): DateOrder | null {
  const [only = null] = dateOrders;
  if (dateOrders.length === 1) return only;
  if (usual === null || !dateOrders.includes(usual.order)) return null;
  return haveShape(times, usual.shape) ? usual.order : null;
}
