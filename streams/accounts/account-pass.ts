import { listBalances, saveBalances } from '../../db/accounts/account-balances.ts';
import { derivedBalances } from '../../db/accounts/derived-balances.ts';
import { noteEntries } from '../../db/accounts/account-entries.ts';
import {
  type AccountHold,
  saveCursor,
  saveState,
  sourceCursors,
} from '../../db/accounts/account-progress.ts';
import { AccountTakenError } from '../../db/accounts/account-taken.ts';
import type { ExchangeAccount } from '../../db/accounts/accounts.ts';
import type { Database } from '../../db/connection/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { AccountError } from '../../lib/exchanges/account-failure.ts';
import type { Credentials, ExchangeId } from '../../lib/exchanges/exchange.ts';
import type { ExchangeUrl } from '../../lib/exchanges/exchange-url.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import { fixed } from '../../lib/money/money.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { KeyFacts } from './exchanges/adapter.ts';
import { compareBalances, statusOf } from './reconcile.ts';

/** The maximum number of pages of a source per pass; the next pass continues. */
const PAGES = 2_000;

export interface PassOptions {
  db: Database;
  clock: Clock;
  client: Pick<ExchangeClient, 'ask'>;
  url: (exchange: ExchangeId) => ExchangeUrl | null;
  /**
   * The decrypted credentials.
   * @throws AccountError `secrets-key-missing`
   */
  credentials: (account: ExchangeAccount) => Promise<Credentials>;
  /**
   * Books the new entries of a page.
   * @throws AccountError if one cannot be booked
   */
  book: (account: ExchangeAccount, entries: readonly RawEntry[]) => Promise<void>;
  /** Assets whose balances a portfolio's ledger does not keep. */
  untracked: (portfolioId: string) => Promise<ReadonlySet<string>>;
  /** Called when the account's state has changed. */
  publish: (portfolioId: string) => void;
}

export interface PassResult {
  /** Whether a balance differs and has not been checked a second time. */
  isChecking: boolean;
}

/**
 * Reads what is new in an account, books it, and compares balances.
 * @throws AccountError, AccountTakenError, DeadlineError
 */
export async function readAccount(
  account: ExchangeAccount,
  hold: AccountHold,
  { signal, isKeyDue }: { signal: AbortSignal; isKeyDue: boolean },
  options: PassOptions,
): Promise<PassResult> {
  const { db, clock, client, book, publish } = options;
  const { id: accountId, exchange, portfolioId } = account;
  const about = {
    accountId,
    exchange,
    credentials: await options.credentials(account),
    url: options.url(exchange),
  };
  if (isKeyDue) {
    const facts = await client.ask({ ...about, method: 'inspect' });
    assertAllowed(facts, account.allowTradingKey);
    const { permissions, expiresAt: keyExpiresAt } = facts;
    await saveState(db, hold, { phase: account.phase, permissions, keyExpiresAt });
  }
  if (account.phase !== 'current') await saveState(db, hold, { phase: 'reading' });
  publish(portfolioId);
  const cursors = await sourceCursors(db, accountId);
  for (const source of await client.ask({ ...about, method: 'sources' })) {
    let cursor = cursors.get(source) ?? null;
    for (let pages = 0; pages < PAGES; pages += 1) {
      const page = await client.ask({ ...about, method: 'page', source, cursor, now: clock.now() });
      // Another node may have the account by now. It may book the same entries again, which has no effect.
      if (signal.aborted) throw new AccountTakenError(accountId);
      if (page.entries.length > 0) {
        await book(account, page.entries);
        const ids = page.entries.flatMap(({ externalId }) => (externalId === undefined ? [] : [externalId]));
        await noteEntries(db, account, ids);
      }
      ({ cursor } = page);
      await saveCursor(db, hold, { source, cursor, readUntil: page.readUntil });
      publish(portfolioId);
      if (page.isLast) break;
    }
  }
  const balances = await client.ask({ ...about, method: 'balances' });
  const compared = compareBalances(
    {
      exchange: new Map(Object.entries(balances).map(([asset, amount]) => [asset, fixed(amount)])),
      ledger: await derivedBalances(db, account),
      before: await listBalances(db, accountId),
    },
    clock.now(),
    await options.untracked(portfolioId),
  );
  await saveBalances(db, accountId, compared);
  return { isChecking: compared.some((balance) => statusOf(balance) === 'checking') };
}

/** @throws AccountError `trading-key` if the key may do more than read, unless the user has allowed that */
export function assertAllowed({ permissions }: KeyFacts, allowTradingKey: boolean): void {
  if (allowTradingKey) return;
  if (permissions.trade === true || permissions.withdraw === true)
    throw new AccountError({ code: 'trading-key' });
}
