import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { readFile } from '../../../lib/import/rows.ts';

/** Rows of a page of an exchange's ledger, at most. */
const MAX_ROWS = 10_000;

/**
 * Reads the rows of an exchange's ledger as the file that the exchange exports of it, so that both come to the
 * same entries, with the same ids. Rows that only a person can explain are left out, and so are moves between
 * the owner's places at the exchange: its balances are the sum of them.
 * @param headings those of the file
 * @param rows a cell for each of them
 */
export async function ledgerEntries(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<RawEntry[]> {
  if (rows.length === 0) return [];
  const text = [headings, ...rows].map((cells) => cells.map(quoted).join(',')).join('\n');
  const file = await readFile(pieces(text), {
    charset: 'utf-8',
    zone: null,
    earliest: 0,
    latest: Infinity,
    maxRows: MAX_ROWS,
  });
  const entries: RawEntry[] = [];
  for await (const row of file.rows) {
    if ('error' in row) throw new AccountError({ code: 'unreadable-answer', reason: 'ledger' });
    if ('entries' in row) entries.push(...row.entries.filter(({ kind }) => kind !== 'transfer'));
  }
  return entries;
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

async function* pieces(text: string): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(text);
}
