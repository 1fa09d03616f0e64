import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { say } from './say.ts';

const PAGE = join(PACKAGE_ROOT, 'docs', 'operations.md');
/** `parts` has each part with each way to fail, `others` what takes more than that. */
type Table = 'parts' | 'others';

/** What happened in one fault, in words and figures, as the table has it. */
export interface FaultRow {
  what: string;
  how: string;
  readers: string;
  writers: string;
  told: string;
  healed: string;
  lost: string;
}

/** Prints the row, and with `WRITE_TABLE=true` puts it into docs/operations.md, in place of the one for the same fault. */
export function tellRow(table: Table, row: FaultRow): void {
  const line = `| ${[row.what, row.how, row.readers, row.writers, row.told, row.healed, row.lost].join(' | ')} |`;
  say(line);
  if (process.env['WRITE_TABLE'] !== 'true') return;
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = bounds(page, table);
  const rows = page.slice(from, to).trimEnd().split('\n');
  const own = rows.findIndex((each) => each.startsWith(`| ${row.what} | ${row.how} |`));
  if (own < 0) rows.push(line);
  else rows[own] = line;
  writeFileSync(PAGE, `${page.slice(0, from)}${rows.join('\n')}\n${page.slice(to)}`);
}

/** The rows of docs/operations.md. */
export function readRows(table: Table): FaultRow[] {
  const page = readFileSync(PAGE, 'utf8');
  const [, , ...lines] = page
    .slice(...bounds(page, table))
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const [what = '', how = '', readers = '', writers = '', told = '', healed = '', lost = ''] = line
      .slice(2, -2)
      .split(' | ');
    return { what, how, readers, writers, told, healed, lost };
  });
}

function bounds(page: string, table: Table): [from: number, to: number] {
  const [begin, end] = [`<!-- measured: ${table} -->\n`, `<!-- /measured: ${table} -->\n`];
  const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`docs/operations.md has no place for ${table}`);
  return [from, to];
}
