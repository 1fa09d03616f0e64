import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** As on a train: a slow answer, and little comes through. */
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
/** What may come before the page can be used. At 50 kB/s that is less than a second. */
const MOST_BYTES = 45_000;

(browserAvailable() ? describe : describe.skip)('loading the page', function () {
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    await tradedPortfolio(deskOf(app.url, user.authorization));
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    // What a worker keeps could not be replaced.
    context = await browser.newContext({ serviceWorkers: 'block' });
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const enter = (): Promise<void> => signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });

  it('needs two round trips and little weight until it can be used', async () => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', SLOW);
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const began = performance.now();
    await page.goto(app.url, { waitUntil: 'commit' });
    await page.locator('#email').waitFor();
    const usable = Math.round(performance.now() - began);
    const html = await (await fetch(app.url)).text();
    // Whatever the HTML does not name would be one more round trip.
    for (const path of asked.filter((each) => /\.(js|css)$/.test(each)))
      assert.ok(html.includes(path.slice(1)), path);
    const first = bytes;
    assert.ok(first > 10_000 && first < MOST_BYTES, `${first} bytes`);
    await page.locator('#email').fill(user.email);
    await page.locator('#password').fill(TEST_PASSWORD);
    const entered = performance.now();
    await page.locator('#password').press('Enter');
    await page.locator('#connection[data-state="live"]').waitFor();
    const live = Math.round(performance.now() - entered);
    const again = performance.now();
    await page.reload({ waitUntil: 'commit' });
    await page.locator('#equity > span[title]:not([title="unknown"])').waitFor();
    const figures = Math.round(performance.now() - again);
    // A busy machine says nothing about the page: the times are only told.
    const times = `usable after ${usable} ms, live ${live} ms after the log-in, figures ${figures} ms after a reload`;
    process.stdout.write(`      400 ms, 50 kB/s: ${times}; ${Math.round(first / 1_000)} KB first\n`);
  });

  it('takes a part that an upgrade has replaced from the new page, once', async () => {
    await enter();
    let loads = 0;
    page.on('load', () => (loads += 1));
    let missing = 1;
    await context.route('**/assets/forms-*.js', async (route) => {
      missing -= 1;
      if (missing >= 0) await route.fulfill({ status: 404, body: '' });
      else await route.continue();
    });
    const loaded = page.waitForEvent('load');
    await page.locator('#trade-add').click();
    await loaded;
    await page.locator('#trade-add').click();
    await page.locator('#trade-form').waitFor();
    assert.equal(loads, 1);
  });

  it('says so where loading anew does not help', async () => {
    await enter();
    await context.route('**/assets/forms-*.js', (route) => route.fulfill({ status: 404, body: '' }));
    const loaded = page.waitForEvent('load');
    await page.locator('#trade-add').click();
    await loaded;
    await page.locator('#trade-add').click();
    await page.locator('#outdated', { hasText: 'reload' }).waitFor();
  });
});
