import { GENESIS } from '../../../lib/epoch.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { zoneOf } from '../../../lib/import/reading/local-time.ts';
import { type ImportRow, readFile, type ReadOptions } from '../../../lib/import/rows.ts';

type Options = Partial<Omit<ReadOptions, 'zone'>> & { tz?: string };

async function* one(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** What becomes of each row of a file. */
export async function readText(text: string, { tz, ...options }: Options = {}): Promise<ImportRow[]> {
  const file = await readFile(one(text), {
    charset: null,
    zone: tz === undefined ? null : zoneOf(tz),
    earliest: GENESIS,
    latest: Date.UTC(2027, 0, 1),
    maxRows: 1_000,
    ...options,
  });
  const rows: ImportRow[] = [];
  for await (const row of file.rows) rows.push(row);
  return rows;
}

function textOf(entry: RawEntry): string {
  const { kind, quantity } = entry;
  if (kind === 'trade') {
    const isFree = entry.fee === undefined || /^0(\.0*)?$/.test(entry.fee.amount);
    const fee = isFree ? '' : ` fee ${entry.fee?.amount} ${entry.fee?.currency}`;
    return `${entry.side} ${entry.symbol} ${quantity}${fee}`;
  }
  const { asset, subtype, from = [], account, toAccount, fee } = entry;
  if (kind === 'convert') {
    const given = from.map((source) => `${source.asset} ${source.quantity}`).join(', ');
    return `convert ${given} to ${asset} ${quantity}`;
  }
  const where = kind === 'transfer' ? ` from ${account} to ${toAccount}` : '';
  const cost = fee === undefined ? '' : ` fee ${fee.amount} ${fee.currency}`;
  return `${kind} ${asset} ${quantity}${subtype === undefined ? '' : ` (${subtype})`}${where}${cost}`;
}

/** The same in short: `buy BTC/EUR 1`, `? unknown-kind BTC -1`, `- not-completed`, `! fee ambiguous-number`. */
export async function inShort(text: string, options: Options = {}): Promise<string[]> {
  return (await readText(text, options)).map((row) => {
    if ('entries' in row) return row.entries.map(textOf).join(' + ');
    if ('ignored' in row) return `- ${row.ignored}`;
    if ('error' in row) return `! ${row.error.column} ${row.error.code}`;
    const { code, options: choices } = row.decision;
    const what = choices.map(({ id, entries }) => (entries.length === 0 ? '' : id)).filter((id) => id !== '');
    return `? ${code} ${what.join(' or ')}`;
  });
}
