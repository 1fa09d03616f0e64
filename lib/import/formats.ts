import { problem } from '../problem.ts';
import { binanceOrdersPage, binanceReport } from './binance.ts';
import { bithumb } from './bithumb.ts';
import { CsvSplitter, CsvSyntaxError } from './csv-splitter.ts';
import type { ImportFormat } from './format.ts';
import { type Columns, type HeadingMatch, headingsOf, matchHeadings } from './headings.ts';
import { marktide } from './marktide.ts';
import { malformed } from './text-encoding.ts';
import { upbit } from './upbit.ts';

const FORMATS: readonly ImportFormat[] = [marktide, upbit, bithumb, binanceReport, binanceOrdersPage];

export const FORMAT_NAMES = ['marktide', 'upbit', 'bithumb', 'binance'] as const;

const DELIMITERS = [',', '\t', ';'];
/** Some exports have titles above their headings. */
const HEAD_LINES = 20;
/** Of a line that is looked at for headings. */
const MAX_HEADING_LINE = 10_000;

/** Where a file's headings are and what they mean. */
export interface FileLayout {
  format: ImportFormat;
  columns: Columns;
  delimiter: string;
  /** The line with the headings, from 1. */
  line: number;
  /** The lines above it. */
  preamble: readonly string[];
}

interface Candidate extends FileLayout {
  match: HeadingMatch;
}

/**
 * Finds out by its headings whose file it is.
 * @param head the beginning of the text; its last line may be cut
 * @throws Problem that names what is missing
 */
export function detectFormat(head: string): FileLayout {
  const lines = head.split(/\r?\n/, HEAD_LINES).map((line) => line.slice(0, MAX_HEADING_LINE));
  const candidates = lines.flatMap((text, index) =>
    DELIMITERS.flatMap((delimiter) =>
      candidatesIn(text, delimiter, index + 1).map((each) => ({ ...each, preamble: lines.slice(0, index) })),
    ),
  );
  const whole = candidates.filter(({ match }) => match.missing.length === 0);
  const [best] = whole.sort((a, b) => b.match.found - a.match.found);
  if (best !== undefined) return best;
  throw unknownHeadings(candidates, lines);
}

function candidatesIn(text: string, delimiter: string, line: number): Omit<Candidate, 'preamble'>[] {
  const cells = cellsOf(text, delimiter);
  if (cells.length < 3) return [];
  const headings = headingsOf(cells);
  return FORMATS.map((format) => {
    const match = matchHeadings(format.columns, headings);
    return { format, match, columns: match.columns, delimiter, line };
  });
}

function cellsOf(line: string, delimiter: string): string[] {
  try {
    const splitter = new CsvSplitter({ delimiter, line: 1 });
    const [row] = [...splitter.push(line), ...splitter.end()];
    return row?.cells ?? [];
  } catch (error) {
    if (error instanceof CsvSyntaxError) return [];
    throw error;
  }
}

function unknownHeadings(candidates: readonly Candidate[], lines: readonly string[]): Error {
  if (candidates.some(({ line }) => /OrderNo/i.test(lines[line - 1] ?? ''))) {
    return malformed(1, "is Binance's order history, which has no fees: export the trade history instead");
  }
  const [nearest] = candidates.toSorted((a, b) => share(b.match) - share(a.match));
  if (nearest !== undefined && share(nearest.match) >= 0.5) {
    const { missing } = nearest.match;
    return problem('malformed-csv', {
      detail: `Line ${nearest.line}: like a file of ${nearest.format.name}, but without ${missing.join(', ')}.`,
      errors: missing.map((column) => ({ line: nearest.line, column, detail: 'is missing' })),
    });
  }
  const known = FORMATS.map(({ name, columns }) => {
    const headings = Object.values(columns).filter(({ optional }) => optional !== true);
    return `${name}: ${headings.map(({ headings: [first] }) => first).join(', ')}`;
  });
  return malformed(1, `has none of the known headings (${known.join('; ')})`);
}

function share({ found, missing }: HeadingMatch): number {
  return found / (found + missing.length);
}
