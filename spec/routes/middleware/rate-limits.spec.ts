import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type Answer, startApp, type TestApp, TEST_PASSWORD, type TestUser } from '../../support/app.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const ORIGIN = 'https://app.example.com';
/** A list of strings with integer parameters, of RFC 9651. */
const FIELD = /^"[a-z-]+"(;[a-z]=\d+)+(, "[a-z-]+"(;[a-z]=\d+)+)*$/;

/** The parameters of one limit in a header. */
function told(
  answer: Answer,
  header: 'RateLimit' | 'RateLimit-Policy',
  policy: string,
): Record<string, number> {
  const value = answer.headers.get(header) ?? '';
  assert.match(value, FIELD);
  const [, parameters = ''] =
    value
      .split(', ')
      .find((item) => item.startsWith(`"${policy}"`))
      ?.split('"')
      .slice(1) ?? [];
  return Object.fromEntries(
    parameters
      .split(';')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', number] = part.split('=');
        return [name, Number(number)];
      }),
  );
}

/** `resetS`: real time goes on meanwhile. */
function assertLimited(answer: Answer, policy: string, resetS = 60): void {
  assertProblem(answer, 429, 'rate-limited', policy);
  assert.match(answer.body.detail, new RegExp(`"${policy}"`));
  assert.equal(told(answer, 'RateLimit', policy)['r'], 0);
  const retryAfter = Number(answer.headers.get('retry-after'));
  assert.ok(retryAfter <= resetS && retryAfter > resetS - 30, String(retryAfter));
  assert.equal(told(answer, 'RateLimit', policy)['t'], retryAfter);
}

describe('rate limits', () => {
  const clock = new ShiftedClock();
  let app: TestApp;
  let trader: TestUser;
  let admin: TestUser;
  let addressCount = 0;

  before(async () => {
    app = await startApp({
      clock,
      env: {
        TRUST_PROXY: 'true',
        CORS_ORIGINS: ORIGIN,
        PUBLIC_MARKET: 'true',
        RATE_LIMIT_ADDRESS: '8',
        RATE_LIMIT_USER: '6',
        RATE_LIMIT_API_KEY: '5',
        RATE_LIMIT_STREAM: '3',
        RATE_LIMIT_LOGIN: '4',
      },
    });
    trader = await app.user();
    admin = await app.user('admin');
  });
  after(() => app.close());
  // Each test begins with nothing counted.
  beforeEach(() => {
    clock.shift += 60_000;
  });

  const newAddress = (): string => `203.0.113.${(addressCount += 1)}`;
  const get = (path: string, from: string, headers: Record<string, string> = {}): Promise<Answer> =>
    app.call('GET', path, { headers: { 'x-forwarded-for': from, ...headers } });
  const me = (as: TestUser, from = newAddress()): Promise<Answer> =>
    get('/v1/auth/me', from, { authorization: as.authorization });

  async function times(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let i = 0; i < count; i += 1) answers.push(await ask());
    return answers;
  }

  it('are told with every answer, as structured fields', async () => {
    const from = newAddress();
    const answer = await me(trader, from);
    assert.deepEqual(told(answer, 'RateLimit-Policy', 'address'), { q: 8, w: 60 });
    assert.deepEqual(told(answer, 'RateLimit', 'address'), { r: 7, t: 60 });
    assert.deepEqual(told(answer, 'RateLimit-Policy', 'user'), { q: 6, w: 60 });
    clock.shift += 20_000;
    const { r, t = 0 } = told(await me(trader, from), 'RateLimit', 'user');
    assert.ok(r === 4 && t > 30 && t <= 40, `${r} ${t}`);
  });

  it('of an address hold for all that it asks, good or bad, before it is looked at who asks', async () => {
    const from = newAddress();
    const garbage = { authorization: 'Bearer garbage' };
    const before = [
      await get('/', from),
      await get('/docs', from),
      await get('/nothing', from),
      await get('/v1/auth/me', from),
      await get('/v1/auth/me', from, garbage),
      await get('/v1/auth/me', from, { 'x-api-key': 'garbage' }),
      await get('/openapi.json', from),
      await me(trader, from),
    ];
    assert.deepEqual(
      before.map(({ status }) => status),
      [200, 200, 404, 401, 401, 401, 200, 200],
    );
    for (const answer of await times(3, () => get('/v1/auth/me', from, garbage))) {
      assertLimited(answer, 'address');
    }
    assertLimited(await get('/favicon.svg', from), 'address');
    assertLimited(await me(trader, from), 'address');
    assert.equal((await me(trader)).status, 200, 'another address');
    clock.shift += 60_000;
    assert.equal((await me(trader, from)).status, 200, 'another minute');
  });

  it('of an address keep a request from the credentials and the body', async () => {
    const user = await app.user();
    const { body: key } = await app.call('POST', '/v1/api-keys', {
      as: user,
      body: { name: 'Bot', scopes: ['read'] },
    });
    const from = newAddress();
    await times(8, () => get('/nothing', from));
    assertLimited(await get('/v1/auth/me', from, { 'x-api-key': key.key }), 'address');
    const { body } = await app.call('GET', '/v1/api-keys', { as: user });
    assert.equal(body.items[0].lastUsedAt, null, 'nobody has looked the key up');
    // Of the body nothing is ever sent.
    const headers = { 'content-type': 'application/json', 'content-length': '1000', 'x-forwarded-for': from };
    const login = request(`${app.url}/v1/auth/login`, { method: 'POST', headers });
    login.on('error', () => undefined).flushHeaders();
    const [answer] = (await once(login, 'response')) as [IncomingMessage];
    assert.equal(answer.statusCode, 429);
    login.destroy();
  });

  it('of an address leave the checks of health alone', async () => {
    const from = newAddress();
    for (const answer of await times(20, () => get('/healthz', from))) {
      assert.deepEqual([answer.status, answer.headers.get('ratelimit')], [200, null]);
    }
    // Whether it is ready or not: its clock was turned.
    assert.ok([200, 503].includes((await get('/readyz', from)).status));
  });

  it('count a /64 of IPv6 as one address', async () => {
    const answers: Answer[] = [];
    for (let i = 0; i < 9; i += 1) answers.push(await get('/nothing', `2001:db8:0:${addressCount}:${i}::1`));
    assertLimited(answers.at(-1) ?? assert.fail(), 'address');
    assert.equal((await get('/nothing', '2001:db8:0:ffff::1')).status, 404);
  });

  it('can be read by a page of an allowed origin, refusals too', async () => {
    const from = newAddress();
    const answers = await times(9, () => get('/v1/auth/me', from, { origin: ORIGIN }));
    const last = answers.at(-1) ?? assert.fail();
    assertLimited(last, 'address');
    assert.equal(last.headers.get('access-control-allow-origin'), ORIGIN);
    const exposed = last.headers.get('access-control-expose-headers') ?? '';
    for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After']) {
      assert.ok(exposed.split(',').includes(name), exposed);
    }
  });

  it('of a user hold wherever it comes from and for all its sessions', async () => {
    const user = await app.user();
    const body = { email: user.email, password: TEST_PASSWORD };
    const headers = { 'x-forwarded-for': newAddress() };
    const again = await app.call('POST', '/v1/auth/login', { body, headers });
    const other = { ...user, authorization: `Bearer ${again.body.accessToken}` };
    for (const answer of await times(3, () => me(user))) assert.equal(answer.status, 200);
    for (const answer of await times(3, () => me(other))) assert.equal(answer.status, 200);
    assertLimited(await me(user), 'user');
    assertLimited(await me(other), 'user');
    assert.equal((await me(trader)).status, 200, 'another user');
  });

  it('of an API key are its own, and may be less', async () => {
    const user = await app.user();
    const make = async (more: object): Promise<{ key: string; requestsPerMinute: number | null }> =>
      (await app.call('POST', '/v1/api-keys', { as: user, body: { name: 'Bot', scopes: ['read'], ...more } }))
        .body;
    const [key, slow] = [await make({}), await make({ requestsPerMinute: 2 })];
    assert.deepEqual([key.requestsPerMinute, slow.requestsPerMinute], [null, 2]);
    const fast = await make({ requestsPerMinute: 1_000 });
    const use = (by: { key: string }): Promise<Answer> =>
      get('/v1/auth/me', newAddress(), { 'x-api-key': by.key });
    assert.deepEqual(told(await use(slow), 'RateLimit-Policy', 'api-key'), { q: 2, w: 60 });
    assert.equal((await use(slow)).status, 200);
    assertLimited(await use(slow), 'api-key');
    for (const each of [key, fast]) {
      for (const answer of await times(5, () => use(each))) assert.equal(answer.status, 200);
      assertLimited(await use(each), 'api-key');
    }
    assert.equal((await me(user)).status, 200, 'its user');
  });

  it('of streams hold for opening them, by user, or by address where nobody has logged in', async () => {
    const user = await app.user();
    const open = async (headers: Record<string, string>): Promise<StreamClient> => {
      const stream = new StreamClient(`${app.url}/v1/streams/market`, { headers });
      await stream.until(() => stream.status !== 0);
      return stream;
    };
    const as = (from = newAddress()): Record<string, string> => ({
      authorization: user.authorization,
      'x-forwarded-for': from,
    });
    const streams = [await open(as()), await open(as()), await open(as()), await open(as())];
    assert.deepEqual(
      streams.map(({ status }) => status),
      [200, 200, 200, 429],
    );
    const ws = await new SocketClient(`${app.url}/v1/ws`, { headers: as() }).refused();
    assert.deepEqual([ws.status, ws.body.type], [429, '/problems/rate-limited']);
    const from = newAddress();
    for (let i = 0; i < 4; i += 1) streams.push(await open({ 'x-forwarded-for': from }));
    assert.deepEqual(
      streams.slice(4).map(({ status }) => status),
      [200, 200, 200, 429],
    );
    streams.push(await open({ 'x-forwarded-for': newAddress() }));
    assert.equal(streams.at(-1)?.status, 200);
    assert.match(streams[3]?.headers['retry-after'] ?? '', /^(60|[345]\d)$/);
    for (const stream of streams) stream.cut();
  });

  it('of log-ins hold by address for whatever hands out tokens', async () => {
    const headers = { 'x-forwarded-for': newAddress() };
    const post = (path: string, body: unknown): Promise<Answer> =>
      app.call('POST', `/v1/auth/${path}`, { body, headers });
    const statuses = [
      await post('login', { email: trader.email, password: TEST_PASSWORD }),
      await post('refresh', { refreshToken: 'x'.repeat(43) }),
      await post('register', { email: 'new@example.com', password: 'a long password' }),
      await post('login', {}),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [200, 401, 403, 400]);
    assertLimited(await post('login', { email: trader.email, password: TEST_PASSWORD }), 'login');
    assert.equal((await get('/nothing', headers['x-forwarded-for'])).status, 404, 'other things go on');
  });

  it('are seen by administrators: hits and the heaviest clients', async () => {
    const [busy, calm] = [newAddress(), newAddress()];
    await times(12, () => get('/nothing', busy));
    await times(2, () => get('/nothing', calm));
    const path = '/v1/admin/rate-limits?limit=100';
    assertProblem(await app.call('GET', path, { as: trader }), 403, 'forbidden');
    const { status, body } = await app.call('GET', path, { as: admin });
    assert.deepEqual([status, body.scope, body.node], [200, 'process', app.services.nodeId]);
    const policies: { name: string; topConsumers: { client: string }[]; limited: number }[] = body.policies;
    assert.deepEqual(
      policies.map(({ name }) => name).sort(),
      Object.keys(app.services.limits.policies).sort(),
    );
    const address = policies.find(({ name }) => name === 'address');
    const seen = (client: string) => address?.topConsumers.find((each) => each.client === client);
    assert.deepEqual(seen(busy), { client: busy, requests: 12, limited: 4 });
    assert.deepEqual(seen(calm), { client: calm, requests: 2, limited: 0 });
    assert.ok((address?.limited ?? 0) >= 4);
    const order = address?.topConsumers.map(({ client }) => client) ?? [];
    assert.ok(order.indexOf(busy) < order.indexOf(calm));
    const few = await app.call('GET', '/v1/admin/rate-limits?limit=1', { as: admin });
    for (const { topConsumers } of few.body.policies) assert.ok(topConsumers.length <= 1);
  });

  it('are measured, without naming anybody', async () => {
    const from = newAddress();
    const limited = async (): Promise<number> => {
      const { body } = await app.call('GET', '/metrics', { as: admin });
      assert.doesNotMatch(body, /203\.0\.113/);
      assert.match(body, /^marktide_rate_limit_shared 1$/m);
      assert.match(body, /^marktide_rate_limit_keys [1-9]\d*$/m);
      const name = /^marktide_rate_limit_requests_total\{policy="address",outcome="limited"\} (\d+)$/m;
      return Number(name.exec(body)?.[1]);
    };
    const before = await limited();
    await times(11, () => get('/nothing', from));
    assert.equal(await limited(), before + 3);
  });

  it('stand in the audit log when they are hit, once a window', async () => {
    const user = await app.user();
    const from = newAddress();
    await times(20, () => get('/nothing', from));
    await times(9, () => me(user));
    const { body } = await app.call('GET', '/v1/admin/audit?type=rate-limited&limit=1000', { as: admin });
    const events: { userId: string | null; ip: string; details: Record<string, string> }[] = body.items;
    const ofAddress = events.filter(({ details }) => details['client'] === from);
    assert.deepEqual(
      ofAddress.map(({ ip, userId, details }) => [ip, userId, details['policy']]),
      [[from, null, 'address']],
    );
    const ofUser = events.filter(({ userId }) => userId === user.id);
    assert.deepEqual(
      ofUser.map(({ details }) => details['policy']),
      ['user'],
    );
  });
});

describe('without rate limits', () => {
  it('nothing is counted, and no header says so', async () => {
    const names = ['ADDRESS', 'USER', 'API_KEY', 'STREAM', 'LOGIN', 'LOGIN_FAILURES'];
    const env = Object.fromEntries(names.map((name) => [`RATE_LIMIT_${name}`, '0']));
    const app = await startApp({ env });
    try {
      const user = await app.user();
      const answer = await app.call('GET', '/v1/auth/me', { as: user });
      assert.equal(answer.headers.get('ratelimit'), null);
      assert.equal(answer.headers.get('ratelimit-policy'), null);
      const body = { email: user.email, password: 'wrong password' };
      for (let i = 0; i < 12; i += 1) {
        assert.equal((await app.call('POST', '/v1/auth/login', { body })).status, 401);
      }
      const { body: key } = await app.call('POST', '/v1/api-keys', {
        as: user,
        body: { name: 'Bot', scopes: ['read'], requestsPerMinute: 1 },
      });
      const use = (): Promise<Answer> =>
        app.call('GET', '/v1/auth/me', { headers: { 'x-api-key': key.key } });
      assert.deepEqual([(await use()).status, (await use()).status], [200, 429], "but for a key's own");
    } finally {
      await app.close();
    }
  });
});
