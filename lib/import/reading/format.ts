import type { MovementKind, TokenChange } from '../../pnl/ledger/entry.ts';
import type { Amount, DecimalMark } from './amount.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import type { DateOrder, Zone } from './local-time.ts';
import type { Row } from './row.ts';
import type { RowOrder } from './row-order.ts';

interface RawBase {
  exchange?: string | undefined;
  account?: string | undefined;
  externalId?: string | undefined;
  quantity: string;
  /** Epoch milliseconds. */
  time: number;
  note?: string | undefined;
  tags?: string[] | undefined;
  sequence?: number | undefined;
}

/** A trade as a row states it: text, to be validated like the body of `POST …/trades`. */
export interface RawTrade extends RawBase {
  kind: 'trade';
  symbol: string;
  side: string;
  price: string;
  fee?: { amount: string; currency: string } | undefined;
  orderId?: string | undefined;
  type?: string | undefined;
}

/** An asset given in a conversion, and the quantity received for it. */
export interface RawSource {
  asset: string;
  quantity: string;
  received?: string | undefined;
}

/** An entry of any other kind, to be validated like the body of `POST …/entries`. `income` is a reward. */
export interface RawTransfer extends RawBase {
  kind: MovementKind | TokenChange | 'convert' | 'transfer';
  asset: string;
  unitCost?: string | undefined;
  subtype?: string | undefined;
  reason?: string | undefined;
  txid?: string | undefined;
  /** The destination of a transfer within the portfolio. */
  toAccount?: string | undefined;
  fee?: { amount: string; currency: string } | undefined;
  /** What a conversion gives; the origin of a rename, redenomination or fork. */
  from?: RawSource[] | undefined;
  /** Applies to withdrawals. */
  confirmed?: boolean | undefined;
  /** Id of the row's entry, in a file that this program wrote. */
  rowId?: string | undefined;
  /** The id of the other half of an own transfer. */
  joinedWith?: string | undefined;
}

export type RawEntry = RawTrade | RawTransfer;

/** What a row adds to or takes from the user's holdings: signed plain decimal text. */
export interface Move {
  asset: string;
  amount: string;
}

/** Why a row needs a decision. */
export const DECISION_CODES = [
  'unknown-kind',
  'incomplete-trade',
  'several-trades',
  'ambiguous-pair',
  'derivative',
  'loan',
  'gift',
  'renamed-asset',
  'unpriced-purchase',
  'repeated-time',
] as const;
export type DecisionCode = (typeof DECISION_CODES)[number];

export interface DecisionOption {
  id: string;
  /** What is booked if this option is chosen. */
  entries: RawEntry[];
}

/** Rows that cannot be booked as they are: what they are, and what they could be. */
export interface RawDecision {
  code: DecisionCode;
  /** The file's name for it. */
  word: string;
  time: number;
  exchange: string;
  moves: Move[];
  options: DecisionOption[];
}

/** Why a row does not change the user's holdings. */
export const IGNORED_CODES = ['internal-transfer', 'not-completed', 'pending-copy', 'empty-row'] as const;
export type IgnoredCode = (typeof IGNORED_CODES)[number];

/**
 * The outcome of some rows. `aside` is what they move in addition to their entries: for a transfer between
 * two places of the owner, the change of the place that the file is about.
 */
export type RowReading =
  | { entries: RawEntry[]; aside?: Move[] }
  | { ignored: IgnoredCode; word: string; moves: Move[] }
  | { decision: RawDecision };

/** The outcome of some rows of a group. */
export interface GroupReading {
  rows: readonly Row[];
  reading: RowReading;
}

/** Headings (in any case) of files that are not booked, what those files are, and what to export instead. */
export interface Foreign {
  headings: RegExp;
  code: 'futures' | 'tax-report';
  instead: Export;
}

/** What to export instead of a file that is not booked. */
export const EXPORTS = {
  'trade-history': 'the trade history',
  'spot-history': 'the spot history',
  'spot-fills': 'the spot fills or the transaction log of the unified account',
  transactions: 'the transactions',
} as const;
export type Export = keyof typeof EXPORTS;

/** The files of one source. Pure: rows in, entries out. */
export interface ImportFormat {
  name: string;
  columns: ColumnSpec;
  /** Headings that show a file with all the columns to be of another product, such as `Realized Profit`. */
  foreign?: Foreign;
  /** The zone of the times if no heading states one; `null` if unknown. */
  zone: (columns: Columns, preamble: readonly string[]) => Zone | null;
  /** The decimal mark of a file that does not show one; `null` if it may be either. */
  decimal: DecimalMark | null;
  /** How the source writes ambiguous dates; `null` if it writes none. */
  dates: { order: DateOrder; shape: RegExp } | null;
  /** Epoch milliseconds of the day the exchange opened: none of its entries are older. */
  since?: number;
  /** Whether this program wrote the file: an id stands for one content to the last digit. */
  isOwn?: boolean;
  /** The order of the rows in every file of the source; `null` if it varies. */
  order: RowOrder | null;
  /** The column each field of an entry comes from, to name it when the field is invalid. */
  source: Readonly<Record<string, string>>;
  /**
   * Rows with the same key are read together, even with a few others in between. If absent, each row is read
   * alone.
   */
  group?: (row: Row) => string;
  /** @throws CellError for rows that cannot be read */
  read: (rows: readonly [Row, ...Row[]]) => GroupReading[];
}

/** A format whose rows are read one by one. */
export function eachRow(read: (row: Row) => RowReading): ImportFormat['read'] {
  return (rows) => rows.map((row) => ({ rows: [row], reading: read(row) }));
}

/** The fee of a row in the unit of its cell, or else in `unit`; `undefined` if there is none. */
export function feeOf(amount: Amount, unit: string): RawTrade['fee'] {
  return amount.number === null ? undefined : { amount: amount.number, currency: amount.unit ?? unit };
}

/** A row that moves nothing. */
export function ignored(code: IgnoredCode, word: string, moves: Move[] = []): RowReading {
  return { ignored: code, word: word.slice(0, 100), moves };
}

/** The side that a whole cell stands for, in any case: `BUY_CANCELED` is neither. */
export function sideOf(cell: string): 'buy' | 'sell' | null {
  if (/^(buy|bid|매수)$/i.test(cell)) return 'buy';
  if (/^(sell|ask|매도)$/i.test(cell)) return 'sell';
  return null;
}

/**
 * The side of a row that can only be a trade.
 * @throws CellError
 */
export function sideIn(row: Row): 'buy' | 'sell' {
  const side = sideOf(row.text('side'));
  if (side === null) throw row.error('side', 'unknown-side', 'must be BUY or SELL');
  return side;
}

/**
 * Whether a word says that something was cancelled, reversed, returned or failed: the file does not tell what
 * became of it.
 */
export function isUndone(word: string): boolean {
  return /취소|회수|반환|실패|환불/.test(word);
}
