import type { Amount, DecimalMark } from './amount.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import type { DateOrder, Zone } from './local-time.ts';
import type { Row } from './row.ts';
import type { RowOrder } from './row-order.ts';

/** A trade as a row tells it: text, to be checked as the body of `POST …/trades` is. */
export interface RawTrade {
  exchange?: string | undefined;
  externalId?: string | undefined;
  symbol: string;
  side: string;
  quantity: string;
  price: string;
  fee?: { amount: string; currency: string } | undefined;
  /** Epoch milliseconds, or ISO 8601 with an offset. */
  time: number | string;
  orderId?: string | undefined;
  type?: string | undefined;
  note?: string | undefined;
  tags?: string[] | undefined;
  sequence?: number | undefined;
}

/** `ignored`: a row that is fine and is no trade, such as a deposit. */
export type RowReading = { trade: RawTrade } | { ignored: string };

/** The files of one source. Pure: rows in, trades out. */
export interface ImportFormat {
  name: 'marktide' | 'upbit' | 'bithumb' | 'binance';
  columns: ColumnSpec;
  /** The zone that its times are known to be in where no heading names one; `null` when it is not known. */
  zone: (columns: Columns, preamble: readonly string[]) => Zone | null;
  /** The decimal mark of a file that does not show one; `null` when such a file may have either. */
  decimal: DecimalMark | null;
  /** How the source writes dates that could have several orders; `null` when it writes none such. */
  dates: { order: DateOrder; shape: RegExp } | null;
  /** Epoch milliseconds of the day when the exchange opened: nothing of it is older. */
  since?: number;
  /** Whether rows have ids of their own. Where not, equal rows of a file are told apart by number. */
  hasIds: boolean;
  /** In which order all its files have their rows; `null` when they differ. */
  order: RowOrder | null;
  /** Which columns a field of a `RawTrade` came from, to name them when it is found wrong. */
  source: Record<'symbol' | 'side' | 'quantity' | 'price' | 'fee' | 'time', string> & Record<string, string>;
  /** @throws CellError for a row that cannot be read */
  read: (row: Row) => RowReading;
}

/** The fee of a row, whose unit is told by its cell or else known; `undefined` for none. */
export function feeOf(amount: Amount, unit: string): RawTrade['fee'] {
  return amount.number === null ? undefined : { amount: amount.number, currency: amount.unit ?? unit };
}

/** A row of a kind that is no trade. */
export function ignored(kind: string): RowReading {
  return { ignored: `${kind.slice(0, 50) || 'an empty kind'} is not a trade` };
}

/** Words for the side of a trade, in any case. */
export function sideOf(cell: string): 'buy' | 'sell' | null {
  if (/^(buy|bid|매수)/i.test(cell)) return 'buy';
  if (/^(sell|ask|매도)/i.test(cell)) return 'sell';
  return null;
}
