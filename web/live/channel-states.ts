import type { Ticker } from '../api.ts';
import { channelsOf, type Wanted } from './wanted-channels.ts';
import type { LiveEvent } from './events.ts';

const MARKET = 'ticker:';

/** The latest complete state of each channel, for a tab that joins the stream of another. */
export class ChannelStates {
  readonly #tickers = new Map<string, Ticker>();
  readonly #own = new Map<string, LiveEvent>();

  put(event: LiveEvent): void {
    if (event.kind === 'ticker') this.#tickers.set(event.body.symbol, event.body);
    else if (event.kind === 'pnl' || event.kind === 'holdings' || event.kind === 'accounts') {
      this.#own.set(`${event.kind}:${event.body.portfolioId}`, event);
    }
  }

  /** Forgets channels that start over. */
  drop(channels: readonly string[]): void {
    if (channels.some((name) => name.startsWith(MARKET))) this.#tickers.clear();
    for (const name of channels) this.#own.delete(name);
  }

  /** Forgets all other channels. */
  keep(channels: readonly string[]): void {
    if (!channels.some((name) => name.startsWith(MARKET))) this.#tickers.clear();
    for (const name of this.#own.keys()) if (!channels.includes(name)) this.#own.delete(name);
  }

  /** The states of the market and of the portfolios shown. */
  of(wanted: Wanted): LiveEvent[] {
    const own = channelsOf(wanted).flatMap((name) => this.#own.get(name) ?? []);
    return [...this.tickers().map((body): LiveEvent => ({ kind: 'ticker', body })), ...own];
  }

  tickers(): Ticker[] {
    return [...this.#tickers.values()];
  }
}
