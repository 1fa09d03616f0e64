import type { BackfillBody } from '../../lib/schemas/backfill-schema.ts';
import type { CandleInterval } from '../../lib/candle-interval.ts';
import type { ImportProgressBody } from '../../lib/schemas/import-progress-schema.ts';
import type { PublicTradeBody } from '../../lib/schemas/public-trade-schema.ts';
import type { TickerBody } from '../../lib/schemas/ticker-schema.ts';

/** What the logs hold, as JSON text in `Payload.data`. Channels are views on these records. */

/** Interval, start (epoch milliseconds), open, high, low, close, volume, quote volume, trades, closed, simulated, complete. */
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
  complete: 0 | 1,
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
   * After a late trade its price and time are unchanged, and newer than the trade: only the 24-hour figures have moved.
   * `null`: the ticker is unchanged, as earlier versions wrote it for late trades.
   */
  ticker: TickerBody | null;
  trade: PublicTradeBody | null;
  /** A price that came late and was no trade: the ticker does not show it. */
  late?: { price: string; time: string };
  /**
   * A range of stored candles was loaded: sums over them must be read again. The ticker makes no candle. `closed`: the
   * parts of gaps that they fill.
   */
  loaded?: { symbol: string; from: number; to: number; closed?: { from: number; to: number }[] };
  /** There was no tick: of the ticker only the status has changed. */
  judged?: true;
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

/**
 * `silent`: connected as far as is known, but no tick has come for longer than its pace explains. `standby`: another node
 * runs it.
 */
export type FeedState = 'starting' | 'running' | 'retrying' | 'silent' | 'ended' | 'standby';

/** A feed as the node that runs it sees it, with the state key `feed:<feed>`. Times are epoch milliseconds. */
export interface FeedRecord {
  type: 'feed';
  /** A short name without parameters: `ccxt:upbit`. */
  feed: string;
  exchange: string | null;
  /** What it is to bring prices of, as far as that is known beforehand. */
  symbols: string[];
  state: FeedState;
  since: number;
  detail: string | null;
  /** When the last tick had come in by then. */
  lastTickAt: number | null;
  /** Since when there have been no prices, if it has failed for good or for long; `null`: it is not known to be so. */
  silentSince: number | null;
  /** It is no longer configured. */
  retired?: true;
}

/** Trades of a symbol in [from, to) were missed for good. Epoch milliseconds. */
export interface GapRecord {
  type: 'gap';
  /** As that of a tick. */
  by: RecordOrigin;
  symbol: string;
  from: number;
  to: number;
  feed: string;
}

/** How far the latest backfill of a symbol has got, with the state key `backfill:<symbol>`. */
export interface BackfillRecord {
  type: 'backfill';
  body: BackfillBody;
}

export type MarketRecord = TickRecord | CandleRecord | FeedRecord | GapRecord | BackfillRecord;

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
  | { type: 'accounts'; body: object }
  | LedgerRecord
  /** A node other than the projector's has readers of this: keep publishing it for a while. */
  | { type: 'interest'; in: 'holdings' };

/** A change of the ledger, or of the portfolio's settings. */
export type LedgerRecord =
  | { type: 'fill'; change: LedgerChange; version: number; trade: object }
  /** So many trades were booked at once that they are not published one by one. */
  | { type: 'fill'; change: 'imported'; version: number; importId: string; count: number }
  /** So many entries went with their account that they are not published one by one. */
  | { type: 'fill'; change: 'disconnected'; version: number; accountId: string; count: number }
  | { type: 'transfer'; change: LedgerChange; version: number; transfer: object }
  /** An entry that is neither a trade nor a deposit, withdrawal or income. */
  | { type: 'entry'; change: LedgerChange; version: number; entry: object }
  /** Entries got rates that were not known before: how many, and the ids of the first. */
  | { type: 'valuation'; version: number; count: number; entries: string[] }
  | { type: 'portfolio'; change: 'changed' | 'deleted'; version: number; portfolio: object };
