import { problem, type Problem } from '../../problem.ts';

/** Why a file cannot be read at all. */
export const FILE_CODES = [
  'empty-file',
  'no-rows',
  'not-csv',
  'not-text',
  'wrong-encoding',
  'old-workbook',
  'workbook',
] as const;
export type FileCode = (typeof FILE_CODES)[number];

/** The problem for a file that cannot be read as CSV at all. */
export function malformed(line: number, code: FileCode, detail: string, column?: string): Problem {
  const where = column === undefined ? `Line ${line}` : `Line ${line}, column ${column}`;
  return problem('malformed-csv', {
    detail: `${where}: ${detail}`,
    errors: [{ line, ...(column === undefined ? {} : { column }), detail, code, params: {} }],
  });
}
