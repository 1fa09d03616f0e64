import { problem } from '../../problem.ts';
import { binanceOrdersPage, binanceReport } from './binance.ts';
import { binanceConvert, binanceStatement } from './binance-statement.ts';
import { binanceFiat, binanceTransfers } from './binance-transfers.ts';
import { bithumb } from './bithumb.ts';
import { bybitSpot, bybitUta } from './bybit.ts';
import { coinbase, coinbasePro } from './coinbase.ts';
import { coinone } from './coinone.ts';
import { CsvSplitter, CsvSyntaxError } from '../reading/csv-splitter.ts';
import { type Export, EXPORTS, type ImportFormat } from '../reading/format.ts';
import { gate } from './gate.ts';
import {
  type Columns,
  type HeadingMatch,
  headingsOf,
  matchHeadings,
  similarHeading,
} from '../reading/headings.ts';
import { krakenLedgers, krakenTrades } from './kraken.ts';
import { kucoinOld, kucoinTrades, kucoinTransfers } from './kucoin.ts';
import { marktide } from './marktide.ts';
import { okxTrading, okxTradingOld, okxWithdrawals } from './okx.ts';
import { ownEntries } from './own-entries.ts';
import { cointracking, koinly } from './tax-tools.ts';
import { sourceName } from '../reading/source-names.ts';
import { upbit } from './upbit.ts';

const FORMATS: readonly ImportFormat[] = [
  marktide,
  ownEntries,
  upbit,
  bithumb,
  coinone,
  binanceReport,
  binanceOrdersPage,
  binanceStatement,
  binanceConvert,
  binanceTransfers,
  binanceFiat,
  bybitSpot,
  bybitUta,
  okxTrading,
  okxTradingOld,
  okxWithdrawals,
  coinbase,
  coinbasePro,
  krakenLedgers,
  krakenTrades,
  kucoinTrades,
  kucoinOld,
  kucoinTransfers,
  gate,
  koinly,
  cointracking,
];

/** What can be imported, as people know it: this program first. */
export const SOURCE_NAMES = [...new Set(FORMATS.map(({ name }) => sourceName(name)))];
const SOURCES = SOURCE_NAMES.join(', ');
const KNOWN_NAMES = [...new Set(FORMATS.map(({ name }) => name))];
export const FORMAT_NAMES = [...KNOWN_NAMES, 'mapping'];

/**
 * Files of known exchanges that are not supported, by headings that only they have, and what to use instead.
 */
const REFUSED: readonly Refused[] = [
  {
    headings: ['OrderNo', 'Order Price', 'Order Amount'],
    exchange: 'binance',
    code: 'order-history',
    is: 'the order history, which has no fees',
    instead: 'trade-history',
  },
  {
    headings: ['Closed P&L'],
    exchange: 'bybit',
    code: 'futures',
    is: 'a list of closed positions of futures, which are not booked',
    instead: 'spot-fills',
  },
  {
    headings: ['Date Sold', 'Date Acquired', 'Proceeds'],
    exchange: 'koinly',
    code: 'tax-report',
    is: 'a tax report, whose amounts are not those of the account',
    instead: 'transactions',
  },
  {
    headings: ['Date of Acquisition', 'Date of Sale', 'Proceeds'],
    exchange: 'cointracking',
    code: 'tax-report',
    is: 'a tax report, whose amounts are not those of the account',
    instead: 'transactions',
  },
];

interface Refused {
  headings: readonly string[];
  exchange: string;
  code: string;
  is: string;
  instead: Export;
}

const DELIMITERS = [',', '\t', ';'];
/** Some exports have titles above their headings. */
const HEAD_LINES = 20;
/** The maximum length of a line that is searched for headings. */
const MAX_HEADING_LINE = 10_000;

/** Where a file's headings are and what they mean. */
export interface FileLayout {
  format: ImportFormat;
  columns: Columns;
  delimiter: string;
  /** The line of the headings, from 1. */
  line: number;
  /** The lines above it. */
  preamble: readonly string[];
}

interface Candidate extends FileLayout {
  match: HeadingMatch;
}

/**
 * Finds the source of a file by its headings.
 * @param head the beginning of the text; its last line may be cut off
 * @param mapped the format to use, if the client has mapped the columns
 * @throws Problem that names the missing headings
 */
export function detectFormat(head: string, mapped: ImportFormat | null): FileLayout {
  const formats = mapped === null ? FORMATS : [mapped];
  const lines = head.split(/\r?\n/, HEAD_LINES).map((line) => line.slice(0, MAX_HEADING_LINE));
  const candidates = lines.flatMap((text, index) =>
    DELIMITERS.flatMap((delimiter) =>
      candidatesIn(text, { delimiter, line: index + 1, formats }).map((each) => ({
        ...each,
        preamble: lines.slice(0, index),
      })),
    ),
  );
  const whole = candidates.filter(({ match }) => match.missing.length === 0);
  const [best] = whole.sort((a, b) => b.match.found - a.match.found);
  refuseKnown(best, lines);
  if (best !== undefined && best.match.rivals.length > 0) throw rivalColumns(best);
  if (best !== undefined) return best;
  throw unknownHeadings(candidates, lines);
}

function candidatesIn(
  text: string,
  { delimiter, line, formats }: { delimiter: string; line: number; formats: readonly ImportFormat[] },
): Omit<Candidate, 'preamble'>[] {
  const cells = cellsOf(text, delimiter);
  if (cells.length < 3) return [];
  const headings = headingsOf(cells);
  return formats.map((format) => {
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

/** @throws Problem that says which export to use instead, if the product is not supported */
function refuseKnown(best: Candidate | undefined, lines: readonly string[]): void {
  const foreign = best?.format.foreign;
  const heading = foreign === undefined ? undefined : best?.columns.headingLike(foreign.headings);
  if (best !== undefined && foreign !== undefined && heading !== undefined) {
    const exchange = best.format.name.split('-')[0] ?? '';
    const is =
      foreign.code === 'futures'
        ? `a file with the column ${heading}, which spot trades do not have`
        : `a tax report (it has the column ${heading}), whose amounts are not those of the account`;
    throw refusal(best.line, { code: foreign.code, exchange, is, instead: foreign.instead });
  }
  if (best !== undefined) return;
  for (const [index, text] of lines.entries()) {
    for (const { headings, ...refused } of REFUSED) {
      if (headings.every((heading) => text.includes(heading))) throw refusal(index + 1, refused);
    }
  }
}

function refusal(line: number, { code, exchange, is, instead }: Omit<Refused, 'headings'>): Error {
  const detail = `is of ${exchange}: ${is}. Export ${EXPORTS[instead]} instead`;
  return problem('malformed-csv', {
    detail: `Line ${line} ${detail}.`,
    errors: [{ line, detail, code, params: { exchange, instead } }],
  });
}

/**
 * A file with two columns for one figure does not have the layout, whatever else matches: it is of futures,
 * or was edited by hand.
 */
function rivalColumns({ line, format: { name }, match: { rivals } }: Candidate): Error {
  const [column = ''] = rivals;
  const columns = rivals.join(', ');
  const detail = `has the columns ${rivals.join(' and ')}, of which a file of ${sourceName(name)} has only one: it may be of futures, which are not booked. Export the spot history instead, or map the columns of the file (\`POST /v1/import-mappings\`)`;
  return problem('malformed-csv', {
    detail: `Line ${line} ${detail}.`,
    errors: [{ line, column, detail, code: 'rival-columns', params: { format: name, columns } }],
  });
}

/** A file is meant to have a layout if it has this share of the required columns … */
const NEAR = 0.6;
/** … and lacks at most this many. */
const FEW_MISSING = 2;

function unknownHeadings(candidates: readonly Candidate[], lines: readonly string[]): Error {
  const near = candidates
    .filter(({ match }) => match.found > match.missing.length)
    .toSorted((a, b) => share(b.match) - share(a.match));
  for (const each of near) refuseKnown(each, lines);
  const [nearest] = near;
  if (nearest !== undefined && share(nearest.match) >= NEAR && nearest.match.missing.length <= FEW_MISSING) {
    const { missing } = nearest.match;
    return problem('malformed-csv', {
      detail: `Line ${nearest.line} has headings of a file of ${sourceName(nearest.format.name)} (\`${nearest.format.name}\`), but not these: ${missing.join(', ')}. Add them, or map the columns of the file (\`POST /v1/import-mappings\`).`,
      errors: missing.map((column) => {
        const similar = similarHeading(column, nearest.columns.headings);
        const params = { format: nearest.format.name };
        const at = { line: nearest.line, column };
        if (similar === undefined) return { ...at, detail: 'is missing', code: 'missing-column', params };
        const detail = `is missing, but there is \`${similar}\`: correct it if that is meant`;
        return { ...at, detail, code: 'similar-column', params: { ...params, similar } };
      }),
    });
  }
  const detail = `does not have the headings of a file that can be imported (of ${SOURCES}): export one of these and leave its headings as they are, or map the columns of the file (\`POST /v1/import-mappings\`)`;
  return problem('malformed-csv', {
    detail: `Line 1 ${detail}.`,
    errors: [{ line: 1, detail, code: 'unknown-headings', params: { sources: SOURCES } }],
  });
}

function share({ found, missing }: HeadingMatch): number {
  return found / (found + missing.length);
}
