/**
 * What can be wrong with a cell. Together with the parameters, a code is enough to write the text in another
 * language.
 */
export const CELL_CODES = [
  'empty',
  'not-a-number',
  'ambiguous-number',
  'contradicting-numbers',
  'unknown-unit',
  'not-a-time',
  'ambiguous-date',
  'day-number',
  'skipped-time',
  'repeated-time',
  'zone-conflict',
  'no-time-zone',
  'too-early',
  'unknown-side',
  'unknown-asset',
  'not-a-pair',
  'wrong-value',
  'total-mismatch',
  'too-long',
  'too-many-cells',
] as const;
export type CellCode = (typeof CELL_CODES)[number];

/** What is wrong with a cell; becomes the reason why its row is rejected. */
export class CellError extends Error {
  /** The heading, as the file spells it. */
  readonly column: string;
  readonly code: CellCode;
  readonly detail: string;
  readonly params: Readonly<Record<string, string>>;

  constructor(column: string, code: CellCode, detail: string, params: Readonly<Record<string, string>> = {}) {
    super(`${column} ${detail}`);
    this.name = 'CellError';
    this.column = column;
    this.code = code;
    this.detail = detail;
    this.params = params;
  }
}
