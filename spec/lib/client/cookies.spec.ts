import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { browserAvailable, launchBrowser } from '../../support/browser.ts';
import { bundleOf } from '../../support/bundle.ts';

(browserAvailable() ? describe : describe.skip)("the client in a page's session", function () {
  this.timeout(90_000);
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;
  let context: BrowserContext;
  let script: string;
  let refreshes = 0;

  before(async () => {
    app = await startApp();
    user = await app.user();
    script = await bundleOf('marktide', 'lib', 'client', 'index.ts');
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    refreshes = 0;
    context = await browser.newContext();
    context.on('request', (request) => {
      if (request.url().endsWith('/v1/auth/refresh')) refreshes += 1;
    });
  });
  afterEach(() => context.close());

  /** A page of the server's origin without a script of its own, and a client in it. */
  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${app.url}/favicon.svg`);
    await page.evaluate(script);
    await page.evaluate(`
      ended = 0;
      client = marktide.createClient({
        url: location.origin,
        login: { cookies: window, onEnd: () => { ended += 1; } },
      });`);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    const body = JSON.stringify({ email: user.email, password: TEST_PASSWORD });
    await page.evaluate(`client.api.login({ body: ${body} })`);
  }

  it('begins by a log-in, and may read and change', async () => {
    const page = await open();
    assert.equal(await page.evaluate('marktide.hasSession(window)'), false);
    await signIn(page);
    assert.equal(await page.evaluate('marktide.hasSession(window)'), true);
    const email = await page.evaluate('client.api.me().then(({ email }) => email)');
    assert.equal(email, user.email);
    const made = await page.evaluate(
      'client.api.createPortfolio({ body: { name: "By cookie" } }).then(({ name }) => name)',
    );
    assert.equal(made, 'By cookie');
  });

  it('does not take a wrong password for the end of a session', async () => {
    const page = await open();
    const status = await page.evaluate(
      'client.api.login({ body: { email: "a@example.com", password: "wrong" } }).catch(({ status }) => status)',
    );
    assert.deepEqual([status, await page.evaluate('ended'), refreshes], [401, 0, 0]);
  });

  it('is renewed once for all calls of all tabs that find it expired', async () => {
    const [one, other] = [await open(), await open()];
    await signIn(one);
    await context.clearCookies({ name: 'marktide_access' });
    const many = 'Promise.all(Array.from({ length: 5 }, () => client.api.me())).then((all) => all.length)';
    assert.deepEqual(await Promise.all([one.evaluate(many), other.evaluate(many)]), [5, 5]);
    assert.equal(refreshes, 1);
    await context.clearCookies({ name: 'marktide_access' });
    assert.equal(await other.evaluate(many), 5);
    assert.equal(refreshes, 2);
  });

  it('ends when it cannot be renewed: that is told once, and nothing more is tried', async () => {
    const page = await open();
    await signIn(page);
    await context.clearCookies({ name: 'marktide_access' });
    await context.clearCookies({ name: 'marktide_refresh' });
    const failing = 'Promise.all([1, 2].map(() => client.api.me().catch(({ status }) => status)))';
    assert.deepEqual(await page.evaluate(failing), [401, 401]);
    assert.deepEqual([await page.evaluate('ended'), refreshes], [1, 1]);
    assert.equal(await page.evaluate('marktide.hasSession(window)'), false);
    assert.deepEqual(await page.evaluate(failing), [401, 401]);
    assert.equal(refreshes, 1);
  });

  it('carries a stream, which outlives the access token', async () => {
    const page = await open();
    await signIn(page);
    await context.clearCookies({ name: 'marktide_access' });
    const price = page.evaluate(`new Promise((resolve, reject) => {
      const subscription = client.subscribe(['ticker:BTC/KRW'], {
        ready: () => document.documentElement.setAttribute('data-ready', ''),
        ticker: ({ price }) => { subscription.close(); resolve(price); },
        error: reject,
      });
    })`);
    await page.locator('[data-ready]').waitFor({ state: 'attached' });
    const admin = await app.user('admin');
    const body = { symbol: 'BTC/KRW', price: '90000001', quantity: '1' };
    await app.call('POST', '/v1/market/ticks', { as: admin, body });
    assert.equal(await price, '90000001');
    assert.equal(refreshes, 1);
  });

  it('can be called off, and gives up by itself', async () => {
    const page = await open();
    await signIn(page);
    await context.route('**/v1/auth/me', () => undefined);
    const names = await page.evaluate(`Promise.all([
      client.api.me({}, { signal: AbortSignal.abort() }),
      client.api.me({}, { timeoutMs: 50 }),
    ].map((call) => call.catch(({ name }) => name)))`);
    assert.deepEqual(names, ['AbortError', 'TimeoutError']);
  });
});
