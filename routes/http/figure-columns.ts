import type { CsvColumn } from '../../lib/csv/csv-stream.ts';

/** What the descriptions of the CSV endpoints of figures say about their cells. */
export const FIGURE_CSV_DESCRIPTION = 'Times and decimals are as in JSON; unknown values are empty.';

/** A column whose cells are safe as they are: times, decimals and fixed words. */
export function plain<T extends object>(
  name: string,
  korean: string,
  value: CsvColumn<T>['value'],
): CsvColumn<T> {
  return { name, korean, kind: 'plain', value };
}
