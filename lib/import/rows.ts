import { setImmediate } from 'node:timers/promises';
import { problem } from '../problem.ts';
import { CellError } from './cell-error.ts';
import { type CsvRow, CsvSplitter, CsvSyntaxError } from './csv-splitter.ts';
import type { RawTrade } from './format.ts';
import { detectFormat, type FileLayout } from './formats.ts';
import type { Zone } from './local-time.ts';
import { decodeText, malformed, type TextEncoding } from './text-encoding.ts';

/** Characters looked at to find the headings. */
const HEAD_CHARACTERS = 32_768;
/** Characters that are split into rows without letting anybody else have a turn. */
const SLICE = 16_384;
/** The same of rows that are read. */
const ROWS_A_TURN = 250;
/** Of a cell that is read: as many tags as there can be, with all that an export adds to them, fit in. */
const MAX_CELL = 16_384;

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
 * Reads a file of trades as it arrives, in bounded memory, and in pieces between which others have a turn, whatever the
 * shape of the file.
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
  let layout: FileLayout;
  try {
    layout = detectFormat(head);
  } catch (error) {
    await text.return();
    throw error;
  }
  const zone = options.zone ?? layout.format.zone(layout.columns);
  return { layout, encoding, zone, rows: rowsOf(head, text, { layout, zone, maxRows: options.maxRows }) };
}

async function* rowsOf(
  head: string,
  text: AsyncGenerator<string, void, undefined>,
  { layout, zone, maxRows }: { layout: FileLayout; zone: Zone | null; maxRows: number },
): AsyncGenerator<ImportRow, void, undefined> {
  const { format, columns, delimiter } = layout;
  const splitter = new CsvSplitter({ delimiter, line: layout.line });
  let rows = -1;
  let sinceTurn = 0;
  try {
    for await (const slice of sliced(fromHeadings(head, text, layout.line), splitter)) {
      for (const { line, cells } of slice) {
        rows += 1;
        if (rows > maxRows) {
          throw problem('payload-too-large', { detail: `The limit is ${maxRows} rows: split the file.` });
        }
        if (line === layout.line || cells.every((cell) => cell.trim() === '')) continue;
        yield { line, ...readingOf(cells) };
        sinceTurn += 1;
        if (sinceTurn % ROWS_A_TURN === 0) await setImmediate();
      }
    }
  } catch (error) {
    throw error instanceof CsvSyntaxError ? syntaxProblem(error, layout) : error;
  }

  function readingOf(cells: readonly string[]): Reading {
    try {
      const surplus = cells.slice(columns.count).findIndex((cell) => cell.trim() !== '');
      if (surplus !== -1) {
        throw new CellError(`#${columns.count + surplus + 1}`, 'has no heading: the row has too many cells');
      }
      const long = columns.longerThan(MAX_CELL, cells);
      if (long !== null) throw new CellError(long, `is longer than ${MAX_CELL} characters`);
      return format.read(cells, columns, zone);
    } catch (error) {
      if (error instanceof CellError) return { error };
      throw error;
    }
  }
}

/** The rows of a text in small slices, each in a turn of its own. */
async function* sliced(
  text: AsyncGenerator<string, void, undefined>,
  splitter: CsvSplitter,
): AsyncGenerator<CsvRow[], void, undefined> {
  let waiting = '';
  for await (const piece of text) {
    waiting += piece;
    let at = 0;
    for (; waiting.length - at >= SLICE; at += SLICE) {
      yield splitter.push(waiting.slice(at, at + SLICE));
      await setImmediate();
    }
    waiting = waiting.slice(at);
  }
  yield splitter.push(waiting);
  yield splitter.end();
}

/** The text from its headings on. */
async function* fromHeadings(
  head: string,
  text: AsyncGenerator<string, void, undefined>,
  line: number,
): AsyncGenerator<string, void, undefined> {
  let at = 0;
  for (let n = 1; n < line; n += 1) at = head.indexOf('\n', at) + 1;
  try {
    yield head.slice(at);
    yield* text;
  } finally {
    // Who stops within the head has not come to the rest.
    await text.return();
  }
}

function syntaxProblem({ line, index, message }: CsvSyntaxError, { columns }: FileLayout): Error {
  return malformed(line, message, columns.headingAt(index) ?? `#${index + 1}`);
}
