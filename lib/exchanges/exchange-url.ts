import type { ExchangeId } from './exchange.ts';

/** An address to use instead of the exchange's own. */
export interface ExchangeUrl {
  /** Without a trailing slash. */
  base: string;
  /** Whether to respect the exchange's rate limits. */
  isPaced: boolean;
}

const UNPACED = '#unpaced';

/** The URL that pairs such as `upbit=http://localhost:8080` give an exchange; `null` for its own address. */
export function exchangeUrl(pairs: readonly string[], exchange: ExchangeId): ExchangeUrl | null {
  const pair = pairs.find((text) => text.startsWith(`${exchange}=`));
  if (pair === undefined) return null;
  const url = pair.slice(exchange.length + 1);
  const isPaced = !url.endsWith(UNPACED);
  return { base: (isPaced ? url : url.slice(0, -UNPACED.length)).replace(/\/$/, ''), isPaced };
}
