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
