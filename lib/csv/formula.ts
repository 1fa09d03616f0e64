/**
 * What makes a spreadsheet run a cell: `=`, `+`, `-`, `@` and their full-width forms, or a tab or line break before
 * them, which it skips. After any number of apostrophes, so that removing one always restores the original.
 */
const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/;
const NEUTRALISED = /^'+[=+\-@\t\r\n＝＋－＠]/;

/** Text that a spreadsheet shows as it is: an apostrophe is put before what it would take for a formula. */
export function neutralised(text: string): string {
  return RUNS.test(text) ? `'${text}` : text;
}

/** The text that `neutralised` was given. */
export function restored(cell: string): string {
  return NEUTRALISED.test(cell) ? cell.slice(1) : cell;
}
