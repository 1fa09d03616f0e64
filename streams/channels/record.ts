import type { CandleInterval } from '../../lib/candle-interval.ts';

/** What the logs hold, as JSON text in `Payload.data`. Channels are views on these records. */

export interface TickerBody {
  symbol: string;
  price: string;
  /** Over the last 24 hours; `null` while less than one earlier price is known. */
  change: string | null;
  changeRate: string | null;
  high: string;
  low: string;
  /** Base quantity traded in the last 24 hours, as far as this log has seen. */
  volume: string;
  quoteVolume: string;
  /** Exchange time, ISO 8601. */
  time: string;
  exchange: string | null;
  simulated: boolean;
}

export interface PublicTradeBody {
  symbol: string;
  tradeId: string | null;
  side: 'buy' | 'sell' | null;
  price: string;
  quantity: string;
  time: string;
  exchange: string | null;
  simulated: boolean;
}

export interface CandleBody {
  symbol: string;
  interval: CandleInterval;
  /** Start of the candle, ISO 8601. */
  time: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  quoteVolume: string;
  /** Public trades; a tick with only a price is not one. */
  trades: number;
  /** Final. If a trade comes late, the candle is published once more. */
  closed: boolean;
  /** Whether any of its ticks was simulated. */
  simulated: boolean;
}

/** Interval, start (epoch milliseconds), open, high, low, close, volume, quote volume, trades, closed, simulated. */
export type PackedCandle = [
  interval: CandleInterval,
  time: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  quoteVolume: string,
  trades: number,
  closed: 0 | 1,
  simulated: 0 | 1,
];

export type RecordOrigin = [writer: string, sequence: number];

/** One tick serves `ticker:` (conflated) and, when it was a trade, `trade:` (each one). */
export interface TickRecord {
  type: 'tick';
  /**
   * The writer, and its count of records: how it recognises its own when they come back over the log. Records of earlier
   * versions lack it.
   */
  by?: RecordOrigin;
  /**
   * After a late trade its price and time are as before, and older than the trade's: what has moved is the 24 hours.
   * `null`: the ticker is as it was. Versions before this one wrote late trades like that.
   */
  ticker: TickerBody | null;
  trade: PublicTradeBody | null;
  /** A price that came late and was no trade: the ticker does not show it. */
  late?: { price: string; time: string };
  /** A range of stored candles was loaded: sums over them have to be read again. The ticker makes no candle. */
  loaded?: { symbol: string; from: number; to: number };
}

/**
 * With the state key `candle:<symbol>`: the current candle of every interval. Without: candles before those, which are
 * final, or final once more. Days, weeks (from Monday) and months are those of UTC.
 */
export interface CandleRecord {
  type: 'candle';
  symbol: string;
  /** At most one of an interval, from the shortest to the longest. */
  candles: PackedCandle[];
  /** Intervals whose candle is only here to complete the state: live listeners have it already. */
  unchanged?: CandleInterval[];
}

export type MarketRecord = TickRecord | CandleRecord;

/** How far an import of a file has got; the state of the `imports:` channel. */
export interface ImportProgressBody {
  portfolioId: string;
  /** As the sender of the file named it, or as the answer to them will. */
  importId: string;
  /** ISO 8601. An import that sends nothing for minutes ended with its node, and nothing of it was booked. */
  asOf: string;
  dryRun: boolean;
  phase: 'reading' | 'comparing' | 'booking' | 'valuing' | 'done' | 'failed';
  /** Of the body; `total` is `null` when the sender did not state it. */
  bytes: { read: number; total: number | null };
  /** Rows of the file so far, and those that cannot be booked. */
  rows: number;
  rejected: number;
  /** Of the phase `booking`. */
  booked: number;
  toBook: number;
  /** What came of it, when it is done. */
  result: { booked: boolean; accepted: number; duplicates: number; rejected: number; ignored: number } | null;
  /** Why it failed. */
  detail: string | null;
}

/** What happened to a ledger entry. */
export type LedgerChange = 'booked' | 'changed' | 'removed';

/**
 * `body` is the response body of the REST endpoint of the same name; `trade`, `transfer` and `portfolio` are those of the
 * resources. Records with a `version` are about the ledger, and come in the order of its versions.
 */
export type PortfolioRecord =
  | { type: 'pnl'; body: object }
  | { type: 'holdings'; body: object }
  | { type: 'import'; body: ImportProgressBody }
  | LedgerRecord
  /** A node other than the projector's has readers of this: keep publishing it for a while. */
  | { type: 'interest'; in: 'holdings' };

/** A change of the ledger, or of the portfolio's settings. */
export type LedgerRecord =
  | { type: 'fill'; change: LedgerChange; version: number; trade: object }
  /** So many trades were booked at once that they are not published one by one. */
  | { type: 'fill'; change: 'imported'; version: number; importId: string; count: number }
  | { type: 'transfer'; change: LedgerChange; version: number; transfer: object }
  /** An entry that is neither a trade nor a deposit, withdrawal or income. */
  | { type: 'entry'; change: LedgerChange; version: number; entry: object }
  /** Entries have got rates that were not known before: so many, the first of them named. */
  | { type: 'valuation'; version: number; count: number; entries: string[] }
  | { type: 'portfolio'; change: 'changed' | 'deleted'; version: number; portfolio: object };
