import { parseAmount, type Amount } from './amount.ts';
import { CellError } from './cell-error.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import { localTime, type Zone } from './local-time.ts';
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
  /** The zone of times that do not name theirs; `null` when the file does not tell. */
  zone: (columns: Columns) => Zone | null;
  /** Whether rows have ids of their own. Where not, equal rows of a file are told apart by number. */
  hasIds: boolean;
  /** In which order all its files have their rows; `null` when they differ. */
  order: RowOrder | null;
  /** Which columns a field of a `RawTrade` came from, to name them when it is found wrong. */
  source: Record<'symbol' | 'side' | 'quantity' | 'price' | 'fee' | 'time', string> & Record<string, string>;
  /** @throws CellError for a row that cannot be read */
  read: (row: readonly string[], columns: Columns, zone: Zone | null) => RowReading;
}

/** @throws CellError unless the cell holds a number, or nothing */
export function amountIn(row: readonly string[], columns: Columns, name: string): Amount {
  const amount = parseAmount(columns.cell(row, name));
  if (amount === null) throw new CellError(columns.heading(name), 'is not a plain decimal number');
  return amount;
}

/** @throws CellError unless the cell holds a number */
export function numberIn(row: readonly string[], columns: Columns, name: string): string {
  const { number } = amountIn(row, columns, name);
  if (number === null) throw new CellError(columns.heading(name), 'is empty');
  return number;
}

/** @throws CellError unless the cell holds a time that the zone's clocks show */
export function timeIn(row: readonly string[], columns: Columns, name: string, zone: Zone): number {
  const local = localTime(columns.cell(row, name));
  if (local === null) throw new CellError(columns.heading(name), 'is not a time such as 2026-03-02 09:00:00');
  const time = zone.instantOf(local);
  if (time === null)
    throw new CellError(columns.heading(name), `is a time that does not exist in ${zone.name}`);
  return time;
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
