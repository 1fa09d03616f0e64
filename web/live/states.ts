import type { Ticker } from '../api.ts';
import type { LiveEvent } from './events.ts';

const MARKET = 'ticker:';

/** The newest whole state of each channel: what a tab must be told that joins the stream of another. */
export class States {
  readonly #tickers = new Map<string, Ticker>();
  readonly #own = new Map<string, LiveEvent>();

  put(event: LiveEvent): void {
    if (event.kind === 'ticker') this.#tickers.set(event.body.symbol, event.body);
    else if (event.kind === 'pnl' || event.kind === 'holdings') {
      this.#own.set(`${event.kind}:${event.body.portfolioId}`, event);
    }
  }

  /** Channels that start over: what was known of them counts for nothing. */
  drop(channels: readonly string[]): void {
    if (channels.some((name) => name.startsWith(MARKET))) this.#tickers.clear();
    for (const name of channels) this.#own.delete(name);
  }

  /** Of what is not among the channels nothing has been heard for who knows how long. */
  keep(channels: readonly string[]): void {
    if (!channels.some((name) => name.startsWith(MARKET))) this.#tickers.clear();
    for (const name of this.#own.keys()) if (!channels.includes(name)) this.#own.delete(name);
  }

  /** Of the market and of one portfolio. */
  of(portfolioId: string | null): LiveEvent[] {
    const own = ['pnl', 'holdings'].flatMap((kind) => this.#own.get(`${kind}:${portfolioId}`) ?? []);
    return [...this.tickers().map((body): LiveEvent => ({ kind: 'ticker', body })), ...own];
  }

  tickers(): Ticker[] {
    return [...this.#tickers.values()];
  }
}
