import { problem } from '../problem.ts';
import { TimeSlice } from '../async/time-slice.ts';
import type { DecimalMark } from './reading/amount.ts';
import { CellError } from './reading/cell-error.ts';
import { type CsvRow, CsvSplitter, CsvSyntaxError } from './reading/csv-splitter.ts';
import { dateOrderOf, isMachineWritten, styleOf } from './reading/file-style.ts';
import type { GroupReading, ImportFormat, RowReading } from './reading/format.ts';
import { detectFormat, type FileLayout } from './layouts/formats.ts';
import { type DateOrder, isSameZone, type Zone } from './reading/local-time.ts';
import { isPasted, pastedRows } from './reading/pasted-cells.ts';
import { type ReadingTerms, Row } from './reading/row.ts';
import { malformed } from './reading/malformed.ts';
import { decodeText, type FileEncoding, type TextEncoding } from './reading/text-encoding.ts';

/** Characters looked at to find the headings. */
const HEAD_CHARACTERS = 32_768;
/** Characters that are split into rows at once. */
const PIECE = 16_384;
/** Of a cell that is read: as many tags as there can be, with all that an export adds to them, fit in. */
const MAX_CELL = 16_384;

/** Rows that are read together at most: no second of an exchange has more, and no event. */
const MAX_GROUP = 2_000;

type Reading = RowReading | { error: CellError };

/**
 * A row of the file, or several that say one thing: the line that the first begins on, from 1, and how many there are.
 * Rows without content are none.
 */
export type ImportRow = { line: number; rows: number } & Reading;

export interface ImportFile {
  layout: FileLayout;
  encoding: FileEncoding;
  /** What times without one are taken in; `null` when the file does not tell. */
  zone: Zone | null;
  /** @throws Problem that names line and column, for what is not CSV */
  rows: AsyncGenerator<ImportRow, void, undefined>;
}

export interface ReadOptions {
  /** As named by the sender. */
  charset: TextEncoding | null;
  /** In the place of the one that the source is known to use. */
  zone: Zone | null;
  /** The layout, as the sender has mapped it; left out: the headings tell. */
  format?: ImportFormat | null;
  /** As the sender says, for a file that does not prove it. */
  decimal?: DecimalMark | null;
  dateOrder?: DateOrder | null;
  /** Epoch milliseconds: times before and after are not plausible. */
  earliest: number;
  latest: number;
  /** The empty ones count too. */
  maxRows: number;
}

/**
 * Reads a file of trades as it arrives, in bounded memory, and in pieces between which others have a turn, whatever the
 * shape of the file.
 * @throws Problem for what is no text, or has no headings that are known; the rows throw 413 for too many of them
 */
export async function readFile(source: AsyncIterable<Buffer>, options: ReadOptions): Promise<ImportFile> {
  const { encoding, text: decoded } = await decodeText(source, options.charset);
  let head = await headOf(decoded);
  let text = decoded;
  // A carriage return alone ends lines in files that have no line feed at all.
  if (head.includes('\r') && !head.includes('\n')) {
    head = head.replaceAll('\r', '\n');
    text = returnsAsFeeds(decoded);
  }
  try {
    if (isPasted(head)) {
      text = pastedRows(joined(head, text));
      head = await headOf(text);
    }
    const layout = detectFormat(head, options.format ?? null);
    const terms = termsOf(head, layout, options);
    return {
      layout,
      encoding,
      zone: terms.zone,
      rows: endingWith(decoded, rowsOf(head, text, { layout, terms, maxRows: options.maxRows })),
    };
  } catch (error) {
    await text.return();
    await decoded.return();
    throw error;
  }
}

async function headOf(text: AsyncGenerator<string, void, undefined>): Promise<string> {
  let head = '';
  while (head.length < HEAD_CHARACTERS) {
    const next = await text.next();
    if (next.done === true) break;
    head += next.value;
  }
  return head;
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  yield head;
  yield* rest;
}

/** Ends a text when its rows end: what is between the two may not have begun to read it. */
async function* endingWith<T>(
  text: AsyncGenerator<string, void, undefined>,
  rows: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* rows;
  } finally {
    await text.return();
  }
}

async function* returnsAsFeeds(
  text: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  for await (const piece of text) yield piece.replaceAll('\r', '\n');
}

/** @throws Problem when the file contradicts what the sender says about it */
function termsOf(head: string, layout: FileLayout, options: ReadOptions): ReadingTerms {
  const { format, columns, preamble } = layout;
  const { latest } = options;
  const earliest = Math.max(options.earliest, format.since ?? 0);
  const rows = headRows(head, layout);
  const style = styleOf(rows, { spec: format.columns, columns, earliest, latest });
  const own =
    timeColumns(layout)
      .map((name) => columns.zone(name))
      .find((zone) => zone !== null) ?? null;
  if (own !== null && options.zone !== null && !isSameZone(own, options.zone)) {
    throw contradiction('tz', `one of its headings says ${own.name}`);
  }
  const { decimal: saidDecimal = null, dateOrder: saidOrder = null } = options;
  if (saidDecimal !== null && style.decimal !== null && style.decimal !== saidDecimal) {
    throw contradiction('decimal', 'its numbers have the other one');
  }
  if (saidOrder !== null && !style.dateOrders.includes(saidOrder)) {
    throw contradiction('dateOrder', `its dates have ${style.dateOrders.join(' or ') || 'several'}`);
  }
  const told = style.decimal ?? saidDecimal ?? format.decimal;
  const isPlain = told === null && isMachineWritten(style);
  return {
    zone: own ?? options.zone ?? format.zone(columns, preamble),
    decimal: told === 'mixed' ? null : isPlain ? '.' : told,
    isPlain,
    dateOrder: saidOrder ?? dateOrderOf(style, format.dates),
    earliest,
    preamble,
  };
}

function contradiction(parameter: string, detail: string): Error {
  return problem('unprocessable-entry', {
    errors: [{ parameter, detail: `contradicts the file: ${detail}` }],
  });
}

function timeColumns({ format, columns }: FileLayout): string[] {
  return Object.keys(format.columns).filter(
    (name) => format.columns[name]?.holds === 'time' && columns.has(name),
  );
}

/** Rows that tell how a file writes numbers and times: there may be a row in every character. */
const HEAD_ROWS = 2_000;

/** The first rows of a file that are not empty, without the last one, which may be cut. */
function headRows(head: string, { delimiter, line }: FileLayout): string[][] {
  const splitter = new CsvSplitter({ delimiter, line });
  try {
    const rows = splitter.push(head.slice(0, HEAD_CHARACTERS).slice(startOf(head, line)));
    const all = head.length < HEAD_CHARACTERS ? [...rows, ...splitter.end()] : rows;
    const cells = all.slice(1).map((row) => row.cells);
    return cells.filter((row) => row.some((cell) => cell.trim() !== '')).slice(0, HEAD_ROWS);
  } catch (error) {
    // Told when the row is read.
    if (error instanceof CsvSyntaxError) return [];
    throw error;
  }
}

function startOf(head: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n += 1) at = head.indexOf('\n', at) + 1;
  return at;
}

async function* rowsOf(
  head: string,
  text: AsyncGenerator<string, void, undefined>,
  { layout, terms, maxRows }: { layout: FileLayout; terms: ReadingTerms; maxRows: number },
): AsyncGenerator<ImportRow, void, undefined> {
  const { format, columns, delimiter } = layout;
  const splitter = new CsvSplitter({ delimiter, line: layout.line });
  let rows = -1;
  let isEmpty = true;
  let key: string | null = null;
  let group: Row[] = [];
  const { group: keyOf } = format;
  const slice = new TimeSlice();
  try {
    for await (const some of piecesOf(fromHeadings(head, text, layout.line), splitter)) {
      for (const { line, cells } of some) {
        rows += 1;
        if (rows > maxRows) {
          throw problem('payload-too-large', { detail: `The limit is ${maxRows} rows. Split the file.` });
        }
        if (line === layout.line || cells.every((cell) => cell.trim() === '')) continue;
        isEmpty = false;
        const row = new Row(line, cells, columns, terms);
        const next = keyOf === undefined ? null : keyOf(row);
        if (next === null || next !== key || group.length === MAX_GROUP) {
          yield* readingsOf(group);
          group = [];
        }
        key = next;
        group.push(row);
        if (slice.isOver) await slice.next();
      }
    }
    yield* readingsOf(group);
  } catch (error) {
    throw error instanceof CsvSyntaxError ? syntaxProblem(error, layout) : error;
  }
  if (isEmpty) throw malformed(layout.line, 'There are headings, but no rows below them.');

  function* readingsOf(group: readonly Row[]): Generator<ImportRow, void, undefined> {
    const [first, ...others] = group;
    if (first === undefined) return;
    let readings: GroupReading[];
    try {
      for (const row of group) check(row);
      readings = format.read([first, ...others]);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      // What belongs together is booked together, or not at all.
      for (const { line } of group) yield { line, rows: 1, error };
      return;
    }
    for (const { rows, reading } of readings) {
      yield { line: Math.min(...rows.map(({ line }) => line)), rows: rows.length, ...reading };
    }
  }

  /** @throws CellError for a row that no format has */
  function check({ cells }: Row): void {
    const surplus = cells.slice(columns.count).findIndex((cell) => cell.trim() !== '');
    if (surplus !== -1) {
      const detail = 'has no heading: the row has too many cells';
      throw new CellError(`#${columns.count + surplus + 1}`, 'too-many-cells', detail);
    }
    const long = columns.longerThan(MAX_CELL, cells);
    if (long !== null) throw new CellError(long, 'too-long', `is longer than ${MAX_CELL} characters`);
  }
}

/** The rows of a text, a few at a time: there may be a row in every character. */
async function* piecesOf(
  text: AsyncGenerator<string, void, undefined>,
  splitter: CsvSplitter,
): AsyncGenerator<CsvRow[], void, undefined> {
  const slice = new TimeSlice();
  let waiting = '';
  for await (const piece of text) {
    waiting += piece;
    let at = 0;
    for (; waiting.length - at >= PIECE; at += PIECE) {
      yield splitter.push(waiting.slice(at, at + PIECE));
      if (slice.isOver) await slice.next();
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
  try {
    yield head.slice(startOf(head, line));
    yield* text;
  } finally {
    // Who stops within the head has not come to the rest.
    await text.return();
  }
}

function syntaxProblem({ line, index, message }: CsvSyntaxError, { columns }: FileLayout): Error {
  return malformed(line, message, columns.headingAt(index) ?? `#${index + 1}`);
}
