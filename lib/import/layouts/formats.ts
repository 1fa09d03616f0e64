import { problem } from '../../problem.ts';
import { binanceOrdersPage, binanceReport } from './binance.ts';
import { binanceConvert, binanceStatement } from './binance-statement.ts';
import { binanceFiat, binanceTransfers } from './binance-transfers.ts';
import { bithumb } from './bithumb.ts';
import { bybitSpot, bybitUta } from './bybit.ts';
import { coinbase, coinbasePro } from './coinbase.ts';
import { coinone } from './coinone.ts';
import { CsvSplitter, CsvSyntaxError } from '../reading/csv-splitter.ts';
import type { ImportFormat } from '../reading/format.ts';
import { gate } from './gate.ts';
import { type Columns, type HeadingMatch, headingsOf, matchHeadings } from '../reading/headings.ts';
import { krakenLedgers, krakenTrades } from './kraken.ts';
import { kucoinOld, kucoinTrades, kucoinTransfers } from './kucoin.ts';
import { marktide } from './marktide.ts';
import { okxTrading, okxTradingOld, okxWithdrawals } from './okx.ts';
import { ownEntries } from './own-entries.ts';
import { cointracking, koinly } from './tax-tools.ts';
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

export const FORMAT_NAMES = [...new Set(FORMATS.map(({ name }) => name)), 'mapping'];

/** What a file of a known exchange is that is not taken, by headings that only it has, and what to take instead. */
const REFUSED: readonly {
  headings: readonly string[];
  is: string;
  instead: string;
  code: string;
  exchange: string;
}[] = [
  {
    headings: ['OrderNo', 'Order Price', 'Order Amount'],
    exchange: 'binance',
    code: 'order-history',
    is: "Binance's order history, which has no fees",
    instead: 'the trade history',
  },
  {
    headings: ['Closed P&L'],
    exchange: 'bybit',
    code: 'futures',
    is: "Bybit's closed positions of futures, which are not booked",
    instead: 'the spot fills or the transaction log of the unified account',
  },
];

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
 * @param mapped the one that it is, if its sender says so
 * @throws Problem that names what is missing
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
  if (best !== undefined) return best;
  throw unknownHeadings(candidates);
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

/** @throws Problem that says which export to take instead, for one of a product that is not booked */
function refuseKnown(best: Candidate | undefined, lines: readonly string[]): void {
  const foreign = best?.format.foreign?.find((heading) => best.columns.hasHeading(heading));
  if (best !== undefined && foreign !== undefined) {
    const exchange = best.format.name.split('-')[0] ?? '';
    throw refusal(best.line, {
      code: 'futures',
      exchange,
      is: `a file of ${exchange} with the column ${foreign}, which its spot trades do not have`,
      instead: 'the spot history',
    });
  }
  if (best !== undefined) return;
  for (const [index, text] of lines.entries()) {
    for (const { headings, ...refused } of REFUSED) {
      if (headings.every((heading) => text.includes(heading))) throw refusal(index + 1, refused);
    }
  }
}

function refusal(
  line: number,
  { code, exchange, is, instead }: { code: string; exchange: string; is: string; instead: string },
): Error {
  const detail = `is ${is}: export ${instead} instead`;
  return problem('malformed-csv', {
    detail: `Line ${line} ${detail}.`,
    errors: [{ line, detail, code, params: { exchange, instead } }],
  });
}

function unknownHeadings(candidates: readonly Candidate[]): Error {
  const [nearest] = candidates.toSorted((a, b) => share(b.match) - share(a.match));
  if (nearest !== undefined && share(nearest.match) >= 0.5) {
    const { missing } = nearest.match;
    return problem('malformed-csv', {
      detail: `Line ${nearest.line} has headings of a file of ${nearest.format.name}, but not these: ${missing.join(', ')}.`,
      errors: missing.map((column) => ({
        line: nearest.line,
        column,
        detail: 'is missing',
        code: 'missing-column',
        params: { format: nearest.format.name },
      })),
    });
  }
  const detail = `has none of the known headings (of ${FORMAT_NAMES.join(', ')}): map its columns, or export one of these`;
  return problem('malformed-csv', {
    detail: `Line 1 ${detail}.`,
    errors: [{ line: 1, detail, code: 'unknown-headings', params: {} }],
  });
}

function share({ found, missing }: HeadingMatch): number {
  return found / (found + missing.length);
}
