import assert from 'node:assert/strict';
import { ensureAdmin, ensureDemo, ensureDemoPast } from '../../app/first-start.ts';
import { DEMO_LOGIN } from '../../routes/service/health.ts';
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

describe('a first start with the simulator', () => {
  let app: TestApp;
  let headers: { authorization: string };
  let id: string;

  before(async () => {
    app = await startApp({ env: { DEMO: 'true', MARKET_FEED: 'simulator', FEED_SEED: '7' } });
    await ensureDemo(app.services);
    const { body } = await login(app, DEMO_LOGIN.email, DEMO_LOGIN.password);
    headers = { authorization: `Bearer ${body.accessToken}` };
    id = (await app.call('GET', '/v1/portfolios', { headers })).body.items[0].id;
  });
  after(() => app.close());

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  const read = async (path: string): Promise<any> => (await app.call('GET', path, { headers })).body;

  it('has a past: each figure of the last month is known, and so is the benchmark', async () => {
    const from = Date.now() - 31 * 86_400_000;
    const series = await read(
      `/v1/portfolios/${id}/series?interval=hour&every=4&from=${from}&benchmark=BTC/KRW`,
    );
    assert.ok(series.columns.t.length > 150);
    for (const name of ['equity', 'benchmark']) {
      assert.ok(!series.columns[name].includes(null), name);
      assert.ok(new Set(series.columns[name]).size > 100, `${name} moves`);
    }
    assert.deepEqual(series.warnings, []);
    // Since the day after the deposit: a day without anything invested has no rate.
    const funded = Date.now() - 28 * 86_400_000;
    const { items, warnings } = await read(`/v1/portfolios/${id}/pnl/periods?from=${funded}`);
    assert.deepEqual(warnings, []);
    assert.ok(items.length >= 28);
    for (const { label, pnl } of items) assert.notEqual(pnl, null, label);
    const performance = await read(`/v1/portfolios/${id}/performance?from=${from}`);
    // That too little was sold to tell an average loss is no want of prices.
    assert.ok(performance.warnings.every(({ code }: { code: string }) => code === 'undefined-rate'));
    assert.notEqual(performance.benchmark.return, null);
  });

  it('has 24-hour figures and a day PnL from the first moment', async () => {
    const { items } = await read('/v1/market/tickers');
    for (const { symbol, change } of items) assert.notEqual(change, null, symbol);
    assert.notEqual((await read(`/v1/portfolios/${id}/pnl`)).day.pnl, null);
  });

  it('marks all of it as made up, and makes it once', async () => {
    const candles = (): Promise<{ items: { simulated: boolean }[] }> =>
      read('/v1/market/candles?symbol=BTC/KRW&interval=1d&limit=500');
    const { items } = await candles();
    assert.ok(items.length > 365);
    assert.ok(items.every(({ simulated }) => simulated));
    const { db, clock } = app.services;
    await ensureDemoPast({ db, clock, seed: 8 });
    assert.deepEqual((await candles()).items.slice(0, -1), items.slice(0, -1));
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
