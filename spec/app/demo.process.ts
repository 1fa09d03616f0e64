import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCredentials, updateUser } from '../../db/users/users.ts';
import { closeDemo, ensureAdmin, ensureDemo } from '../../app/first-start.ts';
import { DEMO_LOGIN } from '../../routes/service/health.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { fillDataFolder } from '../support/data-folder.ts';
import { type NodeProcess, logIn, startNode } from '../support/node-process.ts';
import { assertProblem } from '../support/routes/problems.ts';
import { StreamClient } from '../support/stream-client.ts';

const { email, password } = DEMO_LOGIN;

describe('the demo user of a data folder', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-demo-'));
    await fillDataFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function withNode<T>(
    env: Record<string, string>,
    test: (node: NodeProcess) => Promise<T>,
  ): Promise<T> {
    const node = await startNode({ DATA_DIR: folder, FEED_SEED: '1', ...env });
    try {
      return await test(node);
    } finally {
      await node.end('SIGTERM');
    }
  }

  async function get(
    { url }: NodeProcess,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> {
    const response = await fetch(url + path, { headers });
    return { status: response.status, body: await response.text() };
  }

  async function post(
    { url }: NodeProcess,
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  }

  async function assertClosed(node: NodeProcess): Promise<void> {
    const { status, body } = await post(node, '/v1/auth/login', DEMO_LOGIN);
    assert.equal(status, 401);
    assert.match(body, /invalid-credentials/);
    assert.equal(JSON.parse((await get(node, '/healthz')).body).demo, null);
    assert.doesNotMatch(node.output(), /demo-marktide/);
  }

  it('is gone with DEMO=false, with all it has handed out, and comes back with its portfolios', async () => {
    const given = await withNode({}, async (node) => {
      const login = await post(node, '/v1/auth/login', DEMO_LOGIN);
      const { accessToken, refreshToken }: Record<string, string> = JSON.parse(login.body);
      const authorization = `Bearer ${accessToken}`;
      const key = await post(node, '/v1/api-keys', { name: 'bot', scopes: ['read'] }, { authorization });
      assert.equal(key.status, 201, key.body);
      const made = await post(node, '/v1/portfolios', { name: 'Mine' }, { authorization });
      assert.equal(made.status, 201);
      return { authorization, refreshToken, apiKey: String(JSON.parse(key.body).key) };
    });

    await withNode({ DEMO: 'false' }, async (node) => {
      await assertClosed(node);
      assert.equal((await get(node, '/v1/auth/me', { authorization: given.authorization })).status, 401);
      const { refreshToken } = given;
      assert.equal((await post(node, '/v1/auth/refresh', { refreshToken })).status, 401);
      assert.equal((await get(node, '/v1/portfolios', { 'x-api-key': given.apiKey })).status, 401);
      const authorization = await logIn(node.url);
      const { items } = JSON.parse((await get(node, '/v1/users', { authorization })).body);
      const user = items.find((each: { email: string }) => each.email === email);
      assert.equal(user.disabled, true);
      const audit = await get(node, '/v1/admin/audit?type=user-disabled', { authorization });
      assert.deepEqual(
        JSON.parse(audit.body).items.map(({ actorId, userId }: Record<string, unknown>) => [actorId, userId]),
        [[null, user.id]],
      );
    });

    await withNode({}, async (node) => {
      const authorization = await logIn(node.url, email, password);
      const { items } = JSON.parse((await get(node, '/v1/portfolios', { authorization })).body);
      assert.deepEqual(items.map(({ name }: { name: string }) => name).sort(), ['Demo', 'Mine']);
      assert.equal((await get(node, '/v1/auth/me', { authorization: given.authorization })).status, 401);
    });
  });

  it('is gone where others can reach the server, unless DEMO=true', async () => {
    await withNode({}, (node) => logIn(node.url, email, password));
    await withNode({ HOST: '0.0.0.0' }, async (node) => {
      await assertClosed(node);
      assert.match(node.output(), /no demo user, since others can reach this server; DEMO=true makes one/);
    });
    await withNode({ TRUST_PROXY: '1' }, assertClosed);
    await withNode({ HOST: '0.0.0.0', DEMO: 'true' }, async (node) => {
      assert.equal((await post(node, '/v1/auth/login', DEMO_LOGIN)).status, 200);
    });
  });
});

describe('the demo user that is closed', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp({ env: { DEMO: 'true' } });
    await ensureDemo(app.services);
  });
  afterEach(() => app.close());

  it('loses its open streams at once', async () => {
    const { body } = await app.call('POST', '/v1/auth/login', { body: DEMO_LOGIN });
    const headers = { authorization: `Bearer ${body.accessToken}` };
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, { headers });
    await stream.ready();
    await closeDemo(app.services);
    await stream.closed();
    assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
  });

  it('is closed whatever password somebody has given it, and once only', async () => {
    const admin = await app.user('admin');
    const { body } = await app.call('POST', '/v1/auth/login', { body: DEMO_LOGIN });
    const changed = await app.call('POST', '/v1/auth/password', {
      headers: { authorization: `Bearer ${body.accessToken}` },
      body: { currentPassword: password, newPassword: 'a password of my own' },
    });
    assert.ok(changed.status < 300, JSON.stringify(changed.body));
    await Promise.all([closeDemo(app.services), closeDemo(app.services)]);
    await closeDemo(app.services);
    const own = { email, password: 'a password of my own' };
    assertProblem(await app.call('POST', '/v1/auth/login', { body: own }), 401, 'invalid-credentials');
    const { items } = (await app.call('GET', '/v1/admin/audit?type=user-disabled', { as: admin })).body;
    assert.equal(items.length, 1);
  });

  it('is not opened again when it was an administrator who has disabled it', async () => {
    const admin = await app.user('admin');
    const { items } = (await app.call('GET', '/v1/users', { as: admin })).body;
    const { id } = items.find((each: { email: string }) => each.email === email);
    const disabled = { as: admin, body: { disabled: true } };
    assert.equal((await app.call('PATCH', `/v1/users/${id}`, disabled)).status, 200);
    await closeDemo(app.services);
    await ensureDemo(app.services);
    assertProblem(await app.call('POST', '/v1/auth/login', { body: DEMO_LOGIN }), 401, 'invalid-credentials');
  });

  it('leaves a new administrator behind when it was the only one', async () => {
    const { services } = app;
    const found = await findCredentials(services.db, email);
    assert.ok(found);
    await updateUser(services.db, found.user.id, { role: 'admin' });
    assert.equal(await ensureAdmin(services), null);
    await closeDemo(services);
    const adminPassword = await ensureAdmin(services);
    assert.ok(adminPassword);
    const login = { email: services.config.ADMIN_EMAIL, password: adminPassword };
    const { status, body } = await app.call('POST', '/v1/auth/login', { body: login });
    assert.deepEqual([status, body.user.role], [200, 'admin']);
  });

  it('does not come into being by being closed', async () => {
    const fresh = await startApp();
    try {
      await closeDemo(fresh.services);
      const admin = await fresh.user('admin');
      const { items } = (await fresh.call('GET', '/v1/users', { as: admin })).body;
      assert.ok(items.every((each: { email: string }) => each.email !== email));
    } finally {
      await fresh.close();
    }
  });
});
