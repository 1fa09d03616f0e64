import { problem, type Problem } from '../../problem.ts';

/** A file that cannot be read as CSV at all. */
export function malformed(line: number, detail: string, column?: string): Problem {
  const where = column === undefined ? `Line ${line}` : `Line ${line}, column ${column}`;
  return problem('malformed-csv', {
    detail: `${where}: ${detail}`,
    errors: [{ line, ...(column === undefined ? {} : { column }), detail }],
  });
}
