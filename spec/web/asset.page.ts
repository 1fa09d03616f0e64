import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** How many pixels of the chart have a colour of the theme. */
const PIXELS = `(name) => {
  const probe = document.createElement('span');
  probe.style.color = 'var(--' + name + ')';
  document.body.append(probe);
  const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const canvas = document.querySelector('#candles-chart canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    if (wanted.every((part, index) => data[at + index] === part) && data[at + 3] === 255) count += 1;
  return count;
}`;

(browserAvailable() ? describe : describe.skip)('the page of an asset', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let portfolioId: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    portfolioId = await tradedPortfolio(desk, { costMethod: 'fifo' });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  afterEach(() => context.close());

  const titles = (selector: string): Promise<string[]> =>
    page.locator(selector).evaluateAll((nodes) => nodes.map((node) => node.getAttribute('title') ?? ''));
  /** Resolves when something in this colour is drawn. */
  const drawn = async (name: string): Promise<void> => {
    await page.evaluate(`new Promise((done) => {
      const look = () => ((${PIXELS})(${JSON.stringify(name)}) > 5 ? done() : requestAnimationFrame(look));
      look();
    })`);
  };

  it('shows lots and what was realised, with the digits of the API', async () => {
    await page.locator('[data-asset=BTC] th a').click();
    await page.locator('#disposal-rows tr').waitFor();
    assert.ok(page.url().endsWith(`#/portfolios/${portfolioId}/assets/BTC`));
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl/explain?asset=BTC`);
    const [{ lots, disposals, realizedPnl }] = items;
    const [lot] = lots;
    assert.equal(lots.length, 1);
    const { quantity, unitCost, costBasis, marketValue, unrealizedPnl } = lot;
    assert.deepEqual(await titles('#lot-rows td'), [
      quantity,
      unitCost,
      costBasis,
      marketValue,
      unrealizedPnl,
    ]);
    const [sale] = disposals;
    assert.deepEqual((await titles('#disposal-rows td')).slice(1), [
      sale.quantity,
      sale.proceeds.net,
      sale.costBasis,
      sale.realizedPnl.net,
    ]);
    assert.equal(await page.locator('#realized-of .heading span').getAttribute('title'), realizedPnl.net);
    assert.equal(await page.locator('#trade-rows tr').count(), 2);
  });

  it('draws one’s own purchases and sales on the candles, and reads them out', async () => {
    await page.goto(`${app.url}/#/portfolios/${portfolioId}/assets/BTC`);
    const chart = page.locator('#candles-chart');
    await chart.locator('canvas').waitFor();
    await drawn('accent');
    // The price of the sale is above all candles.
    await drawn('compared');
    await chart.focus();
    const heard: string[] = [];
    for (let index = 0; index < 31; index += 1) {
      heard.push((await chart.getAttribute('aria-valuetext')) ?? '');
      await page.keyboard.press('ArrowLeft');
    }
    assert.equal(heard.filter((each) => each.includes('Sell 0.02 at 152,300,000')).length, 1);
    assert.equal(heard.filter((each) => each.includes('Buy 0.1 at 147,500,000')).length, 1);
  });

  it('follows the price, and keeps the interval in its address', async () => {
    await page.goto(`${app.url}/#/portfolios/${portfolioId}/assets/BTC`);
    await page.locator('#candles-readout b').first().waitFor();
    await desk.push({ 'BTC/KRW': '151234567' });
    await page.locator('#candles-readout', { hasText: 'Close 151,234,567' }).waitFor();
    await page.locator('#position-price [title="151234567"]').waitFor();
    await page.locator('#candles-step').getByText('1h').click();
    await page.waitForURL(/\?step=1h$/);
    await page.reload();
    await page.locator('#candles-step input[value="1h"]:checked').waitFor();
  });

  it('tells that trades of a candle were missed', async () => {
    await context.route('**/v1/market/candles?*', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      if (body.columns !== undefined) body.columns.complete[0] = false;
      await route.fulfill({ response, json: body });
    });
    await page.goto(`${app.url}/#/portfolios/${portfolioId}/assets/BTC`);
    await page.locator('#candles-note', { hasText: 'missed in 1 of' }).waitFor();
    await page.locator('#candles-chart canvas').waitFor();
    await page.locator('#candles-chart').focus();
    await page.keyboard.press('Home');
    await page.locator('#candles-readout .badge', { hasText: 'incomplete' }).waitFor();
  });

  it('has nothing to explain of an asset that was never held, and says so of its price', async () => {
    await page.goto(`${app.url}/#/portfolios/${portfolioId}/assets/DOGE`);
    await page.locator('#candles-none', { hasText: 'DOGE/KRW' }).waitFor();
    assert.equal(await page.locator('#lots').count(), 0);
    await page.locator('#asset-note[hidden]').waitFor({ state: 'attached' });
  });

  it('has no scrolling sideways for trades on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${app.url}/#/portfolios/${portfolioId}`);
    await page.locator('#trade-rows tr').first().waitFor();
    const beside = await page
      .locator('#trades .scroll')
      .evaluate((node) => node.scrollWidth - node.clientWidth);
    assert.ok(beside <= 0, `${beside} pixels`);
  });
});
