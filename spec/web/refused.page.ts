import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { MAX_URL_BYTES } from '../../lib/http/request-limits.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { assertSameAsRest, type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

const COINS = 300;

(browserAvailable() ? describe : describe.skip)('the stream of the page', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    await page.clock.install();
  });
  afterEach(() => context.close());

  const enter = (): Promise<void> => signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });

  it('carries hundreds of holdings under a short URL', async () => {
    const { id } = await desk.ask('POST', '/v1/portfolios', { name: 'Everything' });
    const coins = Array.from({ length: COINS }, (_, index) => `COIN${String(index).padStart(12, '0')}`);
    await desk.push(Object.fromEntries(coins.map((coin) => [`${coin}/KRW`, '1000.123456789012345678'])));
    await desk.ask('POST', `/v1/portfolios/${id}/trades`, {
      items: coins.map((coin) => ({
        symbol: `${coin}/KRW`,
        side: 'buy',
        quantity: '1234567.123456789012345678',
        price: '999.987654321098765432',
        time: new Date(Date.now() - 60_000).toISOString(),
      })),
    });
    const urls: string[] = [];
    page.on('request', (request) =>
      urls.push(new URL(request.url()).pathname + new URL(request.url()).search),
    );
    await enter();
    assert.equal(await page.locator('#holding-rows tr[data-asset^="COIN"]').count(), COINS);
    await desk.push({ [`${coins.at(-1)}/KRW`]: '2000' });
    await page.locator(`#holding-rows tr[data-asset="${coins.at(-1)}"] td [title="2000"]`).waitFor();
    await assertSameAsRest(page, desk, id);
    assert.ok(urls.some((url) => url.startsWith('/v1/streams?')));
    for (const url of urls) assert.ok(url.length < MAX_URL_BYTES / 2, url.slice(0, 100));
    await desk.ask('DELETE', `/v1/portfolios/${id}`);
  });

  it('says why it is refused for good, and asks no more until another portfolio is chosen', async () => {
    const [first, second] = [await tradedPortfolio(desk), await tradedPortfolio(desk, { name: 'Other' })];
    await enter();
    let asked = 0;
    await context.route('**/v1/streams?*', async (route) => {
      asked += 1;
      const detail = 'The URL and headers have more than 16384 bytes.';
      const body = { type: '/problems/headers-too-large', title: 'Too large', status: 431, detail };
      await route.fulfill({ status: 431, contentType: 'application/problem+json', json: body });
    });
    const { items } = await desk.ask('GET', '/v1/streams/sessions');
    for (const { id } of items) await desk.ask('DELETE', `/v1/streams/sessions/${id}`);
    await isIn(page, 'refused');
    assert.match((await page.locator('#page-message').textContent()) ?? '', /more than 16384 bytes.*Reload/);
    assert.equal(asked, 1);
    await page.evaluate('window.dispatchEvent(new Event("online"))');
    await page.clock.fastForward(3_600_000);
    assert.equal(asked, 1);
    assert.equal(await page.locator('#connection').getAttribute('data-state'), 'refused');

    await context.unroute('**/v1/streams?*');
    const chosen = await page.evaluate('sessionStorage.getItem("marktide.portfolio")');
    await page.locator('#portfolio').selectOption(chosen === first ? second : first);
    await isIn(page, 'live');
  });

  it('comes back by itself from what passes', async () => {
    await enter();
    let left = 3;
    await context.route('**/v1/streams?*', async (route) => {
      left -= 1;
      if (left >= 0) await route.fulfill({ status: 502, contentType: 'text/html', body: '<html>' });
      else await route.continue();
    });
    const { items } = await desk.ask('GET', '/v1/streams/sessions');
    for (const { id } of items) await desk.ask('DELETE', `/v1/streams/sessions/${id}`);
    await isIn(page, 'resuming');
    await page.clock.fastForward(60_000);
    await isIn(page, 'live');
    assert.ok(left < 0);
  });
});
