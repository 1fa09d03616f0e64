import assert from 'node:assert/strict';
import { hashApiKey } from '../../../lib/tokens/api-key.ts';
import { isIpRange, isWithin } from '../../../lib/limits/ip-range.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

interface Key {
  id: string;
  key: string;
}

async function newKey(app: TestApp, as: TestUser, more: Record<string, unknown> = {}): Promise<Key> {
  const answer = await app.call('POST', '/v1/api-keys', {
    as,
    body: { name: 'Bot', scopes: ['read'], ...more },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

function byKey(
  app: TestApp,
  { key }: Pick<Key, 'key'>,
  method = 'GET',
  path = '/v1/auth/me',
  body?: unknown,
): Promise<Answer> {
  return app.call(method, path, { body, headers: { 'x-api-key': key } });
}

function open(app: TestApp, { key }: Key, channels = 'ticker:*'): StreamClient {
  return new StreamClient(`${app.url}/v1/streams?channels=${channels}`, { headers: { 'x-api-key': key } });
}

eachApp('API keys', (app) => {
  let trader: TestUser;
  before(async () => {
    trader = await app().user();
  });

  it('are shown once, and kept as a hash', async () => {
    const made = await app().call('POST', '/v1/api-keys', {
      as: trader,
      body: { name: 'Bot', scopes: ['trades:write', 'read', 'read'], allowedIps: ['127.0.0.0/8', '::1'] },
    });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('cache-control'), 'no-store');
    const { key, ...shown } = made.body;
    assert.match(key, /^mt_[A-Za-z0-9_-]{43}$/);
    assert.ok(key.startsWith(shown.prefix) && shown.prefix.length === 11);
    assert.deepEqual(shown.scopes, ['read', 'trades:write']);
    const { body } = await app().call('GET', '/v1/api-keys', { as: trader });
    assert.deepEqual(
      body.items.find(({ id }: Key) => id === shown.id),
      shown,
    );
    const rows: { hash: string }[] = await app().services.db('api_keys').select('*');
    assert.ok(!JSON.stringify([body, rows]).includes(key));
    assert.ok(rows.some(({ hash }) => hash === hashApiKey(key)));
  });

  it('do what their scopes say, and nothing else', async () => {
    const reader = await newKey(app(), trader);
    const writer = await newKey(app(), trader, { scopes: ['trades:write'] });
    assert.equal((await byKey(app(), reader)).body.id, trader.id);
    assertProblem(await byKey(app(), reader, 'POST', '/v1/portfolios', { name: 'P' }), 403, 'forbidden');
    assert.equal((await byKey(app(), writer, 'POST', '/v1/portfolios', { name: 'P' })).status, 201);
    assertProblem(await byKey(app(), writer), 403, 'forbidden');
  });

  it('do not look after the account: no keys from keys, no password, no shares', async () => {
    const admin = await app().user('admin');
    const key = await newKey(app(), admin, { scopes: ['read', 'trades:write', 'market:write', 'admin'] });
    assert.equal((await byKey(app(), key, 'GET', '/v1/users')).status, 200);
    for (const [method, path, body] of [
      ['GET', '/v1/api-keys', undefined],
      ['POST', '/v1/api-keys', { name: 'Another', scopes: ['read'] }],
      ['DELETE', `/v1/api-keys/${key.id}`, undefined],
      ['POST', '/v1/auth/password', { currentPassword: 'x', newPassword: 'a new password' }],
      ['POST', '/v1/auth/logout-everywhere', undefined],
      ['POST', '/v1/auth/logout', undefined],
      ['PATCH', `/v1/users/${admin.id}`, { name: 'x' }],
    ] as const) {
      assertProblem(await byKey(app(), key, method, path, body), 403, 'forbidden', path);
    }
  });

  it('never get more than their owner has, when they are made and later', async () => {
    for (const scopes of [['admin'], ['read', 'market:write']]) {
      const answer = await app().call('POST', '/v1/api-keys', { as: trader, body: { name: 'Bot', scopes } });
      assertProblem(answer, 403, 'forbidden');
    }
    const admin = await app().user('admin');
    const owner = await app().user('admin');
    const key = await newKey(app(), owner, { scopes: ['read', 'admin', 'trades:write'] });
    await app().call('PATCH', `/v1/users/${owner.id}`, { as: admin, body: { role: 'viewer' } });
    assert.deepEqual((await byKey(app(), key)).body.scopes, ['read']);
    assertProblem(await byKey(app(), key, 'GET', '/v1/users'), 403, 'forbidden');
  });

  it('must be asked for properly', async () => {
    for (const [more, field] of [
      [{ scopes: [] }, '/scopes'],
      [{ scopes: ['account'] }, '/scopes/0'],
      [{ name: '' }, '/name'],
      [{ expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
      // Years that neither the database nor other programs read.
      [{ expiresAt: 8.64e16 }, '/expiresAt'],
      [{ expiresAt: '9999-12-31T23:59:59-12:00' }, '/expiresAt'],
      [{ allowedIps: ['10.0.0.0/33'] }, '/allowedIps/0'],
      [{ allowedIps: ['localhost'] }, '/allowedIps/0'],
      [{ surprise: 1 }, '/surprise'],
    ] as const) {
      const body = { name: 'Bot', scopes: ['read'], ...more };
      const answer = await app().call('POST', '/v1/api-keys', { as: trader, body });
      assertProblem(answer, 400, 'invalid-request', field);
      assertNames(answer, [field]);
    }
  });

  it('are refused when unknown, garbled, or beside another credential', async () => {
    const { key } = await newKey(app(), trader);
    for (const wrong of ['x', `${key}x`, key.slice(0, -1), `mt_${'A'.repeat(43)}`]) {
      assertProblem(await byKey(app(), { key: wrong }), 401, 'unauthorized', wrong);
    }
    const headers = { 'x-api-key': key };
    assertProblem(await app().call('GET', '/v1/auth/me', { as: trader, headers }), 401, 'unauthorized');
  });

  it('work from the addresses they are for', async () => {
    const elsewhere = await newKey(app(), trader, { allowedIps: ['203.0.113.0/24', '2001:db8::/32'] });
    assertProblem(await byKey(app(), elsewhere), 403, 'forbidden');
    const here = await newKey(app(), trader, { allowedIps: ['203.0.113.0/24', '127.0.0.0/8'] });
    assert.equal((await byKey(app(), here)).status, 200);
    assertProblem(await byKey(app(), here, 'POST', '/v1/auth/stream-token'), 403, 'forbidden');
  });

  it('open streams, which end with the key', async () => {
    const key = await newKey(app(), trader);
    const other = await newKey(app(), trader);
    const [stream, staying] = [open(app(), key), open(app(), other)];
    await Promise.all([stream.ready(), staying.ready()]);
    const { body: ticket } = await byKey(app(), key, 'POST', '/v1/auth/stream-token');
    const tokenStream = new StreamClient(`${app().url}/v1/streams?channels=ticker:*&token=${ticket.token}`);
    await tokenStream.ready();
    const gone = await app().call('DELETE', `/v1/api-keys/${key.id}`, { as: trader });
    assert.equal(gone.status, 204);
    await Promise.all([stream.closed(), tokenStream.closed()]);
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
    assertProblem(await byKey(app(), key), 401, 'unauthorized');
    assertProblem(
      await app().call('GET', `/v1/streams?channels=ticker:*&token=${ticket.token}`),
      401,
      'unauthorized',
    );
    assert.equal(staying.isClosed, false);
    staying.cut();
  });

  it("are revoked by their owner and by administrators: another's key is as none", async () => {
    const { id } = await newKey(app(), trader);
    const path = `/v1/api-keys/${id}`;
    assertProblem(await app().call('DELETE', path, { as: await app().user() }), 404, 'not-found');
    assert.equal((await app().call('DELETE', path, { as: await app().user('admin') })).status, 204);
    assertProblem(await app().call('DELETE', path, { as: trader }), 404, 'not-found');
  });

  it('are dead while their user is disabled', async () => {
    const admin = await app().user('admin');
    const owner = await app().user();
    const key = await newKey(app(), owner);
    const stream = open(app(), key);
    await stream.ready();
    const disable = (disabled: boolean): Promise<Answer> =>
      app().call('PATCH', `/v1/users/${owner.id}`, { as: admin, body: { disabled } });
    await disable(true);
    await stream.closed();
    assertProblem(await byKey(app(), key), 401, 'unauthorized');
    await disable(false);
    assert.equal((await byKey(app(), key)).status, 200);
  });

  it('are at most fifty a user, also when asked for at once', async () => {
    const owner = await app().user();
    const body = { name: 'Bot', scopes: ['read'] };
    const answers = await Promise.all(
      Array.from({ length: 53 }, () => app().call('POST', '/v1/api-keys', { as: owner, body })),
    );
    const made = answers.filter(({ status }) => status === 201);
    assert.equal(made.length, 50);
    for (const answer of answers) if (answer.status !== 201) assertProblem(answer, 409, 'quota-exceeded');
  });
});

describe('an API key behind a proxy', () => {
  it('is used from the address that the proxy saw, not from those that the client claims', async () => {
    const app = await startApp({ env: { TRUST_PROXY: 'true' } });
    try {
      const key = await newKey(app, await app.user(), { allowedIps: ['203.0.113.0/24'] });
      const from = (forwarded: string): Promise<Answer> =>
        app.call('GET', '/v1/auth/me', { headers: { 'x-api-key': key.key, 'x-forwarded-for': forwarded } });
      assert.equal((await from('203.0.113.9')).status, 200);
      assert.equal((await from('198.51.100.1, 203.0.113.9')).status, 200);
      assertProblem(await from('203.0.113.9, 198.51.100.1'), 403, 'forbidden');
    } finally {
      await app.close();
    }
  });
});

describe('the time of an API key', () => {
  const clock = new VirtualClock(Date.now());
  let app: TestApp;
  before(async () => {
    app = await startApp({ clock });
  });
  after(async () => {
    const closed = app.close();
    await clock.advance(10_000);
    await closed;
  });

  it('ends it, and its streams', async () => {
    const user = await app.user();
    const key = await newKey(app, user, { expiresAt: clock.now() + 60_000 });
    const stream = open(app, key);
    await stream.ready();
    clock.jump(60_000);
    assertProblem(await byKey(app, key), 401, 'unauthorized');
    await clock.advance(1_000);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'token-expired');
  });

  it('of its last use is written once a minute', async () => {
    const user = await app.user();
    const key = await newKey(app, user);
    const lastUsed = async (): Promise<number | null> => {
      const { body } = await app.call('GET', '/v1/api-keys', { as: user });
      const at: string | null = body.items[0].lastUsedAt;
      return at === null ? null : Date.parse(at);
    };
    assert.equal(await lastUsed(), null);
    const first = clock.now();
    await byKey(app, key);
    assert.equal(await lastUsed(), first);
    clock.jump(59_999);
    await byKey(app, key);
    assert.equal(await lastUsed(), first);
    clock.jump(1);
    await byKey(app, key);
    assert.equal(await lastUsed(), first + 60_000);
  });
});

describe('a range of addresses', () => {
  it('is an address or a CIDR range, of IPv4 or IPv6', () => {
    for (const good of ['10.0.0.0/8', '10.1.2.3', '0.0.0.0/0', '::1', '2001:db8::/32', '::/0']) {
      assert.ok(isIpRange(good), good);
    }
    for (const bad of [
      '',
      '/8',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/08',
      '10.0.0/8',
      '::/129',
      'fe80::1%eth0',
      '1.2.3.4/8/8',
      'host',
    ]) {
      assert.ok(!isIpRange(bad), bad);
    }
  });

  it('holds its addresses, also IPv4 that is mapped into IPv6', () => {
    const cases: [string[], string, boolean][] = [
      [['10.0.0.0/8'], '10.255.0.1', true],
      [['10.0.0.0/8'], '11.0.0.1', false],
      [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
      [['203.0.113.7'], '203.0.113.7', true],
      [['203.0.113.7'], '203.0.113.8', false],
      [['2001:db8::/32'], '2001:db8:1::1', true],
      [['2001:db8::/32'], '2001:db9::1', false],
      [['0.0.0.0/0'], '::1', false],
      [['10.0.0.0/8'], 'a00::', false],
      [['::1', '10.0.0.0/8'], '::1', true],
      [['10.0.0.0/8'], 'garbage', false],
      [[], '10.0.0.1', false],
    ];
    for (const [ranges, ip, expected] of cases)
      assert.equal(isWithin(ranges, ip), expected, `${ranges.join()} ${ip}`);
  });
});
