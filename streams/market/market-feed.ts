import type { FeedState } from '../channels/record.ts';
import type { Tick } from './tick.ts';

export interface FeedStatus {
  feed: string;
  state: FeedState;
  /** Why it is not running, for health: no credentials, no stack. */
  detail: string | null;
  /** When the last tick came in, epoch milliseconds. */
  lastTickAt: number | null;
  ticks: number;
  /** Symbols that the exchange has halted or delisted. */
  closed?: readonly string[];
  /** By how much its clock is ahead of this machine's, milliseconds; 0 if it is not. */
  aheadMs?: number;
}

export interface ShownFeedStatus extends FeedStatus {
  /** When the state was entered, epoch milliseconds. */
  since: number;
  /** As in `FeedRecord`. */
  silentSince: number | null;
}

/** A feed as it is configured. */
export interface FeedSource {
  /** A short name without parameters, for labels and for people: `ccxt:upbit`. */
  name: string;
  exchange: string | null;
  /** What it is to bring prices of, as far as that is known beforehand. */
  symbols: readonly string[];
  /** False where silence is no fault, as with pushed ticks. */
  expectsTicks: boolean;
  /** A new feed each time this node gets to run it. */
  open: () => Feed;
}

/** Where a feed delivers: resolves when the batch is in the market log (back-pressure for replays). */
export type TickSink = (ticks: readonly Tick[]) => Promise<void>;

/** A feed has missed trades for good. Times are epoch milliseconds: [from, to). */
export interface FeedGap {
  symbol: string;
  from: number;
  to: number;
}

/** What a feed says while it does not know yet whether trades are missed, so that the doubt outlives the process. */
export interface FeedDoubts {
  /** Resolves once it is stored, or storing it has failed for too long: until then no live trade of the symbol may be delivered. */
  open(gap: FeedGap): Promise<void>;
  /** What was missing of a symbol was delivered, or told as missed. */
  settle(symbol: string): void;
}

export const NO_DOUBTS: FeedDoubts = { open: () => Promise.resolve(), settle: () => {} };

/** A source of ticks. It owns its reconnecting: a failure shows in `status()`, never as a throw. */
export interface Feed {
  /**
   * @param changed called whenever the state in `status()` has changed
   * @param missed called when trades are known to be missed for good
   */
  start(sink: TickSink, changed?: () => void, missed?: (gap: FeedGap) => void, doubts?: FeedDoubts): void;
  status(): FeedStatus;
  close(): Promise<void>;
}
