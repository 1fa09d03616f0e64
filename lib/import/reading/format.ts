import type { MovementKind } from '../../pnl/ledger/entry.ts';
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

/** A trade as a row tells it: text, to be checked as the body of `POST …/trades` is. */
export interface RawTrade extends RawBase {
  kind: 'trade';
  symbol: string;
  side: string;
  price: string;
  fee?: { amount: string; currency: string } | undefined;
  orderId?: string | undefined;
  type?: string | undefined;
}

/** An asset that is given in a conversion, and what was got for it. */
export interface RawSource {
  asset: string;
  quantity: string;
  received?: string | undefined;
}

/** An entry of any other kind, to be checked as the body of `POST …/entries` is. `income` is a reward. */
export interface RawTransfer extends RawBase {
  kind: MovementKind | 'convert' | 'transfer';
  asset: string;
  unitCost?: string | undefined;
  subtype?: string | undefined;
  reason?: string | undefined;
  txid?: string | undefined;
  /** Of a transfer within the portfolio. */
  toAccount?: string | undefined;
  fee?: { amount: string; currency: string } | undefined;
  /** What a conversion gives. */
  from?: RawSource[] | undefined;
}

export type RawEntry = RawTrade | RawTransfer;

/** What a row adds to or takes from the holdings of its owner: signed plain decimal text. */
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
] as const;
export type DecisionCode = (typeof DECISION_CODES)[number];

export interface DecisionOption {
  id: string;
  /** What is booked if it is chosen. */
  entries: RawEntry[];
}

/** Rows that cannot be booked as they are: what they are, and what they could be. */
export interface RawDecision {
  code: DecisionCode;
  /** What the file calls it. */
  word: string;
  time: number;
  exchange: string;
  moves: Move[];
  options: DecisionOption[];
}

/** Why a row moves nothing of what its owner holds. */
export const IGNORED_CODES = ['internal-transfer', 'not-completed', 'pending-copy', 'empty-row'] as const;
export type IgnoredCode = (typeof IGNORED_CODES)[number];

export type RowReading =
  { entries: RawEntry[] } | { ignored: IgnoredCode; word: string; moves: Move[] } | { decision: RawDecision };

/** What becomes of some rows of a group. */
export interface GroupReading {
  rows: readonly Row[];
  reading: RowReading;
}

/** The files of one source. Pure: rows in, entries out. */
export interface ImportFormat {
  name: string;
  columns: ColumnSpec;
  /** Headings by which a file that has the columns is of another product: `Realized Profit`. */
  foreign?: readonly string[];
  /** The zone that its times are known to be in where no heading names one; `null` when it is not known. */
  zone: (columns: Columns, preamble: readonly string[]) => Zone | null;
  /** The decimal mark of a file that does not show one; `null` when such a file may have either. */
  decimal: DecimalMark | null;
  /** How the source writes dates that could have several orders; `null` when it writes none such. */
  dates: { order: DateOrder; shape: RegExp } | null;
  /** Epoch milliseconds of the day when the exchange opened: nothing of it is older. */
  since?: number;
  /** Whether rows without an id stay without one. Elsewhere equal ones of a file are told apart by number. */
  hasIds: boolean;
  /** In which order all its files have their rows; `null` when they differ. */
  order: RowOrder | null;
  /** Which columns a field of an entry came from, to name them when it is found wrong. */
  source: Readonly<Record<string, string>>;
  /** Consecutive rows with the same key are read together; `null`: each row alone. */
  group?: (row: Row) => string;
  /** @throws CellError for rows that cannot be read */
  read: (rows: readonly [Row, ...Row[]]) => GroupReading[];
}

/** A format whose rows are read one by one. */
export function eachRow(read: (row: Row) => RowReading): ImportFormat['read'] {
  return (rows) => rows.map((row) => ({ rows: [row], reading: read(row) }));
}

/** The fee of a row, whose unit is told by its cell or else known; `undefined` for none. */
export function feeOf(amount: Amount, unit: string): RawTrade['fee'] {
  return amount.number === null ? undefined : { amount: amount.number, currency: amount.unit ?? unit };
}

/** A row that moves nothing. */
export function ignored(code: IgnoredCode, word: string, moves: Move[] = []): RowReading {
  return { ignored: code, word: word.slice(0, 100), moves };
}

/** Words for the side of a trade, whole and in any case: `BUY_CANCELED` is none. */
export function sideOf(cell: string): 'buy' | 'sell' | null {
  if (/^(buy|bid|매수)$/i.test(cell)) return 'buy';
  if (/^(sell|ask|매도)$/i.test(cell)) return 'sell';
  return null;
}

/** Whether a word says that something was cancelled, taken back, returned or has failed: what became of it is not told. */
export function isUndone(word: string): boolean {
  return /취소|회수|반환|실패|환불/.test(word);
}
