import { pipeline, Readable } from 'node:stream';
import { string as quoting } from '@json2csv/formatters';
import { Transform } from '@json2csv/node';
import { TimeSlice } from '../async/time-slice.ts';
import { neutralised } from './formula.ts';

/** A column of a file that is made of values of one kind. */
export interface CsvColumn<T extends object> {
  /** Its English heading, which also names it in a request. */
  name: string;
  korean: string;
  /** `text`: typed by a user, so a spreadsheet might run it as a formula. Numbers, times and codes are written unchanged. */
  kind: 'text' | 'plain';
  /** `null` is an empty cell. */
  value: (row: T) => string | null;
}

/** Which columns, under which headings. */
export interface CsvOptions<T extends object> {
  columns: readonly CsvColumn<T>[];
  lang: 'en' | 'ko';
  /** With a byte order mark, by which Excel recognises UTF-8. */
  bom: boolean;
}

const quoted = quoting();
/**
 * Besides what RFC 4180 names: characters that some spreadsheets take for the end of a cell, and spaces that they would
 * drop.
 */
const TO_QUOTE = /[",;\t\r\n]|^\s|\s$/;

function cell(text: string): string {
  return TO_QUOTE.test(text) ? quoted(text) : text;
}

/** Rows that are written together: a few milliseconds of work. */
const ROWS = 100;

/** Pages cut into pieces, between which others get a turn from time to time. */
async function* pieces<T>(
  pages: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
): AsyncGenerator<readonly T[], void, undefined> {
  const slice = new TimeSlice();
  for await (const page of pages) {
    for (let at = 0; at < page.length; at += ROWS) {
      yield page.length <= ROWS ? page : page.slice(at, at + ROWS);
      if (slice.isOver) await slice.next();
    }
  }
}

/**
 * CSV (RFC 4180, but with plain line feeds) of rows that come in pages, two of which are in memory at most. Destroying
 * it ends the pages too; an error in a page destroys it.
 */
export function csvStream<T extends object>(
  pages: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  { columns, lang, bom }: CsvOptions<T>,
): Readable {
  const fields = columns.map(({ name, korean, kind, value }) => ({
    label: lang === 'ko' ? korean : name,
    value: kind === 'plain' ? value : (row: T) => neutralised(value(row) ?? ''),
  }));
  const rows = Readable.from(pieces(pages), { objectMode: true, highWaterMark: 1 });
  // A page is written as a whole: one chunk per row would cost more than everything else together.
  const text = new Transform<readonly T[], T>(
    {
      fields,
      formatters: { string: cell },
      transforms: [(page: readonly T[]) => page as T[]],
      eol: '\n',
      withBOM: bom,
      includeEmptyRows: true,
    },
    {},
    { writableObjectMode: true, objectMode: true, highWaterMark: 1 },
  );
  // The readable side reports the error.
  pipeline(rows, text, () => undefined);
  return text;
}
