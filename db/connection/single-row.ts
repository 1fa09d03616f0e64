/** The row that `returning` yields for a statement that touches exactly one. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('a statement that should return a row returned none');
  return row;
}
