/** The maximum number of cells in a row, including empty ones. */
export const MAX_COLUMNS = 500;
/**
 * The maximum number of characters in a row, including line breaks in quotes. A row with every field at its
 * maximum length takes a tenth of it.
 */
export const MAX_ROW = 131_072;

/** A row of a CSV text and the line it begins on. */
export interface CsvRow {
  line: number;
  cells: string[];
}

/** Why a text is not CSV, or exceeds the limits. */
export class CsvSyntaxError extends Error {
  /** The line the row begins on. */
  readonly line: number;
  /** Index of the cell, from 0. */
  readonly index: number;

  constructor(line: number, index: number, message: string) {
    super(message);
    this.name = 'CsvSyntaxError';
    this.line = line;
    this.index = index;
  }
}

const QUOTE = 34;
const BREAK = 10;
const RETURN = 13;
const NONE = Infinity;

/**
 * Finds the next occurrence of a character. Positions must not decrease, so that all calls together scan the
 * text once.
 */
class Finder {
  readonly #text: string;
  readonly #character: string;
  #next = -1;

  constructor(text: string, character: string) {
    this.#text = text;
    this.#character = character;
  }

  from(at: number): number {
    if (this.#next < at) {
      const found = this.#text.indexOf(this.#character, at);
      this.#next = found === -1 ? NONE : found;
    }
    return this.#next;
  }
}

/**
 * Splits CSV text (RFC 4180; rows end in `\n` or `\r\n`) as it arrives. Time and memory are linear in the
 * length of the text, whatever its shape: csv-parse has no limit on columns and creates an error with a stack
 * for every row that is shorter or longer than the first.
 */
export class CsvSplitter {
  readonly #delimiter: string;
  #line: number;
  /** The part of a row that is still incomplete. */
  #rest = '';

  /** @param options.line the line the first row begins on */
  constructor({ delimiter, line }: { delimiter: string; line: number }) {
    this.#delimiter = delimiter;
    this.#line = line;
  }

  /**
   * @param piece should not be much shorter than a row
   * @returns the rows that end in this piece
   * @throws CsvSyntaxError
   */
  push(piece: string): CsvRow[] {
    return this.#split(this.#rest + piece, false);
  }

  /**
   * @returns the last row, if no line break ends it
   * @throws CsvSyntaxError
   */
  end(): CsvRow[] {
    return this.#split(this.#rest, true);
  }

  #split(text: string, isLast: boolean): CsvRow[] {
    const find = {
      quote: new Finder(text, '"'),
      delimiter: new Finder(text, this.#delimiter),
      lineBreak: new Finder(text, '\n'),
    };
    const rows: CsvRow[] = [];
    let start = 0;
    while (start < text.length) {
      const cells: string[] = [];
      const end = this.#row(text, start, { find, cells, isLast });
      if ((end ?? text.length) - start > MAX_ROW) {
        const index = end === null ? cells.length : longest(cells);
        const detail = `The row is longer than ${MAX_ROW} characters. Is a quote not closed?`;
        throw new CsvSyntaxError(this.#line, index, detail);
      }
      if (end === null) break;
      rows.push({ line: this.#line, cells });
      this.#line += linesOf(cells);
      start = end;
    }
    this.#rest = text.slice(start);
    return rows;
  }

  /** @returns where the next row begins; `null` if this one is incomplete */
  #row(
    text: string,
    start: number,
    {
      find,
      cells,
      isLast,
    }: { find: Record<'quote' | 'delimiter' | 'lineBreak', Finder>; cells: string[]; isLast: boolean },
  ): number | null {
    for (let at = start; ; at += 1) {
      if (cells.length === MAX_COLUMNS) {
        throw this.#error(cells, `The row has more than ${MAX_COLUMNS} cells.`);
      }
      let end: number;
      if (text.charCodeAt(at) === QUOTE) {
        const cell = quoted(text, at, find.quote);
        if (cell === null) {
          if (isLast) throw this.#error(cells, 'A quote is opened and never closed.');
          return null;
        }
        ({ end } = cell);
        if (end === text.length && !isLast) return null;
        if (text.charCodeAt(end) === RETURN) {
          if (end + 1 === text.length && !isLast) return null;
          if (text.charCodeAt(end + 1) === BREAK) end += 1;
        }
        if (end < text.length && end !== find.delimiter.from(end) && end !== find.lineBreak.from(end)) {
          const detail = 'A quote is closed in the middle of a cell. Write a quote inside a cell twice.';
          throw this.#error(cells, detail);
        }
        cells.push(cell.text);
      } else {
        end = Math.min(find.delimiter.from(at), find.lineBreak.from(at));
        if (find.quote.from(at) < end) throw this.#error(cells, 'A quote is opened in the middle of a cell.');
        if (end === NONE) {
          if (!isLast) return null;
          end = text.length;
        }
        const isReturned = text.charCodeAt(end) === BREAK && end > at && text.charCodeAt(end - 1) === RETURN;
        cells.push(text.slice(at, isReturned ? end - 1 : end));
      }
      if (end >= text.length) return text.length;
      if (text.charCodeAt(end) === BREAK) return end + 1;
      at = end;
    }
  }

  #error(cells: readonly string[], detail: string): CsvSyntaxError {
    return new CsvSyntaxError(this.#line, cells.length, detail);
  }
}

/** A quoted cell and where it ends; `null` if its closing quote has not arrived. */
function quoted(text: string, start: number, quotes: Finder): { text: string; end: number } | null {
  let cell = '';
  for (let from = start + 1; ;) {
    const quote = quotes.from(from);
    if (quote === NONE) return null;
    if (text.charCodeAt(quote + 1) !== QUOTE) return { text: cell + text.slice(from, quote), end: quote + 1 };
    cell += text.slice(from, quote + 1);
    from = quote + 2;
  }
}

function longest(cells: readonly string[]): number {
  const lengths = cells.map(({ length }) => length);
  return lengths.indexOf(Math.max(...lengths));
}

function linesOf(cells: readonly string[]): number {
  let count = 1;
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  }
  return count;
}
