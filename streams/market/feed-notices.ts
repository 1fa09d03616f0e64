import type { Trouble, TroubleSource } from '../core/troubles.ts';
import type { FeedRecord } from '../channels/record.ts';
import type { Market } from './market.ts';

const MARKET_CHANNELS: ReadonlySet<string> = new Set(['ticker', 'trade', 'candle']);

/** What readers of market channels are told of feeds that give no prices. */
export class FeedNotices implements TroubleSource {
  readonly #market: Pick<Market, 'feeds' | 'ticker'>;

  constructor(market: Pick<Market, 'feeds' | 'ticker'>) {
    this.#market = market;
  }

  of(channels: readonly string[]): Trouble[] {
    const silent = this.#market.feeds.all().filter(({ silentSince }) => silentSince !== null);
    if (silent.length === 0) return [];
    return silent.flatMap((record): Trouble[] => {
      const concerned = channels.filter((name) => this.#concerns(record, name));
      if (concerned.length === 0) return [];
      const { feed } = record;
      const since = new Date(record.silentSince ?? 0).toISOString();
      const detail = `There has been no price from the feed ${feed} since ${since}.`;
      return [{ topic: feed, channels: concerned, notice: { code: 'feed-silent', detail, feed, since } }];
    });
  }

  over(feed: string): object {
    const since = new Date(this.#market.feeds.lastTickAt(feed) ?? 0).toISOString();
    return { code: 'feed-live', detail: `Prices come from the feed ${feed} again.`, feed, since };
  }

  #concerns({ feed, symbols }: FeedRecord, channel: string): boolean {
    const [type = '', symbol = ''] = channel.split(':');
    if (!MARKET_CHANNELS.has(type)) return false;
    return symbol === '*' || symbols.includes(symbol) || this.#market.ticker(symbol)?.feed === feed;
  }
}
