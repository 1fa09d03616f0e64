import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type Role, ROLES, SCOPES } from '../../../lib/tokens/caller.ts';
import type { Endpoint } from '../../../routes/http/endpoint.ts';
import { API } from '../../../openapi/documents.ts';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { BAD_TOKENS, forge } from '../../support/routes/bad-tokens.ts';
import { assertLetIn, CLOSED, knock, nameOf, NO_ID, UNLIMITED } from '../../support/routes/door.ts';
import { assertProblem } from '../../support/routes/problems.ts';

describe('the list of endpoints', () => {
  it('lets anybody in at these places only', () => {
    const open = API.filter(({ access }) => access === 'public').map(({ id }) => id);
    assert.deepEqual(open.sort(), [
      'getAsyncApi',
      'getOpenApi',
      'health',
      'login',
      'problemType',
      'publicKeys',
      'ready',
      'refresh',
      'register',
    ]);
  });

  it('keeps these for administrators, for those who tell of the market, and for who has logged in', () => {
    const asking = (access: string): string[] =>
      API.filter((each) => each.access === access)
        .map(({ id }) => id)
        .sort();
    assert.deepEqual(asking('admin'), [
      'createUser',
      'deleteUser',
      'listAudit',
      'listRateLimits',
      'listUsers',
      'metrics',
    ]);
    assert.deepEqual(asking('market:write'), ['loadCandles', 'loadRates', 'pushTicks', 'requestBackfill']);
    assert.deepEqual(asking('account'), [
      'acceptInvitation',
      'changePassword',
      'connectAccount',
      'createApiKey',
      'declineInvitation',
      'deleteAccount',
      'deleteApiKey',
      'deleteShare',
      'endSession',
      'endStreamSession',
      'listApiKeys',
      'listInvitations',
      'listSessions',
      'listShares',
      'logoutEverywhere',
      'putShare',
      'syncAccount',
      'testAccount',
      'updateAccount',
      'updateUser',
    ]);
  });

  it('opens market data alone by PUBLIC_MARKET', () => {
    const market = ENDPOINTS.filter(({ publicMarket }) => publicMarket === true);
    assert.deepEqual(market.map(({ id }) => id).sort(), [
      'listCandles',
      'listPremiums',
      'listSymbols',
      'listTickers',
      'openMarketStream',
      'openStream',
      'openWebSocket',
    ]);
    for (const { method, access } of market) assert.deepEqual([method, access], ['get', 'read']);
  });

  it('has another way in for the scraper of metrics only', () => {
    const others = ENDPOINTS.filter(({ alsoOpenTo }) => alsoOpenTo !== undefined);
    assert.deepEqual(
      others.map(({ id }) => id),
      ['metrics'],
    );
  });

  it('asks for more than the right to read wherever something is changed', () => {
    const changing = CLOSED.filter(({ method }) => method !== 'get');
    assert.deepEqual(
      changing.filter(({ access }) => access === 'read').map(({ id }) => id),
      ['logout', 'createStreamToken', 'createStreamSubscription'],
    );
  });

  it('holds every endpoint that any file of routes/ declares', async () => {
    const folder = new URL('../../../routes/', import.meta.url);
    const declared: Endpoint[] = [];
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.ts'))) {
      const exported: Record<string, unknown> = await import(new URL(file, folder).href);
      for (const value of Object.values(exported).flat()) {
        if (typeof value === 'object' && value !== null && 'handler' in value && 'access' in value) {
          declared.push(value as Endpoint);
        }
      }
    }
    assert.deepEqual(new Set(declared.map(({ id }) => id)), new Set(ENDPOINTS.map(({ id }) => id)));
    assert.ok(ENDPOINTS.length > 20);
  });

  it('names each operation and each method of a path once', () => {
    assert.equal(new Set(API.map(({ id }) => id)).size, API.length);
    assert.equal(new Set(API.map(nameOf)).size, API.length);
  });
});

/** What each role is for; said here once more, so that a slip in the code is seen. */
const MAY: Record<Role, readonly string[]> = {
  viewer: ['read', 'account'],
  trader: ['read', 'account', 'trades:write'],
  admin: ['read', 'account', 'trades:write', 'market:write', 'admin'],
};

describe('access', () => {
  let app: TestApp;
  let trader: TestUser;
  let admin: TestUser;
  let users: Record<Role, TestUser>;

  before(async () => {
    app = await startApp({ env: UNLIMITED });
    users = { viewer: await app.user('viewer'), trader: await app.user(), admin: await app.user('admin') };
    ({ trader, admin } = users);
  });
  after(() => app.close());

  for (const role of ROLES) {
    for (const [credential, headersOf] of Object.entries(BAD_TOKENS)) {
      it(`is refused with 401 everywhere to ${credential} of a ${role}`, async () => {
        const headers = await headersOf({ app, user: users[role], role });
        const slug = credential === 'an expired token' ? 'token-expired' : 'unauthorized';
        for (const endpoint of CLOSED) {
          const answer = await knock(app, endpoint, headers);
          assertProblem(answer, 401, slug, nameOf(endpoint));
          const said = /Bearer [\w.-]/i.test(headers['authorization'] ?? '') && credential !== 'two tokens';
          assert.equal(
            answer.headers.get('www-authenticate')?.includes('error="invalid_token"'),
            said || 'cookie' in headers ? endpoint.method === 'get' || said : false,
            nameOf(endpoint),
          );
        }
      });
    }
  }

  for (const role of ROLES) {
    it(`is given to a ${role} by what each endpoint declares`, async () => {
      for (const endpoint of CLOSED) {
        // Each with a log-in of its own: some of them end it.
        const ends = endpoint.id === 'logout' || endpoint.id === 'logoutEverywhere';
        const { authorization } = ends ? await app.user(role) : users[role];
        const answer = await knock(app, endpoint, { authorization });
        if (MAY[role].includes(endpoint.access)) assertLetIn(answer, endpoint);
        else assertProblem(answer, 403, 'forbidden', nameOf(endpoint));
      }
    });
  }

  for (const endpoint of CLOSED) {
    it(`is refused with 403 on ${nameOf(endpoint)} without the scope ${endpoint.access}`, async () => {
      const scopes = SCOPES.filter((scope) => scope !== endpoint.access);
      const token = forge({ app, user: admin, role: 'admin' }, { scopes });
      const answer = await knock(app, endpoint, { authorization: `Bearer ${token}` });
      assertProblem(answer, 403, 'forbidden');
      assert.ok(answer.body.detail.includes(endpoint.access));
    });
  }

  it('follows the role where the token names no scopes', async () => {
    const viewer = await app.user('viewer');
    const tick = { symbol: 'BTC/KRW', price: '1' };
    const statuses = async (as: TestUser): Promise<number[]> =>
      Promise.all([
        app.call('GET', '/v1/portfolios', { as }).then(({ status }) => status),
        app.call('POST', '/v1/portfolios', { as, body: { name: 'Mine' } }).then(({ status }) => status),
        app.call('POST', '/v1/market/ticks', { as, body: tick }).then(({ status }) => status),
      ]);
    assert.deepEqual(await statuses(viewer), [200, 403, 403]);
    assert.deepEqual(await statuses(trader), [200, 201, 403]);
    assert.deepEqual(await statuses(admin), [200, 201, 200]);
  });

  it('is asked for before a body is read', async () => {
    const path = `/v1/portfolios/${NO_ID}/trades`;
    assertProblem(await app.call('POST', path, { body: '{' }), 401, 'unauthorized');
    const headers = { 'content-type': 'text/plain' };
    assertProblem(await app.call('POST', path, { body: 'x', headers }), 401, 'unauthorized');
  });

  it('is given by the cookie for reading and for nothing else', async () => {
    const headers = { cookie: `marktide_access=${trader.accessToken}` };
    for (const endpoint of CLOSED) {
      const { status } = await knock(app, endpoint, headers);
      if (endpoint.method === 'get') assert.notEqual(status, 401, nameOf(endpoint));
      else assert.equal(status, 401, nameOf(endpoint));
    }
    assert.equal((await fetch(`${app.url}/v1/auth/me`, { method: 'HEAD', headers })).status, 200);
  });
});

describe('access with PUBLIC_MARKET=true', () => {
  let app: TestApp;
  let trader: TestUser;
  let portfolioId: string;

  before(async () => {
    app = await startApp({ env: { PUBLIC_MARKET: 'true' } });
    trader = await app.user();
    portfolioId = (await app.call('POST', '/v1/portfolios', { as: trader, body: { name: 'Mine' } })).body.id;
  });
  after(() => app.close());

  it('is open to anybody for market data, and for nothing else', async () => {
    for (const endpoint of CLOSED) {
      const { status } = await knock(app, endpoint, {});
      if (endpoint.publicMarket === true) assert.notEqual(status, 401, nameOf(endpoint));
      else assert.equal(status, 401, nameOf(endpoint));
    }
    assert.equal((await app.call('GET', '/v1/market/tickers')).status, 200);
    const stream = new StreamClient(`${app.url}/v1/streams/market`);
    await stream.ready();
    stream.cut();
  });

  it('still refuses a bad token', async () => {
    const headers = { authorization: 'Bearer garbage' };
    assertProblem(await app.call('GET', '/v1/market/tickers', { headers }), 401, 'unauthorized');
  });

  it('takes a stale cookie for none, since browsers send it unasked', async () => {
    const headers = { cookie: 'marktide_access=stale' };
    assert.equal((await app.call('GET', '/v1/market/tickers', { headers })).status, 200);
    const path = `/v1/streams?channels=ticker:*,pnl:${portfolioId}`;
    assertProblem(await app.call('GET', path, { headers }), 401, 'unauthorized');
  });

  it('keeps portfolios private on the stream that is open', async () => {
    for (const channel of ['pnl', 'fills', 'holdings']) {
      const path = `/v1/streams?channels=ticker:*,${channel}:${portfolioId}`;
      assertProblem(await app.call('GET', path), 401, 'unauthorized', channel);
    }
  });

  it('lets a browser with its cookie read market and portfolio on one stream', async () => {
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*,pnl:${portfolioId}`, {
      headers: { cookie: `marktide_access=${trader.accessToken}` },
    });
    await stream.ready();
    assert.equal(stream.of('pnl').at(-1)?.data.portfolioId, portfolioId);
    stream.cut();
  });
});
