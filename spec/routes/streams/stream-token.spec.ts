import assert from 'node:assert/strict';
import jwt from 'jsonwebtoken';
import { newId } from '../../../lib/id.ts';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { systemClock } from '../../../lib/clock.ts';

const ORIGIN = 'https://app.example.com';

describe('stream tokens', () => {
  let app: TestApp;
  let user: TestUser;
  let portfolioId: string;
  const clock = new ShiftedClock();
  const logged: string[] = [];

  before(async () => {
    const log = (line: string): void => void logged.push(line);
    app = await startApp({ log, clock, env: { CORS_ORIGINS: ORIGIN, ACCESS_TOKEN_TTL: '86400' } });
    user = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Mine' } });
    portfolioId = body.id;
  });
  afterEach(() => {
    clock.shift = 0;
  });
  after(() => app.close());

  async function tokenOf(as: TestUser): Promise<string> {
    const { status, body, headers } = await app.call('POST', '/v1/auth/stream-token', { as });
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(body.expiresIn, 900);
    return body.token;
  }

  /** As the browser's EventSource on another origin: no header of its own but Last-Event-ID. */
  function open(token: string, lastEventId: string | null = null, query = ''): StreamClient {
    const channels = `ticker:BTC/KRW,pnl:${portfolioId}`;
    return new StreamClient(`${app.url}/v1/streams?channels=${channels}&token=${token}${query}`, {
      headers: { origin: ORIGIN },
      lastEventId,
    });
  }

  async function statusOf(token: string, lastEventId: string | null = null, query = ''): Promise<number> {
    const client = open(token, lastEventId, query);
    await client.until(() => client.status !== 0);
    client.cut();
    return client.status;
  }

  it("open the caller's private streams, over SSE and WebSocket", async () => {
    const token = await tokenOf(user);
    const sse = open(token);
    await sse.ready();
    assert.equal(sse.of('pnl')[0]?.data.portfolioId, portfolioId);
    assert.equal(sse.headers['access-control-allow-origin'], ORIGIN);
    sse.cut();
    const ws = new SocketClient(`${app.url}/v1/ws?channels=pnl:${portfolioId}&token=${token}`, {
      headers: { origin: 'https://wherever.example' },
    });
    await ws.ready();
    ws.cut();
  });

  it("do not open another's streams", async () => {
    assert.equal(await statusOf(await tokenOf(await app.user())), 404);
  });

  it('are good for nothing else: neither as a bearer nor in any other URL', async () => {
    const token = await tokenOf(await app.user('admin'));
    const headers = { authorization: `Bearer ${token}` };
    for (const { method, path, access, streamToken } of ENDPOINTS) {
      if (access === 'public') continue;
      const url = path.replaceAll(/:\w+/g, newId(systemClock));
      const name = method.toUpperCase();
      assert.equal((await app.call(name, url, { headers })).status, 401, `${name} ${url} by header`);
      if (streamToken === true) continue;
      assert.equal((await app.call(name, `${url}?token=${token}`)).status, 401, `${name} ${url} by URL`);
    }
    const cookie = { cookie: `marktide_access=${token}` };
    assert.equal((await app.call('GET', '/v1/auth/me', { headers: cookie })).status, 401);
  });

  it('cannot be had by cookie or stream token, and an access token in the URL is refused', async () => {
    const headers = { cookie: `marktide_access=${user.accessToken}` };
    assert.equal((await app.call('POST', '/v1/auth/stream-token', { headers })).status, 401);
    assert.equal(await statusOf(user.accessToken), 401);
    for (const bad of ['', 'garbage', `${await tokenOf(user)}x`]) assert.equal(await statusOf(bad), 401);
    const token = await tokenOf(user);
    const twice = await app.call('GET', `/v1/streams/market?token=${token}&token=${token}`);
    assert.equal(twice.status, 401);
  });

  it('read only, also those of administrators', async () => {
    const claims = jwt.decode(await tokenOf(await app.user('admin'))) as Record<string, unknown>;
    assert.equal(claims['aud'], 'marktide:stream');
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 900);
  });

  it('let a header go first', async () => {
    const other = await app.user();
    const client = new StreamClient(
      `${app.url}/v1/streams?channels=pnl:${portfolioId}&token=${await tokenOf(user)}`,
      { headers: { authorization: other.authorization } },
    );
    await client.until(() => client.status !== 0);
    assert.equal(client.status, 404);
  });

  describe('once expired', () => {
    it('open nothing any more', async () => {
      const token = await tokenOf(user);
      const first = open(token);
      await first.ready();
      const { lastEventId } = first;
      clock.shift = 901_000;
      assert.equal(await statusOf(token), 401);
      // In the URL an id proves nothing: the URL is what leaks.
      assert.equal(await statusOf(token, null, `&lastEventId=${lastEventId}`), 401);
      const ws = new SocketClient(`${app.url}/v1/ws?token=${token}`);
      const { status, body } = await ws.refused();
      assert.deepEqual([status, body.type], [401, '/problems/token-expired']);
      first.cut();
    });

    it('leave the stream they opened alone', async () => {
      const client = open(await tokenOf(user));
      await client.ready();
      clock.shift = 901_000;
      const admin = await app.user('admin');
      const body = { symbol: 'BTC/KRW', price: '42' };
      await app.call('POST', '/v1/market/ticks', { as: admin, body });
      await client.until(() => client.of('ticker').some(({ data }) => data.price === '42'));
      assert.equal(client.isClosed, false);
      client.cut();
    });

    it('re-open what they opened, with its Last-Event-ID, over and over', async () => {
      const token = await tokenOf(user);
      let client = open(token);
      await client.ready();
      for (const shift of [901_000, 40_000_000, 80_000_000]) {
        client.cut();
        clock.shift = shift;
        client = open(token, client.lastEventId);
        await client.ready();
        assert.equal(client.of('reset').length, 0);
        assert.match(client.lastEventId ?? '', /^[A-Za-z0-9._~-]{1,128}$/);
      }
      client.cut();
    });

    it('are not helped by an id of a stream that something else opened', async () => {
      const token = await tokenOf(user);
      const byHeader = new StreamClient(`${app.url}/v1/streams?channels=ticker:BTC/KRW,pnl:${portfolioId}`, {
        headers: { authorization: user.authorization },
      });
      await byHeader.ready();
      const byOther = open(await tokenOf(user));
      await byOther.ready();
      clock.shift = 901_000;
      for (const id of [byHeader.lastEventId, byOther.lastEventId, 'AAAA~AAAAAAAA.5Na000001', 'garbage']) {
        assert.equal(await statusOf(token, id), 401, String(id));
      }
      byHeader.cut();
      byOther.cut();
    });
  });

  it('die with their session, and take their streams along', async () => {
    const mine = await app.user();
    const token = await tokenOf(mine);
    const client = new StreamClient(`${app.url}/v1/streams/market?token=${token}`);
    await client.ready();
    await app.call('POST', '/v1/auth/logout', { as: mine });
    await client.closed();
    assert.equal(client.of('notice')[0]?.data.code, 'revoked');
    const again = new StreamClient(`${app.url}/v1/streams/market?token=${token}`, {
      lastEventId: client.lastEventId,
    });
    await again.until(() => again.status !== 0);
    assert.equal(again.status, 401);
  });

  it('are never logged', async () => {
    const token = await tokenOf(user);
    const client = open(token);
    await client.ready();
    client.cut();
    await statusOf(`${token}x`);
    await app.call('GET', `/v1/portfolios?token=${token}`, { as: user });
    assert.ok(logged.some((line) => line.includes('/v1/streams')));
    assert.ok(!logged.join('\n').includes(token.slice(0, 60)));
  });
});
