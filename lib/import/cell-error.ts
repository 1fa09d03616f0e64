/** What is wrong with a cell: becomes the reason why its row is rejected. */
export class CellError extends Error {
  /** The heading, as the file spells it. */
  readonly column: string;
  readonly detail: string;

  constructor(column: string, detail: string) {
    super(`${column} ${detail}`);
    this.name = 'CellError';
    this.column = column;
    this.detail = detail;
  }
}
