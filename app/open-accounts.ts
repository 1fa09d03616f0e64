import { replaceSealed, sealedCredentials } from '../db/accounts/accounts.ts';
import type { Database } from '../db/connection/database.ts';
import { getPortfolio } from '../db/ledger/portfolios/portfolios.ts';
import { AccountError } from '../lib/exchanges/account-failure.ts';
import { exchangeUrl } from '../lib/exchanges/exchange-url.ts';
import type { Credentials } from '../lib/exchanges/exchange.ts';
import { SealError, type SecretsKey, loadSecretsKey } from '../lib/tokens/secrets-key.ts';
import { bookAccountPage } from '../routes/accounts/account-booking.ts';
import { accountsState } from '../routes/accounts/accounts-state.ts';
import type { Services } from '../routes/http/handler-services.ts';
import { AccountStates } from '../streams/accounts/account-states.ts';
import { AccountSync } from '../streams/accounts/account-sync.ts';
import { ExchangeClient } from '../streams/accounts/exchange-client.ts';
import type { Leases } from '../streams/core/lease.ts';
import type { Surroundings } from './backends.ts';
import type { Shutdown } from './shutdown.ts';

type Parts = Pick<Services, 'db' | 'broker' | 'outbox' | 'lateRates' | 'slots'> & { leases: Leases };

/** Starts reading accounts at exchanges. */
export function openAccounts(
  { config, clock, random, logger }: Surroundings,
  { db, broker, leases, ...parts }: Parts,
  shutdown: Shutdown,
): Pick<Services, 'accounts' | 'exchangeClient' | 'secretsKey' | 'accountCredentials'> {
  const { SECRETS_KEY: secret, SECRETS_KEY_PREVIOUS: previous, DATABASE_URL, DATA_DIR } = config;
  // Loaded on demand: most nodes have no accounts, and a generated key is one more file to keep.
  let loaded: Promise<SecretsKey | null> | undefined;
  const secretsKey = (): Promise<SecretsKey | null> => {
    const options = { secret, previous, isShared: DATABASE_URL !== undefined };
    loaded ??= loadSecretsKey(options, DATA_DIR, logger).catch((error: unknown) => {
      // The next call tries again.
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
  const accountCredentials = (id: string): Promise<Credentials> => openCredentials(db, id, secretsKey);
  const states = new AccountStates({
    broker,
    clock,
    logger,
    body: (portfolioId) => accountsState(db, portfolioId, clock.now()),
  });
  shutdown.add('the state of accounts', () => states.close());
  const exchangeClient = new ExchangeClient({ clock, logger });
  shutdown.add('the exchanges', () => exchangeClient.close());
  const accounts = new AccountSync({
    db,
    clock,
    random,
    logger,
    leases,
    pollMs: config.ACCOUNT_POLL_S * 1_000,
    client: exchangeClient,
    url: (exchange) => exchangeUrl(config.EXCHANGE_URLS, exchange),
    credentials: ({ id }) => accountCredentials(id),
    book: (account, entries) => bookAccountPage({ db, clock, config, logger, ...parts }, account, entries),
    untracked: async (portfolioId) => {
      const portfolio = await getPortfolio(db, portfolioId);
      return new Set(portfolio?.cashMode === 'untracked' ? [portfolio.baseCurrency] : []);
    },
    publish: (portfolioId) => states.publish(portfolioId),
  });
  shutdown.add('the accounts', () => accounts.close());
  return { accounts, exchangeClient, secretsKey, accountCredentials };
}

/** @throws AccountError `secrets-key-missing` */
async function openCredentials(
  db: Database,
  id: string,
  secretsKey: () => Promise<SecretsKey | null>,
): Promise<Credentials> {
  const key = await secretsKey();
  const sealed = await sealedCredentials(db, id);
  if (key === null || sealed === null) throw new AccountError({ code: 'secrets-key-missing' });
  try {
    const text = key.open(id, sealed);
    if (!key.isCurrent(sealed)) await replaceSealed(db, id, { before: sealed, after: key.seal(id, text) });
    return JSON.parse(text) as Credentials;
  } catch (error) {
    if (error instanceof SealError) throw new AccountError({ code: 'secrets-key-missing' });
    throw error;
  }
}
