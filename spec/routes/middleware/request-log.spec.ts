import assert from 'node:assert/strict';
import { startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';

describe('the log', () => {
  const lines: string[] = [];
  let app: TestApp;
  let user: TestUser;

  before(async () => {
    // As much as can be logged.
    const log = (line: string): void => void lines.push(line);
    app = await startApp({ log, env: { DEMO: 'true', PNL_INTERVAL_MS: '10' } });
    user = await app.user();
  });
  after(() => app.close());

  const requests = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');

  it('has one line for each request, with what is needed to find it', async () => {
    const before = requests().length;
    const answer = await app.call('GET', '/v1/auth/me?colour=red', { as: user });
    const [line, ...others] = requests().slice(before);
    assert.deepEqual(others, []);
    assert.equal(line?.['requestId'], answer.headers.get('x-request-id'));
    assert.deepEqual([line?.['method'], line?.['path'], line?.['status']], ['GET', '/v1/auth/me', 400]);
    assert.equal(typeof line?.['ms'], 'number');
  });

  it("goes on with the caller's trace, in the log and in the answer", async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-request-id': 'request-of-a-test' };
    const before = requests().length;
    const answer = await app.call('GET', '/v1/auth/me', { as: user, headers });
    const line = requests()[before];
    assert.deepEqual([line?.['traceId'], line?.['requestId']], [traceId, 'request-of-a-test']);
    assert.equal(answer.headers.get('traceresponse'), `00-${traceId}-${String(line?.['spanId'])}-01`);
    assert.equal(answer.headers.get('x-request-id'), 'request-of-a-test');
    const stranger = await app.call('GET', '/v1/auth/me', { headers: { traceparent: 'nonsense' } });
    const last = requests().at(-1);
    assert.equal(stranger.status, 401);
    assert.match(String(last?.['traceId']), /^[0-9a-f]{32}$/);
    assert.equal(
      stranger.headers.get('traceresponse'),
      `00-${String(last?.['traceId'])}-${String(last?.['spanId'])}-00`,
    );
  });

  it('tells what went wrong inside to us, and only the request id to the caller', async () => {
    const { db } = app.services;
    const { body: portfolio } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    await db.raw('alter table positions rename to positions_away');
    const path = `/v1/portfolios/${portfolio.id}/pnl`;
    const answer = await app.call('GET', path, { as: user });
    await db.raw('alter table positions_away rename to positions');
    assert.equal(answer.status, 500);
    assert.deepEqual(Object.keys(answer.body).sort(), ['requestId', 'status', 'title', 'type']);
    assert.doesNotMatch(JSON.stringify(answer.body), /positions|select|relation/);
    const line = lines.map((each) => JSON.parse(each)).find(({ level }) => level === 50);
    assert.equal(line.requestId, answer.body.requestId);
    assert.equal(line.path, path);
    assert.equal(line.traceId, answer.headers.get('traceresponse')?.split('-')[1]);
    assert.match(line.err.message, /positions/);
    assert.equal((await app.call('GET', path, { as: user })).status, 200);
  });

  it('holds no token, password, cookie or query of all that was sent', async () => {
    const secrets = [TEST_PASSWORD, user.accessToken, user.refreshToken, 'hunter2-secret'];
    const login = (body: unknown): Promise<unknown> => app.call('POST', '/v1/auth/login', { body });
    await login({ email: user.email, password: 'hunter2-secret' });
    await login({ email: 'hunter2-secret\u0000', password: 'hunter2-secret' });
    await login('{"email":"a@b.c","password":"hunter2-secret"');
    await login({ email: user.email, password: 'hunter2-secret'.repeat(2_000) });
    const cookie = { cookie: `marktide_access=${user.accessToken}` };
    await app.call('GET', '/v1/auth/me', { headers: cookie });
    await app.call('GET', '/v1/auth/me', { headers: { authorization: 'Bearer hunter2-secret' } });
    await app.call('GET', '/v1/auth/me', { headers: { 'x-api-key': 'hunter2-secret' } });
    await app.call('GET', '/v1/auth/me', { headers: { 'x-request-id': 'hunter2 secret hunter2-secret' } });
    await app.call('GET', `/v1/streams?channels=ticker:*&token=hunter2-secret`);
    await app.call('GET', `/nothing?password=hunter2-secret&token=${user.accessToken}`);
    await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P', password: 'hunter2-secret' } });
    const { body: streamToken } = await app.call('POST', '/v1/auth/stream-token', { as: user });
    secrets.push(streamToken.token);
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*&token=${streamToken.token}`);
    await stream.ready();
    stream.cut();
    const refreshed = await app.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: user.refreshToken },
    });
    secrets.push(refreshed.body.accessToken, refreshed.body.refreshToken);
    const headers = { authorization: `Bearer ${refreshed.body.accessToken}` };
    await app.services.db.raw('alter table users rename to users_away');
    await login({ email: user.email, password: 'hunter2-secret' });
    await app.call('POST', '/v1/auth/refresh', { body: { refreshToken: refreshed.body.refreshToken } });
    await app.services.db.raw('alter table users_away rename to users');
    await app.call('POST', '/v1/auth/logout', { headers });

    const text = lines.join('');
    assert.ok(requests().length > 15);
    for (const secret of secrets) {
      assert.ok(secret.length > 8);
      const at = text.indexOf(secret);
      assert.equal(at, -1, `…${text.slice(Math.max(0, at - 300), at + 100)}…`);
    }
    assert.doesNotMatch(text, /\$argon2id\$/);
    for (const { path } of requests()) assert.doesNotMatch(String(path), /[?#]/);
  });
});
