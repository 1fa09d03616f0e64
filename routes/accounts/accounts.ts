import { z } from 'zod';
import {
  type AccountChange,
  changeAccount,
  connectAccount,
  type ExchangeAccount,
  findAccount,
  wakeAccount,
} from '../../db/accounts/accounts.ts';
import { listBalances } from '../../db/accounts/account-balances.ts';
import { disconnectAccount } from '../../db/accounts/disconnection.ts';
import { lockingLedgers, lockLedgers } from '../../db/ledger/portfolios/linked-ledgers.ts';
import { recordAudit } from '../../db/users/audit.ts';
import type { AuditDraft, AuditType } from '../../lib/audit-event.ts';
import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import type { SecretsKey } from '../../lib/tokens/secrets-key.ts';
import { originOf } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import type { Services } from '../http/handler-services.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { ownPortfolio, readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { type AccountBody, accountBody, accountId, accountSchema, exchangeId } from './account-body.ts';
import { accountsState } from './accounts-state.ts';
import { assertFields, credentialsInput, inspectKey, orProblem } from './account-credentials.ts';

/**
 * The maximum number of entries to publish one by one when they are removed with their account; of more, only
 * the number is published.
 */
const PUBLISHED = 500;

const accountParams = portfolioParams.extend({ accountId });
const label = field
  .text(100)
  .meta({ example: 'Upbit main', description: 'What to call it; unique in the portfolio.' });
const allowTradingKey = z
  .boolean()
  .describe(
    '`true`: allow a key that can trade or withdraw. Marktide only reads, but somebody who steals the key could do more.',
  );

function notFound() {
  return problem('not-found', { detail: 'There is no such account in this portfolio.' });
}

/** An audit event of a user about one of their own accounts. */
function ownEvent(type: AuditType, { userId }: Caller, details: AuditDraft['details'] & object): AuditDraft {
  return { type, actorId: userId, userId, details };
}

async function bodyOf({ db, clock }: Services, account: ExchangeAccount): Promise<AccountBody> {
  return accountBody(account, await listBalances(db, account.id), clock.now());
}

/** @throws Problem if the server has no key to encrypt with */
async function secretsKeyOf({ secretsKey }: Services): Promise<SecretsKey> {
  const key = await secretsKey();
  if (key !== null) return key;
  const detail =
    'This server cannot store API keys, since it has no SECRETS_KEY. Ask its operator to set one.';
  throw problem('unavailable', { detail, errors: [{ detail, code: 'secrets-key-missing' }] });
}

const listAccounts = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/accounts',
  id: 'listAccounts',
  tag: 'accounts',
  summary: 'The accounts at exchanges that fill a portfolio',
  description: 'The channel `accounts:<portfolioId>` of `GET /v1/streams` carries the same, live.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: z
    .object({ items: z.array(accountSchema).describe('The accounts, in the order they were connected.') })
    .meta({ id: 'ExchangeAccountList', description: 'The accounts of a portfolio.' }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { items } = await accountsState(services.db, portfolio.id, services.clock.now());
    return { items };
  },
});

const createAccount = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/accounts',
  id: 'connectAccount',
  tag: 'accounts',
  summary: 'Connect an account at an exchange by an API key that can read',
  description:
    'The key is tried at once, and refused if the exchange does not accept it or if it can do more than read. Then the account is read from its first day to the present and kept up to date. Each trade, deposit and withdrawal is booked once, by its id at the exchange, and not at all if a file has brought it before. Balances are compared after each read. Credentials are stored encrypted, and no answer contains them. For the owner of the portfolio.',
  access: 'account',
  credential: 'person',
  params: portfolioParams,
  body: z
    .strictObject({
      exchange: exchangeId,
      label,
      credentials: credentialsInput,
      allowTradingKey: allowTradingKey.default(false),
    })
    .meta({ id: 'ExchangeAccountInput', description: 'An account to connect.' }),
  status: 201,
  response: accountSchema,
  examples: {
    request: {
      exchange: 'upbit',
      label: 'Upbit main',
      credentials: { apiKey: 'your-access-key', secret: 'your-secret-key' },
    },
  },
  problems: ['invalid-request', 'not-found', 'conflict', 'quota-exceeded', 'key-refused', 'unavailable'],
  async handler({ params, body, caller, ctx }, services) {
    const { db, clock, config, accounts } = services;
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    const { exchange, credentials } = body;
    assertFields(exchange, credentials);
    const key = await secretsKeyOf(services);
    const id = newId(clock);
    const facts = await inspectKey(services, { ...body, accountId: id });
    const account = await db.transaction(async (trx) => {
      const connected = await connectAccount(
        trx,
        {
          id,
          portfolioId: portfolio.id,
          exchange,
          label: body.label,
          sealed: key.seal(id, JSON.stringify(credentials)),
          allowTradingKey: body.allowTradingKey,
          permissions: facts.permissions,
          keyExpiresAt: facts.expiresAt,
        },
        { clock, limit: config.ACCOUNTS_PER_PORTFOLIO },
      );
      const details = { portfolioId: portfolio.id, accountId: id, exchange };
      await recordAudit(trx, ownEvent('account-connected', caller, details), originOf(ctx), { clock });
      return connected;
    });
    accounts.changed(portfolio.id);
    return await bodyOf(services, account);
  },
});

const getAccount = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId',
  id: 'getAccount',
  tag: 'accounts',
  summary: 'An account at an exchange',
  access: 'read',
  params: accountParams,
  status: 200,
  response: accountSchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const account = await findAccount(services.db, portfolio.id, params.accountId);
    if (account === null) throw notFound();
    return await bodyOf(services, account);
  },
});

const updateAccount = endpoint({
  method: 'patch',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId',
  id: 'updateAccount',
  tag: 'accounts',
  summary: 'Rename, pause or resume an account, or give it a new key',
  description:
    'A new key is tried at once, as when connecting an account. Entries keep the `account` they were booked with. For the owner of the portfolio.',
  access: 'account',
  credential: 'person',
  params: accountParams,
  body: z
    .strictObject({
      label: label.optional(),
      paused: z.boolean().optional().describe('`true`: stop reading it for now.'),
      allowTradingKey: allowTradingKey.optional(),
      credentials: credentialsInput.optional(),
    })
    .meta({ id: 'ExchangeAccountChange', description: 'What to change in an account; the rest stays.' }),
  status: 200,
  response: accountSchema,
  examples: { request: { paused: true } },
  problems: ['invalid-request', 'not-found', 'conflict', 'key-refused', 'unavailable'],
  async handler({ params, body, caller, ctx }, services) {
    const { db, clock, accounts } = services;
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    const account = await findAccount(db, portfolio.id, params.accountId);
    if (account === null) throw notFound();
    const { credentials, ...rest } = body;
    const change: AccountChange = rest;
    if (credentials !== undefined) {
      const { id, exchange } = account;
      assertFields(exchange, credentials);
      const key = await secretsKeyOf(services);
      const facts = await inspectKey(services, {
        accountId: id,
        exchange,
        credentials,
        allowTradingKey: body.allowTradingKey ?? account.allowTradingKey,
      });
      const sealed = key.seal(id, JSON.stringify(credentials));
      change.key = { sealed, permissions: facts.permissions, keyExpiresAt: facts.expiresAt };
    }
    const changed = await db.transaction(async (trx) => {
      const after = await changeAccount(trx, portfolio.id, account.id, change, { clock });
      if (after === null || change.key === undefined) return after;
      const details = { portfolioId: portfolio.id, accountId: account.id, exchange: account.exchange };
      await recordAudit(trx, ownEvent('account-key-changed', caller, details), originOf(ctx), { clock });
      return after;
    });
    if (changed === null) throw notFound();
    accounts.changed(portfolio.id);
    return await bodyOf(services, changed);
  },
});

const removeAccount = endpoint({
  method: 'delete',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId',
  id: 'deleteAccount',
  tag: 'accounts',
  summary: 'Disconnect an account, and keep or remove its entries',
  description:
    'Its credentials are deleted. With `entries=keep` its entries stay in the ledger, and are not booked again if the account is connected once more. With `entries=remove` everything that it booked is removed, including the entries that settled its discrepancies, and every later figure is restated; what a file or a person booked stays. For the owner of the portfolio.',
  access: 'account',
  credential: 'person',
  params: accountParams,
  query: z.strictObject({
    entries: z
      .enum(['keep', 'remove'])
      .default('keep')
      .meta({ description: 'Whether to keep or remove the entries that it booked.' }),
  }),
  status: 204,
  response: null,
  problems: ['invalid-request', 'not-found', 'unavailable'],
  async handler({ params, query, caller, ctx }, services) {
    const { db, clock, accounts } = services;
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    const about = { portfolioId: portfolio.id, id: params.accountId };
    const removal = await changeLedger(services, portfolio.id, (options) =>
      lockingLedgers(db, async (trx) => {
        const ledgers = await lockLedgers(trx, [portfolio.id]);
        const told = { ...options, published: PUBLISHED };
        const disconnected = await disconnectAccount(trx, ledgers, about, query.entries === 'remove', told);
        if (disconnected === null) return null;
        const details = {
          portfolioId: portfolio.id,
          accountId: params.accountId,
          removed: String(disconnected.count),
        };
        await recordAudit(trx, ownEvent('account-disconnected', caller, details), originOf(ctx), { clock });
        return disconnected;
      }),
    );
    if (removal === null) throw notFound();
    accounts.changed(portfolio.id);
  },
});

const syncAccount = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId/sync',
  id: 'syncAccount',
  tag: 'accounts',
  summary: 'Read an account now',
  description:
    'It is read as soon as a node is free, even if it had stopped. For the owner of the portfolio.',
  access: 'account',
  credential: 'person',
  params: accountParams,
  status: 200,
  response: accountSchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db, clock, accounts } = services;
    const portfolio = await ownPortfolio(db, params.portfolioId, caller);
    const account = await wakeAccount(db, portfolio.id, params.accountId, { clock });
    if (account === null) throw notFound();
    accounts.changed(portfolio.id);
    return await bodyOf(services, account);
  },
});

const testAccount = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId/test',
  id: 'testAccount',
  tag: 'accounts',
  summary: 'Try the API key of an account',
  description: 'Nothing is changed. For the owner of the portfolio.',
  access: 'account',
  credential: 'person',
  params: accountParams,
  status: 200,
  response: z
    .object({
      permissions: accountSchema.shape.permissions,
      keyExpiresAt: accountSchema.shape.keyExpiresAt,
    })
    .meta({ id: 'ExchangeAccountTest', description: 'What the exchange says about the API key.' }),
  problems: ['not-found', 'key-refused', 'unavailable'],
  async handler({ params, caller }, services) {
    const portfolio = await ownPortfolio(services.db, params.portfolioId, caller);
    const account = await findAccount(services.db, portfolio.id, params.accountId);
    if (account === null) throw notFound();
    const { id, exchange } = account;
    const credentials = await orProblem(exchange, () => services.accountCredentials(id));
    const facts = await inspectKey(services, { ...account, accountId: id, exchange, credentials });
    const { permissions, expiresAt } = facts;
    return { permissions, keyExpiresAt: expiresAt === null ? null : field.isoTime(expiresAt) };
  },
});

export const accountEndpoints = [
  listAccounts,
  createAccount,
  getAccount,
  updateAccount,
  removeAccount,
  syncAccount,
  testAccount,
];
