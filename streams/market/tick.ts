/** One public market event as a feed hands it over: a trade, or only a price. Decimals are plain decimal text. */
export interface Tick {
  symbol: string;
  price: string;
  /** Base quantity traded; `null` when the feed only gives a price. */
  quantity: string | null;
  /** The taker's side. */
  side: 'buy' | 'sell' | null;
  /** Exchange time, epoch milliseconds. */
  time: number;
  tradeId: string | null;
  exchange: string | null;
  /** Made by the simulator. Every event shows it. */
  simulated: boolean;
}

/** `silent`: connected as far as is known, but no tick has come for longer than its pace explains. */
export type FeedState = 'starting' | 'running' | 'retrying' | 'silent' | 'ended' | 'standby';

export interface FeedStatus {
  feed: string;
  state: FeedState;
  /** Why it is not running, for health: no credentials, no stack. */
  detail: string | null;
  /** When the last tick came in, epoch milliseconds. */
  lastTickAt: number | null;
  ticks: number;
}

export interface ShownFeedStatus extends FeedStatus {
  /** When the state was entered, epoch milliseconds. */
  since: number;
}

/** Where a feed delivers: resolves when the batch is in the market log (back-pressure for replays). */
export type TickSink = (ticks: readonly Tick[]) => Promise<void>;

/** A source of ticks. It owns its reconnecting: a failure shows in `status()`, never as a throw. */
export interface Feed {
  /** @param changed called whenever the state in `status()` has changed */
  start(sink: TickSink, changed?: () => void): void;
  status(): FeedStatus;
  close(): Promise<void>;
}
