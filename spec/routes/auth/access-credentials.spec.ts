import assert from 'node:assert/strict';
import { createApiKey } from '../../../db/users/api-keys.ts';
import { apiKeyPrefix, hashApiKey, newApiKey } from '../../../lib/tokens/api-key.ts';
import { KEY_SCOPES, type Scope } from '../../../lib/tokens/caller.ts';
import { systemClock } from '../../../lib/clock.ts';
import { openApiDocument } from '../../../openapi/document.ts';
import { API } from '../../../openapi/documents.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { assertLetIn, CLOSED, knock, nameOf, UNLIMITED } from '../../support/routes/door.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/**
 * What each operation takes: a scope, and whether an API key with that scope is enough. A new endpoint needs a line here.
 *
 * A key never does what makes, widens or outlives a credential, what decides over people, or what cannot be undone.
 */
const DECISIONS: Record<string, { scope: Scope; by: 'anyone' | 'person' }> = {
  // Credentials: a key that leaks must not make its own successor, nor lock its owner out.
  changePassword: { scope: 'account', by: 'person' },
  createApiKey: { scope: 'account', by: 'person' },
  deleteApiKey: { scope: 'account', by: 'person' },
  listApiKeys: { scope: 'account', by: 'person' },
  endSession: { scope: 'account', by: 'person' },
  listSessions: { scope: 'account', by: 'person' },
  logout: { scope: 'read', by: 'person' },
  logoutEverywhere: { scope: 'account', by: 'person' },
  // Hangs on the key, has no scope but `read` and ends with it.
  createStreamToken: { scope: 'read', by: 'anyone' },

  // People. An administrator's key looks at them, for monitoring, and changes none.
  createUser: { scope: 'admin', by: 'person' },
  deleteUser: { scope: 'admin', by: 'person' },
  updateUser: { scope: 'account', by: 'person' },
  getUser: { scope: 'read', by: 'anyone' },
  listUsers: { scope: 'admin', by: 'anyone' },
  me: { scope: 'read', by: 'anyone' },
  listAudit: { scope: 'admin', by: 'anyone' },
  listRateLimits: { scope: 'admin', by: 'anyone' },
  metrics: { scope: 'admin', by: 'anyone' },

  // Whom one shares with is part of the account, like the keys.
  deleteShare: { scope: 'account', by: 'person' },
  listShares: { scope: 'account', by: 'person' },
  putShare: { scope: 'account', by: 'person' },
  acceptInvitation: { scope: 'account', by: 'person' },
  declineInvitation: { scope: 'account', by: 'person' },
  listInvitations: { scope: 'account', by: 'person' },

  // A deleted ledger does not come back. Settings do, so programs may change them.
  deletePortfolio: { scope: 'trades:write', by: 'person' },
  createPortfolio: { scope: 'trades:write', by: 'anyone' },
  updatePortfolio: { scope: 'trades:write', by: 'anyone' },
  listPortfolios: { scope: 'read', by: 'anyone' },
  getPortfolio: { scope: 'read', by: 'anyone' },

  // Keys of exchanges: a program never hands one over, nor decides what is done with it.
  connectAccount: { scope: 'account', by: 'person' },
  updateAccount: { scope: 'account', by: 'person' },
  deleteAccount: { scope: 'account', by: 'person' },
  syncAccount: { scope: 'account', by: 'person' },
  testAccount: { scope: 'account', by: 'person' },
  listAccounts: { scope: 'read', by: 'anyone' },
  getAccount: { scope: 'read', by: 'anyone' },
  getReconciliation: { scope: 'read', by: 'anyone' },
  listDiscrepancies: { scope: 'read', by: 'anyone' },
  // It books or removes an entry, as programs may.
  acceptDiscrepancyProposal: { scope: 'trades:write', by: 'anyone' },

  // The ledger: what programs are for.
  bookTrades: { scope: 'trades:write', by: 'anyone' },
  bookEntries: { scope: 'trades:write', by: 'anyone' },
  changeEntry: { scope: 'trades:write', by: 'anyone' },
  joinEntry: { scope: 'trades:write', by: 'anyone' },
  listTransferMatches: { scope: 'read', by: 'anyone' },
  acceptTransferMatch: { scope: 'trades:write', by: 'anyone' },
  acceptSureTransferMatches: { scope: 'trades:write', by: 'anyone' },
  rejectTransferMatch: { scope: 'trades:write', by: 'anyone' },
  partEntry: { scope: 'trades:write', by: 'anyone' },
  removeEntry: { scope: 'trades:write', by: 'anyone' },
  listEntries: { scope: 'read', by: 'anyone' },
  getEntry: { scope: 'read', by: 'anyone' },
  exportEntries: { scope: 'read', by: 'anyone' },
  bookTransfers: { scope: 'trades:write', by: 'anyone' },
  changeTrade: { scope: 'trades:write', by: 'anyone' },
  changeTransfer: { scope: 'trades:write', by: 'anyone' },
  listImportMappings: { scope: 'read', by: 'anyone' },
  saveImportMapping: { scope: 'trades:write', by: 'anyone' },
  deleteImportMapping: { scope: 'trades:write', by: 'anyone' },
  listDecisions: { scope: 'read', by: 'anyone' },
  settleDecision: { scope: 'trades:write', by: 'anyone' },
  importTrades: { scope: 'trades:write', by: 'anyone' },
  removeTrade: { scope: 'trades:write', by: 'anyone' },
  removeTransfer: { scope: 'trades:write', by: 'anyone' },
  exportTrades: { scope: 'read', by: 'anyone' },
  getTrade: { scope: 'read', by: 'anyone' },
  getTradeStats: { scope: 'read', by: 'anyone' },
  listTagStats: { scope: 'read', by: 'anyone' },
  getTransfer: { scope: 'read', by: 'anyone' },
  listTrades: { scope: 'read', by: 'anyone' },
  listTransfers: { scope: 'read', by: 'anyone' },

  // Figures.
  explainPnl: { scope: 'read', by: 'anyone' },
  exportHoldings: { scope: 'read', by: 'anyone' },
  exportPnlPeriods: { scope: 'read', by: 'anyone' },
  exportSeries: { scope: 'read', by: 'anyone' },
  getAllocation: { scope: 'read', by: 'anyone' },
  getPerformance: { scope: 'read', by: 'anyone' },
  getPnl: { scope: 'read', by: 'anyone' },
  getSeries: { scope: 'read', by: 'anyone' },
  listFigureEntries: { scope: 'read', by: 'anyone' },
  listHoldings: { scope: 'read', by: 'anyone' },
  listLots: { scope: 'read', by: 'anyone' },
  listPnlPeriods: { scope: 'read', by: 'anyone' },

  // The market: feeds are programs.
  listCandles: { scope: 'read', by: 'anyone' },
  getRate: { scope: 'read', by: 'anyone' },
  listBackfills: { scope: 'read', by: 'anyone' },
  listPremiums: { scope: 'read', by: 'anyone' },
  listSymbols: { scope: 'read', by: 'anyone' },
  listTickers: { scope: 'read', by: 'anyone' },
  loadCandles: { scope: 'market:write', by: 'anyone' },
  loadRates: { scope: 'market:write', by: 'anyone' },
  pushTicks: { scope: 'market:write', by: 'anyone' },
  requestBackfill: { scope: 'market:write', by: 'anyone' },

  // Streams. To end one is more than to read: other readers of the same user lose theirs.
  endStreamSession: { scope: 'account', by: 'person' },
  // A name for what the key may read anyway. It takes no name away that is in use.
  createStreamSubscription: { scope: 'read', by: 'anyone' },
  listStreamSessions: { scope: 'read', by: 'anyone' },
  openMarketStream: { scope: 'read', by: 'anyone' },
  openPnlStream: { scope: 'read', by: 'anyone' },
  openStream: { scope: 'read', by: 'anyone' },
  openWebSocket: { scope: 'read', by: 'anyone' },
};

const PERSON_ONLY = CLOSED.filter(({ id }) => DECISIONS[id]?.by === 'person');

describe('the decisions on credentials', () => {
  it('are made for every endpoint, and are what it declares', () => {
    const declared = CLOSED.map(({ id, access, credential = 'anyone' }) => [
      id,
      { scope: access, by: credential },
    ]);
    assert.deepEqual(Object.fromEntries(declared), DECISIONS);
    assert.equal(declared.length, CLOSED.length);
  });

  it('leave nothing that only a person may do to other credentials', () => {
    for (const endpoint of API.filter(({ credential }) => credential === 'person')) {
      assert.notEqual(endpoint.access, 'public', endpoint.id);
      assert.notEqual(endpoint.streamToken, true, endpoint.id);
      assert.notEqual(endpoint.publicMarket, true, endpoint.id);
      assert.equal(endpoint.alsoOpenTo, undefined, endpoint.id);
    }
  });

  it('give no key the scope that looks after an account, nor anything that has it', () => {
    assert.ok(!(KEY_SCOPES as readonly string[]).includes('account'));
    for (const { id, access, credential } of CLOSED) {
      if (access === 'account') assert.equal(credential, 'person', id);
    }
  });

  it('are in the API document: it offers an API key only where one is taken', () => {
    const { paths } = JSON.parse(JSON.stringify(openApiDocument(API, '0.0.0'))) as {
      paths: Record<string, Record<string, { security: Record<string, string[]>[] }>>;
    };
    for (const { id, method, path } of CLOSED) {
      const { security } = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method] ?? { security: [] };
      const { scope, by } = DECISIONS[id] ?? { scope: 'read', by: 'person' };
      const key = security.find((way) => 'apiKey' in way);
      assert.deepEqual(key, by === 'person' ? undefined : { apiKey: [scope] }, id);
      assert.ok(security.some((way) => way['bearer']?.[0] === scope));
    }
  });
});

describe('an API key with every scope', () => {
  let app: TestApp;
  let admin: TestUser;
  let key: string;

  before(async () => {
    app = await startApp({ env: UNLIMITED });
    admin = await app.user('admin');
    key = newApiKey();
    await createApiKey(
      app.services.db,
      {
        userId: admin.id,
        name: 'leaked',
        prefix: apiKeyPrefix(key),
        hash: hashApiKey(key) ?? '',
        scopes: [...KEY_SCOPES],
        allowedIps: [],
        expiresAt: null,
        requestsPerMinute: null,
      },
      { clock: systemClock },
    );
  });
  after(() => app.close());

  for (const endpoint of CLOSED) {
    const { by } = DECISIONS[endpoint.id] ?? {};
    it(`${by === 'person' ? 'is refused by' : 'is let into'} ${nameOf(endpoint)}`, async () => {
      const answer = await knock(app, endpoint, { 'x-api-key': key });
      if (by !== 'person') return assertLetIn(answer, endpoint);
      assertProblem(answer, 403, 'forbidden');
      assert.match(answer.body.detail, /API key/);
      // The same door, by its owner.
      const ends = endpoint.id === 'logout' || endpoint.id === 'logoutEverywhere';
      const { authorization } = ends ? await app.user('admin') : admin;
      assertLetIn(await knock(app, endpoint, { authorization }), endpoint);
    });
  }

  it('makes no administrator, the successor that would outlive it', async () => {
    const headers = { 'x-api-key': key };
    const email = 'successor@example.com';
    const body = { email, password: TEST_PASSWORD, role: 'admin' };
    assertProblem(await app.call('POST', '/v1/users', { headers, body }), 403, 'forbidden');
    const login = { email, password: TEST_PASSWORD };
    assertProblem(await app.call('POST', '/v1/auth/login', { body: login }), 401, 'invalid-credentials');
    const { body: audit } = await app.call('GET', '/v1/admin/audit?type=access-denied', { as: admin });
    const denied = audit.items.filter(({ actorId }: { actorId: string }) => actorId === admin.id);
    assert.ok(
      denied.some(({ details }: { details: { endpoint: string } }) => details.endpoint === 'createUser'),
    );
  });

  it('is no way round by a stream token', async () => {
    const { body } = await app.call('POST', '/v1/auth/stream-token', { headers: { 'x-api-key': key } });
    for (const endpoint of PERSON_ONLY) {
      const answer = await knock(app, endpoint, {}, `?token=${body.token}`);
      assertProblem(answer, 401, 'unauthorized', nameOf(endpoint));
    }
  });
});
