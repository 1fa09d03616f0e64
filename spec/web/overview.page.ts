import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, isIn, signIn } from '../support/dashboard.ts';

/** The market and so many portfolios are what one stream carries. */
const LIVE = 7;

(browserAvailable() ? describe : describe.skip)('the overview of all portfolios', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const ids: string[] = [];
  const asked: string[] = [];

  before(async () => {
    app = await startApp();
    user = await app.user('trader');
    const admin = await app.user('admin');
    const market = deskOf(app.url, admin.authorization);
    desk = { ...deskOf(app.url, user.authorization), push: market.push };
    await market.push({ 'BTC/KRW': '150000000' });
    for (let index = 0; index <= LIVE; index += 1) {
      const { id } = await desk.ask('POST', '/v1/portfolios', { name: `Number ${index}` });
      const time = new Date().toISOString();
      await desk.ask('POST', `/v1/portfolios/${id}/transfers`, {
        kind: 'deposit',
        asset: 'BTC',
        quantity: `0.${index + 1}`,
        time,
      });
      ids.push(id);
    }
    await desk.ask('POST', '/v1/portfolios', { name: 'Dollars', baseCurrency: 'USDT' });
    browser = await launchBrowser();
    context = await browser.newContext();
    page = await context.newPage();
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const shown = (id: string): Promise<string | null> =>
    page.locator(`[data-portfolio="${id}"] td`).first().getAttribute('title');
  const total = (figure: string): string => `#overview-KRW [data-total="${figure}"]`;

  it('adds up the portfolios of a currency, live on the one stream', async () => {
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#overview-open').click();
    assert.match(page.url(), /#\/overview$/);
    await isIn(page, 'live');
    // 0.1 + 0.2 + … + 0.8 at 150,000,000.
    await page.locator(`${total('equity')}[title="540000000"]`).waitFor();
    assert.equal(await page.locator('#overview-USDT [data-portfolio]').count(), 1);
    assert.equal(await page.locator('#overview-USDT .total').count(), 0);
    asked.length = 0;
    await desk.push({ 'BTC/KRW': '160000000' });
    const first = ids[0] ?? '';
    await page.locator(`[data-portfolio="${first}"] td[title="16000000"]`).waitFor();
    const { equity } = await desk.ask('GET', `/v1/portfolios/${first}/pnl`);
    assert.equal(await shown(first), equity);
    assert.deepEqual(
      asked.filter((path) => path.includes(first)),
      [],
      'nothing of it was asked for',
    );
  });

  it('asks for those that the stream has no room for, and says as of when they are', async () => {
    const asOf = page.locator('[data-portfolio] th small');
    await asOf.first().waitFor();
    // Eight and the one in dollars, of which the stream carries seven.
    assert.equal(await asOf.count(), 2);
  });

  it('leads to a portfolio, and back', async () => {
    const third = ids[2] ?? '';
    await page.locator(`[data-portfolio="${third}"] a`).click();
    await page.locator('#equity > span[title="48000000"]').waitFor();
    assert.ok(page.url().endsWith(`#/portfolios/${third}`));
    await page.goBack();
    await page.locator('#overview').waitFor();
  });
});
