/** What provides past prices for an asset that has none: the end of a warning. */
export const PRICE_HELP =
  'Have its candles fetched (POST /v1/market/backfills) or load them (POST /v1/market/candles).';
