import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';

const SCREENSHOTS = process.env['SCREENSHOTS'] ?? join(tmpdir(), 'marktide-screenshots');

(browserAvailable() ? describe : describe.skip)('the page of documents in a browser', function () {
  let app: TestApp;
  let user: TestUser;
  let admin: TestUser;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  before(async () => {
    app = await startApp();
    [user, admin] = [await app.user(), await app.user('admin')];
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(app.url) && !url.startsWith('data:')) complaints.push(`asks for ${url}`);
    });
    await page.goto(`${app.url}/docs`);
    await page.locator('#operations-auth-login').waitFor();
  });
  after(async () => {
    await browser?.close();
    await app.close();
  });

  /** Opens an operation, fills in what is given, and executes it. @returns its place on the page */
  async function execute(
    id: string,
    fill: (at: ReturnType<Page['locator']>) => Promise<void> = () => Promise.resolve(),
    on = page,
  ) {
    const at = on.locator(`#operations-${id}`);
    await at.locator('.opblock-summary-control').click();
    await at.getByRole('button', { name: 'Try it out' }).click();
    await fill(at);
    await at.getByRole('button', { name: 'Execute' }).click();
    return at;
  }

  it('authorises who logs in there, for every call after that', async () => {
    const login = await execute('auth-login', async (at) => {
      await at.locator('textarea').fill(JSON.stringify({ email: user.email, password: TEST_PASSWORD }));
    });
    await login.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    const created = await execute('portfolios-createPortfolio', async (at) => {
      await at.locator('textarea').fill(JSON.stringify({ name: 'From the page' }));
    });
    await created.locator('.live-responses-table .response-col_status', { hasText: '201' }).waitFor();
    assert.match(await created.locator('.live-responses-table').innerText(), /From the page/);
    const { body } = await app.call('GET', '/v1/portfolios', { as: user });
    assert.equal(body.items[0].name, 'From the page');
  });

  it('authorises by a token that is put into its form', async () => {
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${app.url}/docs`);
    await other.locator('.btn.authorize').click();
    const form = other.locator('.auth-container', { hasText: 'bearer' }).first();
    await form.locator('input').fill(user.accessToken);
    await form.getByRole('button', { name: 'Apply credentials' }).click();
    await other.locator('.dialog-ux .btn-done').first().click();
    const me = await execute('auth-me', undefined, other);
    const answer = me.locator('.live-responses-table');
    await answer.locator('.response-col_status', { hasText: '200' }).waitFor();
    assert.ok((await answer.innerText()).includes(user.email));
    await other.context().close();
  });

  it('shows the events of a stream while it is open, and the whole of it when it was ended', async () => {
    const stream = await execute('streams-openMarketStream', async (at) => {
      await at.locator('tr', { hasText: 'symbols' }).first().locator('input').fill('BTC/KRW');
    });
    const panel = page.locator('#open-stream');
    await panel.locator('pre', { hasText: 'event:ready' }).waitFor();
    const tick = { symbol: 'BTC/KRW', price: '90000001', quantity: '1', side: 'buy' };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body: tick })).status, 200);
    await panel.locator('pre', { hasText: '90000001' }).waitFor();
    assert.equal(app.services.hub.streams().length, 1);
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, 'docs-stream.png') });
    await panel.getByRole('button', { name: 'End the stream' }).click();
    await panel.waitFor({ state: 'detached' });
    const told = stream.locator('.live-responses-table');
    await told.locator('.response-col_status', { hasText: '200' }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'docs.png') });
  });

  it('draws without a complaint of the browser, and asks nobody else', () => {
    assert.deepEqual(complaints, []);
  });
});
