import type { Readable } from 'node:stream';
import { text as wholeText } from 'node:stream/consumers';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { type CsvColumn, type CsvOptions, csvStream } from '../../lib/csv/csv-stream.ts';
import { commaList } from '../../lib/text/comma-list.ts';
import type { Calendar } from '../../lib/pnl/performance/calendar.ts';

/** How long a client may stop reading a file before it is disconnected: it holds a database connection meanwhile. */
const STALL_MS = 60_000;

/** Text, whole or as a stream. */
const csvText = z
  .custom<string | Readable>()
  .meta({ type: 'string', description: 'CSV in UTF-8, with a row of headings.' });

/** What the declarations of all CSV files have in common. */
export const CSV_RESPONSE = { produces: 'csv', status: 200, response: csvText } as const;

/** The query parameters of every CSV file. @param columns all columns of the file */
export function csvQuery<T extends object>(columns: readonly CsvColumn<T>[]) {
  const names = columns.map(({ name }) => name);
  return {
    bom: z
      .enum(['true', 'false'])
      .default('false')
      .transform((given) => given === 'true')
      .meta({
        type: 'string',
        enum: ['true', 'false'],
        default: 'false',
        description: '`true`: begin with a byte order mark, so that Excel reads the file as UTF-8.',
      }),
    lang: z.enum(['en', 'ko']).default('en').describe('Language of the headings.'),
    columns: z
      .string()
      .max(500)
      .transform(commaList)
      .pipe(z.array(z.enum(names)).min(1))
      .transform((chosen) => chosen.flatMap((name) => columns.filter((column) => column.name === name)))
      .optional()
      .meta({
        type: 'string',
        example: names.slice(0, 3).join(','),
        description: `The columns to write, in order, comma-separated: ${names.map((name) => `\`${name}\``).join(', ')}.`,
      }),
  };
}

/** Names the file by its content and its days: `trades_2026-01-01_2026-03-31.csv`. */
export function nameFile(
  ctx: Context,
  what: string,
  calendar: Calendar,
  days: { first: number | null; last: number },
): void {
  const labelOf = (time: number): string => calendar.periodAt(time, 'day').label;
  const labels = [...(days.first === null ? [] : [labelOf(days.first)]), labelOf(days.last)];
  ctx.set('Content-Disposition', `attachment; filename="${[what, ...labels].join('_')}.csv"`);
}

/** A file that is small enough to be produced at once. */
export async function csvOf<T extends object>(rows: readonly T[], options: CsvOptions<T>): Promise<string> {
  return await wholeText(csvStream([rows], options));
}

/**
 * A file that is produced as fast as the client reads it. The first piece is produced here, so that its errors can
 * still be answered with a problem. `release` is always called at the end.
 */
export async function streamedCsv<T extends object>(
  pages: AsyncGenerator<T[], void, undefined>,
  options: CsvOptions<T>,
  { clock, release }: { clock: Clock; release: () => void },
): Promise<Readable> {
  let first: IteratorResult<T[], void>;
  try {
    first = await pages.next();
  } catch (error) {
    release();
    throw error;
  }
  async function* rest(): AsyncGenerator<T[], void, undefined> {
    for (let next = first; next.done !== true; next = await pages.next()) {
      const cancel = clock.after(STALL_MS, () =>
        stream.destroy(new Error('the client stopped reading the file')),
      );
      try {
        yield next.value;
      } finally {
        cancel();
      }
    }
  }
  const stream = csvStream(rest(), options);
  stream.once('close', () => {
    void pages.return().finally(release);
  });
  return stream;
}
