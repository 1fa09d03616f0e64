import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync } from 'node:fs';
import jwt from 'jsonwebtoken';
import { revokeSession } from '../../db/sessions.ts';
import { updateUser } from '../../db/users.ts';
import { SCOPES } from '../../lib/caller.ts';
import { newId } from '../../lib/id.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Endpoint } from '../../routes/endpoint.ts';
import { API } from '../../openapi/documents.ts';
import { ENDPOINTS } from '../../routes/endpoints.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../support/app.ts';
import { StreamClient } from '../support/stream-client.ts';
import { assertProblem } from './problems.ts';

const CLOSED = API.filter(({ access }) => access !== 'public');
const ID = newId(systemClock);

/** A path of the endpoint, with ids that nothing has unless they are given. */
function pathOf({ path }: Endpoint, portfolioId = ID): string {
  return path.replace(':portfolioId', portfolioId).replaceAll(/:\w+/g, ID);
}

function name({ method, path }: Endpoint): string {
  return `${method.toUpperCase()} ${path}`;
}

/** Only the head of the answer is read: a stream that should not have opened must not hold the test up. */
async function head(
  app: TestApp,
  endpoint: Endpoint,
  headers: Record<string, string>,
  portfolioId?: string,
): Promise<Answer> {
  const method = endpoint.method.toUpperCase();
  const abort = new AbortController();
  const response = await fetch(app.url + pathOf(endpoint, portfolioId), {
    method,
    headers,
    signal: abort.signal,
    ...(endpoint.body === undefined ? {} : { body: '{' }),
  });
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const body: unknown = isProblem ? await response.json() : '';
  if (!isProblem) abort.abort();
  return { status: response.status, headers: response.headers, body };
}

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

  it('opens market data alone by PUBLIC_MARKET', () => {
    const market = ENDPOINTS.filter(({ publicMarket }) => publicMarket === true);
    assert.deepEqual(market.map(({ id }) => id).sort(), [
      'listCandles',
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
      ['logout', 'createStreamToken', 'endStreamSession'],
    );
  });

  it('holds every endpoint that any file of routes/ declares', async () => {
    const folder = new URL('../../routes/', import.meta.url);
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
    assert.equal(new Set(API.map(name)).size, API.length);
  });
});

describe('access', () => {
  let app: TestApp;
  let trader: TestUser;
  let admin: TestUser;
  let sessionId: string;

  before(async () => {
    app = await startApp();
    trader = await app.user('trader');
    admin = await app.user('admin');
    ({ sid: sessionId } = jwt.decode(trader.accessToken) as { sid: string });
  });
  after(() => app.close());

  /** Of the moment it is asked for: these tests may begin long after this file was read. */
  const now = (): number => Math.floor(Date.now() / 1000);
  const claims = (): Record<string, unknown> => ({
    sub: trader.id,
    sid: sessionId,
    role: 'admin',
    iss: 'marktide',
    aud: 'marktide:api',
    iat: now(),
    exp: now() + 600,
  });
  const sign = (
    changed: Record<string, unknown>,
    key = app.services.tokenKey,
    algorithm: jwt.Algorithm = 'HS256',
  ): string => {
    const kept = Object.entries({ ...claims(), ...changed }).filter(([, value]) => value !== undefined);
    return jwt.sign(Object.fromEntries(kept), key, { algorithm, noTimestamp: true });
  };
  const unsigned = (header: object): string =>
    [header, claims()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

  it('is given to the claims that the refusals below are made from', async () => {
    const answer = await app.call('GET', '/v1/auth/me', { headers: { authorization: `Bearer ${sign({})}` } });
    assert.equal(answer.status, 200);
  });

  const credentials: Record<string, () => Promise<Record<string, string>> | Record<string, string>> = {
    'no token': () => ({}),
    'an empty header': () => ({ authorization: '' }),
    'another scheme': () => ({ authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }),
    garbage: () => ({ authorization: 'Bearer garbage' }),
    'a token without its scheme': () => ({ authorization: trader.accessToken }),
    'two tokens': () => ({ authorization: `Bearer ${trader.accessToken} ${trader.accessToken}` }),
    'an expired token': () => ({ authorization: `Bearer ${sign({ iat: now() - 100, exp: now() - 10 })}` }),
    'a token not valid yet': () => ({ authorization: `Bearer ${sign({ nbf: now() + 300 })}` }),
    'a tampered payload': () => {
      const [header, , signature] = trader.accessToken.split('.');
      const payload = Buffer.from(JSON.stringify(claims())).toString('base64url');
      return { authorization: `Bearer ${header}.${payload}.${signature}` };
    },
    'a tampered signature': () => {
      const at = trader.accessToken.lastIndexOf('.') + 5;
      const other = trader.accessToken[at] === 'A' ? 'B' : 'A';
      const token = trader.accessToken.slice(0, at) + other + trader.accessToken.slice(at + 1);
      return { authorization: `Bearer ${token}` };
    },
    'no signature': () => ({ authorization: `Bearer ${unsigned({ alg: 'HS256', typ: 'JWT' })}.` }),
    'alg none': () => ({ authorization: `Bearer ${unsigned({ alg: 'none', typ: 'JWT' })}.` }),
    'another algorithm with our key': () => ({
      authorization: `Bearer ${sign({}, app.services.tokenKey, 'HS512')}`,
    }),
    'a public-key signature': () => ({
      authorization: `Bearer ${sign({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'RS256')}`,
    }),
    'another audience': () => ({ authorization: `Bearer ${sign({ aud: 'other' })}` }),
    'no audience': () => ({ authorization: `Bearer ${sign({ aud: undefined })}` }),
    'another issuer': () => ({ authorization: `Bearer ${sign({ iss: 'other' })}` }),
    'no expiry': () => ({ authorization: `Bearer ${sign({ exp: undefined })}` }),
    'an unknown role': () => ({ authorization: `Bearer ${sign({ role: 'root' })}` }),
    'another key': () => ({
      authorization: `Bearer ${sign({}, createSecretKey(Buffer.from('another secret of sufficient length')))}`,
    }),
    'an unknown session': () => ({ authorization: `Bearer ${sign({ sid: ID })}` }),
    'a session that is no id': () => ({ authorization: `Bearer ${sign({ sid: 'mine' })}` }),
    'a revoked session': async () => {
      const gone = await app.user();
      const { sid } = jwt.decode(gone.accessToken) as { sid: string };
      assert.ok(await revokeSession(app.services.db, sid, { clock: systemClock }));
      return { authorization: gone.authorization };
    },
    'a disabled user': async () => {
      const gone = await app.user();
      await updateUser(app.services.db, gone.id, { disabledAt: Date.now() });
      return { authorization: gone.authorization };
    },
    'bad token beside a good cookie': () => ({
      authorization: 'Bearer garbage',
      cookie: `marktide_access=${trader.accessToken}`,
    }),
    'a bad cookie': () => ({ cookie: 'marktide_access=garbage' }),
  };

  for (const [credential, headersOf] of Object.entries(credentials)) {
    it(`is refused with 401 everywhere to ${credential}`, async () => {
      const headers = await headersOf();
      const slug = credential === 'an expired token' ? 'token-expired' : 'unauthorized';
      for (const endpoint of CLOSED) {
        const answer = await head(app, endpoint, headers);
        assertProblem(answer, 401, slug, name(endpoint));
        const said = /Bearer [\w.]/i.test(headers['authorization'] ?? '') && credential !== 'two tokens';
        assert.equal(
          answer.headers.get('www-authenticate')?.includes('error="invalid_token"'),
          said || 'cookie' in headers ? endpoint.method === 'get' || said : false,
          name(endpoint),
        );
      }
    });
  }

  for (const endpoint of CLOSED) {
    it(`is refused with 403 on ${name(endpoint)} without the scope ${endpoint.access}`, async () => {
      const scopes = SCOPES.filter((scope) => scope !== endpoint.access);
      const answer = await head(app, endpoint, { authorization: `Bearer ${sign({ scopes })}` });
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
    const path = `/v1/portfolios/${ID}/trades`;
    assertProblem(await app.call('POST', path, { body: '{' }), 401, 'unauthorized');
    const headers = { 'content-type': 'text/plain' };
    assertProblem(await app.call('POST', path, { body: 'x', headers }), 401, 'unauthorized');
  });

  it('is given by the cookie for reading and for nothing else', async () => {
    const headers = { cookie: `marktide_access=${trader.accessToken}` };
    for (const endpoint of CLOSED) {
      const { status } = await head(app, endpoint, headers);
      if (endpoint.method === 'get') assert.notEqual(status, 401, name(endpoint));
      else assert.equal(status, 401, name(endpoint));
    }
    assert.equal((await fetch(`${app.url}/v1/auth/me`, { method: 'HEAD', headers })).status, 200);
  });

  it("ends at the user's own portfolios: any other is as one that does not exist", async () => {
    const created = await app.call('POST', '/v1/portfolios', { as: trader, body: { name: 'Mine' } });
    const mine: string = created.body.id;
    const trade = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-01T00:00:00Z' };
    const booked = await app.call('POST', `/v1/portfolios/${mine}/trades`, { as: trader, body: trade });
    assert.equal(booked.status, 201);
    const bodies: Record<string, unknown> = {
      updatePortfolio: { name: 'Theirs' },
      bookTrades: trade,
      changeTrade: { price: '2' },
      changeTransfer: { quantity: '2' },
      putShare: { email: 'nobody@example.com', access: 'read' },
      bookTransfers: { kind: 'deposit', asset: 'KRW', quantity: '1', time: '2026-01-01T00:00:00Z' },
    };
    const concerned = ENDPOINTS.filter(({ path }) => path.includes(':portfolioId'));
    assert.ok(concerned.length >= 12);
    for (const endpoint of concerned) {
      const ask = (portfolioId: string): Promise<Answer> => {
        const path = endpoint.path
          .replace(':portfolioId', portfolioId)
          .replace(':tradeId', booked.body.id)
          .replaceAll(/:\w+/g, ID);
        const body = bodies[endpoint.id];
        assert.equal(body === undefined, endpoint.body === undefined, `a body for ${endpoint.id}`);
        return app.call(endpoint.method.toUpperCase(), path, { as: admin, body });
      };
      const [foreign, absent, nonsense] = [await ask(mine), await ask(ID), await ask('x')];
      assertProblem(foreign, 404, 'not-found', name(endpoint));
      assertProblem(absent, 404, 'not-found', name(endpoint));
      assertProblem(nonsense, 404, 'not-found', name(endpoint));
      const { requestId: _a, ...said } = foreign.body;
      const { requestId: _b, ...toldOfAbsent } = absent.body;
      assert.deepEqual(said, toldOfAbsent, 'nobody learns which ids are taken');
    }
    for (const channel of ['pnl', 'fills', 'holdings']) {
      const path = `/v1/streams?channels=ticker:*,${channel}:${mine}`;
      assertProblem(await app.call('GET', path, { as: admin }), 404, 'not-found', channel);
    }
    const path = `/v1/streams/pnl?portfolioId=${mine}`;
    assertProblem(await app.call('GET', path, { as: admin }), 404, 'not-found');
    const kept = await app.call('GET', `/v1/portfolios/${mine}`, { as: trader });
    assert.deepEqual([kept.body.name, kept.body.version], ['Mine', 1]);
    assert.deepEqual(
      (await app.call('GET', '/v1/portfolios', { as: admin })).body.items.map(idOf).includes(mine),
      false,
    );
  });

  it("does not reach a trade through another portfolio, of one's own", async () => {
    const make = async (): Promise<string> =>
      (await app.call('POST', '/v1/portfolios', { as: trader, body: { name: 'P' } })).body.id;
    const [one, other] = [await make(), await make()];
    const trade = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-01-01T00:00:00Z' };
    const { body } = await app.call('POST', `/v1/portfolios/${one}/trades`, { as: trader, body: trade });
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const options = { as: trader, ...(method === 'PATCH' ? { body: { price: '2' } } : {}) };
      const answer = await app.call(method, `/v1/portfolios/${other}/trades/${body.id}`, options);
      assertProblem(answer, 404, 'not-found', method);
    }
  });
});

function idOf({ id }: { id: string }): string {
  return id;
}

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
      const { status } = await head(app, endpoint, {});
      if (endpoint.publicMarket === true) assert.notEqual(status, 401, name(endpoint));
      else assert.equal(status, 401, name(endpoint));
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
