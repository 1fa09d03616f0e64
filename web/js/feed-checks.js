import { refusalOfStream } from './request.js';

/** What the feed asks over REST when the stream itself cannot tell. */
export function feedChecks(api) {
  return {
    /** Those of the portfolios that cannot be read (any more). @throws RequestError, SignedOutError */
    async lost(portfolioIds) {
      if (portfolioIds.length === 0) await api.get('/v1/auth/me');
      const found = await Promise.all(portfolioIds.map((id) => isReadable(api, id)));
      return portfolioIds.filter((_id, index) => !found[index]);
    },

    /** Why the stream at this path is refused; `null`: it is not. */
    refusal: refusalOfStream,

    /** Whether what was heard last is what the server would answer now. */
    async isCurrent(states, portfolioIds) {
      const [id] = portfolioIds;
      if (id !== undefined) {
        const answer = await api.get(`/v1/portfolios/${id}/pnl`);
        return figuresOf(answer) === figuresOf(states.get('pnl', id));
      }
      const { items } = await api.get('/v1/market/tickers');
      const known = new Map(states.tickers().map((ticker) => [ticker.symbol, ticker]));
      return items.every(({ symbol, time, price }) => {
        const ticker = known.get(symbol);
        return ticker?.time === time && ticker.price === price;
      });
    },
  };
}

/** Not when and where of the logs it was: those go on without anything here having changed. */
function figuresOf(pnl) {
  return JSON.stringify({ ...pnl, asOf: '', position: '' });
}

async function isReadable(api, id) {
  try {
    await api.get(`/v1/portfolios/${id}`);
    return true;
  } catch (error) {
    if (error.status === 404 || error.status === 403) return false;
    throw error;
  }
}
