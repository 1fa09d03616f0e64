import { z } from 'zod';
import { failureDetail, FINAL_FAILURES } from '../../lib/exchanges/account-failure.ts';
import { type Credentials, EXCHANGES, type ExchangeId } from '../../lib/exchanges/exchange.ts';
import { exchangeUrl } from '../../lib/exchanges/exchange-url.ts';
import { problem } from '../../lib/problem.ts';
import { assertAllowed } from '../../streams/accounts/account-pass.ts';
import { failureOf } from '../../streams/accounts/failure-of.ts';
import type { KeyFacts } from '../../streams/accounts/exchanges/adapter.ts';
import type { Services } from '../http/handler-services.ts';

/** A pasted key, trimmed. */
const secret = z
  .string()
  .trim()
  .min(1)
  .max(4_000)
  .regex(/^[\x20-\x7e\r\n]*$/, 'must have ASCII characters only')
  .meta({ format: 'password', writeOnly: true });

export const credentialsInput = z
  .strictObject({
    apiKey: secret.describe('The API key, which the exchange may call access key.'),
    secret: secret.describe('The secret that belongs to it.'),
    passphrase: secret.optional().describe('The passphrase, at exchanges that have one.'),
  })
  .meta({
    id: 'ExchangeCredentials',
    description: 'An API key that can read. It is stored encrypted and never returned.',
  });

/** @throws Problem `key-refused` that names a missing field, or one that the exchange does not have */
export function assertFields(exchange: ExchangeId, credentials: Credentials): void {
  const { credentials: wanted, name } = EXCHANGES[exchange];
  const fields: readonly string[] = wanted;
  const missing = wanted.find((field) => credentials[field] === undefined);
  const surplus = Object.keys(credentials).find((field) => !fields.includes(field));
  const wrong = missing ?? surplus;
  if (wrong === undefined) return;
  const detail = missing === undefined ? `is not part of an API key of ${name}` : 'is required';
  throw problem('key-refused', { errors: [{ pointer: `/credentials/${wrong}`, detail }] });
}

/**
 * Asks the exchange about a key.
 * @throws Problem `key-refused`, `unavailable` if the exchange does not answer
 */
export async function inspectKey(
  { exchangeClient, config }: Pick<Services, 'exchangeClient' | 'config'>,
  about: { accountId: string; exchange: ExchangeId; credentials: Credentials; allowTradingKey: boolean },
): Promise<KeyFacts> {
  const { accountId, exchange, credentials, allowTradingKey } = about;
  return await orProblem(exchange, async () => {
    const url = exchangeUrl(config.EXCHANGE_URLS, exchange);
    const facts = await exchangeClient.ask({ accountId, exchange, credentials, url, method: 'inspect' });
    assertAllowed(facts, allowTradingKey);
    return facts;
  });
}

/**
 * Runs `task`.
 * @throws Problem for whatever prevents the account from being read
 */
export async function orProblem<T>(exchange: ExchangeId, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    const what = failureDetail(exchange, failure);
    if (FINAL_FAILURES.has(failure.code) || failure.code === 'address-not-allowed') {
      const pointer = failure.code === 'trading-key' ? '/allowTradingKey' : '/credentials';
      const errors = [{ pointer, detail: what, code: failure.code }];
      throw problem('key-refused', { detail: what, errors, cause: error });
    }
    const detail = `${what} Nothing was changed; try again later.`;
    throw problem('unavailable', { detail, errors: [{ detail, code: failure.code }], cause: error });
  }
}
