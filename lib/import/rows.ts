import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { problem } from '../problem.ts';
import { CellError } from './cell-error.ts';
import type { RawTrade } from './format.ts';
import { detectFormat, type FileLayout } from './formats.ts';
import type { Zone } from './local-time.ts';
import { decodeText, malformed, type TextEncoding } from './text-encoding.ts';

/** Characters looked at to find the headings. */
const HEAD_CHARACTERS = 32_768;
/** Of one row, in bytes: every field at its longest takes a tenth of it. */
const MAX_ROW = 131_072;

type Reading = { trade: RawTrade } | { ignored: string } | { error: CellError };

/** A row of the file, and the line that it begins on, from 1. Rows without content are none. */
export type ImportRow = { line: number } & Reading;

export interface ImportFile {
  layout: FileLayout;
  encoding: TextEncoding;
  /** What times without one are taken in; `null` when the file does not tell. */
  zone: Zone | null;
  /** @throws Problem that names line and column, for what is not CSV */
  rows: AsyncGenerator<ImportRow, void, undefined>;
}

/**
 * Reads a file of trades as it arrives, in bounded memory.
 * @param options.charset as named by the sender
 * @param options.zone in the place of the one that the source is known to use
 * @param options.maxRows counts the empty ones too
 * @throws Problem for what is no text, or has no headings that are known; the rows throw 413 for too many of them
 */
export async function readFile(
  source: AsyncIterable<Buffer>,
  options: { charset: TextEncoding | null; zone: Zone | null; maxRows: number },
): Promise<ImportFile> {
  const { encoding, text } = await decodeText(source, options.charset);
  let head = '';
  while (head.length < HEAD_CHARACTERS) {
    const next = await text.next();
    if (next.done === true) break;
    head += next.value;
  }
  const layout = detectFormat(head);
  const zone = options.zone ?? layout.format.zone(layout.columns);
  return { layout, encoding, zone, rows: rowsOf(head, text, { layout, zone, maxRows: options.maxRows }) };
}

async function* rowsOf(
  head: string,
  text: AsyncIterator<string>,
  { layout, zone, maxRows }: { layout: FileLayout; zone: Zone | null; maxRows: number },
): AsyncGenerator<ImportRow, void, undefined> {
  const { format, columns, delimiter } = layout;
  /** Where the row begins that the parser is at, which is ahead of what is read here. */
  let next = layout.line;
  const lineOf = new WeakMap<string[], number>();
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    max_record_size: MAX_ROW,
    on_record(cells: string[]) {
      lineOf.set(cells, next);
      next += 1 + cells.reduce((sum, cell) => sum + breaksIn(cell), 0);
      return cells;
    },
  });
  // Its end and its failure are seen by who reads the parser.
  pipeline(Readable.from(fromHeadings(head, text, layout.line)), parser, () => undefined);
  let rows = -1;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      const line = lineOf.get(cells) ?? next;
      rows += 1;
      if (rows > maxRows) {
        throw problem('payload-too-large', { detail: `The limit is ${maxRows} rows: split the file.` });
      }
      if (line === layout.line || cells.every((cell) => cell.trim() === '')) continue;
      yield { line, ...readingOf(cells) };
    }
  } catch (error) {
    throw error instanceof CsvError ? syntaxProblem(error, next, layout) : error;
  }

  function readingOf(cells: readonly string[]): Reading {
    try {
      const surplus = cells.slice(columns.count).findIndex((cell) => cell.trim() !== '');
      if (surplus !== -1) {
        throw new CellError(`#${columns.count + surplus + 1}`, 'has no heading: the row has too many cells');
      }
      return format.read(cells, columns, zone);
    } catch (error) {
      if (error instanceof CellError) return { error };
      throw error;
    }
  }
}

/** The text from its headings on. */
async function* fromHeadings(
  head: string,
  text: AsyncIterator<string>,
  line: number,
): AsyncGenerator<string> {
  let at = 0;
  for (let n = 1; n < line; n += 1) at = head.indexOf('\n', at) + 1;
  yield head.slice(at);
  for (let next = await text.next(); next.done !== true; next = await text.next()) yield next.value;
}

function breaksIn(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  return count;
}

const REASONS: Partial<Record<CsvError['code'], string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is closed in the middle of a cell: one inside a cell is written twice',
  INVALID_OPENING_QUOTE: 'a quote is opened in the middle of a cell',
};

/** @param line where the row begins that the parser gave up at */
function syntaxProblem(error: CsvError, line: number, { columns }: FileLayout): Error {
  const index = error['index'];
  const heading = typeof index === 'number' ? (columns.headingAt(index) ?? `#${index + 1}`) : undefined;
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    const detail = `the row is longer than ${MAX_ROW} bytes; is a quote not closed?`;
    return malformed(line, detail, heading);
  }
  return malformed(line, REASONS[error.code] ?? 'is not CSV', heading);
}
