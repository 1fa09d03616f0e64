const OWN_KINDS = ['pnl', 'holdings'];

/** The newest whole state of each channel: what a tab must be told that joins the stream of another. */
export class States {
  #tickers = new Map();
  #own = new Map();

  put(kind, body) {
    if (kind === 'ticker') this.#tickers.set(body.symbol, body);
    else if (OWN_KINDS.includes(kind)) this.#own.set(`${kind}:${body.portfolioId}`, body);
  }

  /** Channels that start over: what was known of them counts for nothing. */
  drop(channels) {
    if (channels.some((name) => name.startsWith('ticker:'))) this.#tickers.clear();
    for (const name of channels) this.#own.delete(name);
  }

  /** Of what is not among the channels nothing has been heard for who knows how long. */
  keep(channels) {
    if (!channels.some((name) => name.startsWith('ticker:'))) this.#tickers.clear();
    for (const name of this.#own.keys()) if (!channels.includes(name)) this.#own.delete(name);
  }

  /** `[kind, body]` of the market and of one portfolio. */
  of(portfolioId) {
    const own = OWN_KINDS.flatMap((kind) => {
      const body = this.get(kind, portfolioId);
      return body === undefined ? [] : [[kind, body]];
    });
    return [...this.tickers().map((ticker) => ['ticker', ticker]), ...own];
  }

  get(kind, portfolioId) {
    return this.#own.get(`${kind}:${portfolioId}`);
  }

  tickers() {
    return [...this.#tickers.values()];
  }
}
