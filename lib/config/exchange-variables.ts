import { z } from 'zod';
import { EXCHANGE_IDS } from '../exchanges/exchange.ts';
import { exchangeUrl } from '../exchanges/exchange-url.ts';
import { integer, list, isUrlOf } from './variable.ts';

const key = z.string().min(32, 'must have at least 32 characters').max(1_000).optional();

/** Accounts at exchanges. */
export const EXCHANGE_VARIABLES = {
  SECRETS_KEY: key.describe(
    'Key under which the API keys of exchange accounts are encrypted. Without it, accounts cannot be connected with `DATABASE_URL`; otherwise one is generated and kept in `DATA_DIR`.',
  ),
  SECRETS_KEY_PREVIOUS: key.describe(
    'The key before `SECRETS_KEY`. What is encrypted under it is encrypted anew when a node starts.',
  ),
  EXCHANGE_URLS: list
    .refine((pairs) => pairs.every((pair) => isPair(pair)), {
      message: `must be a comma-separated list such as upbit=http://localhost:8080, of ${EXCHANGE_IDS.join(', ')}`,
    })
    .default([])
    .describe(
      'Base URLs to use instead of those of the exchanges, for accounts: `upbit=http://localhost:8080,…`. Requests keep to the rate limits of the exchange, unless `#unpaced` stands behind the URL.',
    ),
  ACCOUNT_POLL_S: integer(5, 86_400)
    .default(60)
    .describe('Seconds between two looks at an exchange account for what is new.'),
};

function isPair(pair: string): boolean {
  const exchange = EXCHANGE_IDS.find((id) => pair.startsWith(`${id}=`));
  return exchange !== undefined && isUrlOf(exchangeUrl([pair], exchange)?.base ?? '', ['http:', 'https:']);
}
