import assert from 'node:assert/strict';
import { ensureAdmin, ensureDemo } from '../../lib/first-start.ts';
import { DEMO_LOGIN } from '../../routes/health.ts';
import { type Answer, startApp, type TestApp } from '../support/app.ts';

function login(app: TestApp, email: string, password: string): Promise<Answer> {
  return app.call('POST', '/v1/auth/login', { body: { email, password } });
}

describe('the first start', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({ env: { DEMO: 'true' } });
  });
  after(() => app.close());

  it('makes one administrator, with a password that is told once', async () => {
    const passwords = await Promise.all([ensureAdmin(app.services), ensureAdmin(app.services)]);
    const [password, ...others] = passwords.filter((each) => each !== null);
    assert.deepEqual(others, [], 'two nodes that start at once make one');
    assert.ok(password !== undefined && password.length >= 20);
    assert.equal(await ensureAdmin(app.services), null);
    const { status, body } = await login(app, app.services.config.ADMIN_EMAIL, password);
    assert.deepEqual([status, body.user.role], [200, 'admin']);
  });

  it('makes a demo user with one traded portfolio, however often and by however many it is called', async () => {
    await Promise.all([ensureDemo(app.services), ensureDemo(app.services)]);
    await ensureDemo(app.services);
    const { body } = await login(app, DEMO_LOGIN.email, DEMO_LOGIN.password);
    assert.equal(body.user.role, 'trader');
    const headers = { authorization: `Bearer ${body.accessToken}` };
    const { items } = (await app.call('GET', '/v1/portfolios', { headers })).body;
    assert.equal(items.length, 1);
    const [{ id, version }] = items;
    assert.ok(version > 5);
    const { body: trades } = await app.call('GET', `/v1/portfolios/${id}/trades`, { headers });
    assert.equal(trades.items.length, version - 1, 'one deposit, and the rest are trades');
    const { body: pnl } = await app.call('GET', `/v1/portfolios/${id}/pnl`, { headers });
    assert.ok(Number(pnl.cash) > 0, 'it was funded well enough');
    assert.ok(Number(pnl.realizedPnl.net) !== 0);
  });

  it('tells of the demo login where there is one', async () => {
    assert.deepEqual((await app.call('GET', '/healthz')).body.demo, DEMO_LOGIN);
  });
});

describe('a first start with ADMIN_PASSWORD', () => {
  it('takes that, and tells nothing', async () => {
    const env = { ADMIN_EMAIL: 'Boss@Example.com', ADMIN_PASSWORD: 'chosen-by-the-owner' };
    const app = await startApp({ env });
    try {
      assert.equal(await ensureAdmin(app.services), null);
      assert.equal((await login(app, 'boss@example.com', 'chosen-by-the-owner')).status, 200);
      assert.equal((await app.call('GET', '/healthz')).body.demo, null);
    } finally {
      await app.close();
    }
  });

  it('does not start without an administrator because somebody has the address', async () => {
    const app = await startApp({ env: { ADMIN_PASSWORD: 'chosen-by-the-owner' } });
    try {
      const user = await app.user();
      const config = { ...app.services.config, ADMIN_EMAIL: user.email };
      await assert.rejects(ensureAdmin({ ...app.services, config }), /ADMIN_EMAIL/);
    } finally {
      await app.close();
    }
  });
});
