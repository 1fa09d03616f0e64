import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

(browserAvailable() ? describe : describe.skip)('the page without a network', function () {
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
    context = await browser.newContext();
    page = await context.newPage();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  it('can be installed', async () => {
    await page.goto(app.url);
    const href = (await page.locator('link[rel=manifest]').getAttribute('href')) ?? '';
    const manifest = (await (await fetch(`${app.url}/${href}`)).json()) as {
      name: string;
      start_url: string;
      display: string;
      icons: { src: string }[];
    };
    assert.deepEqual([manifest.name, manifest.start_url, manifest.display], ['Marktide', '.', 'standalone']);
    for (const { src } of manifest.icons) assert.equal((await fetch(`${app.url}/${src}`)).status, 200);
  });

  it('opens with the last known figures, which it says are not current', async () => {
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#holding-rows tr').first().waitFor();
    const equity = (await page.locator('#equity > span').first().getAttribute('title')) ?? '';
    // Everything is kept, and the figures too.
    await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
    await page.evaluate(`new Promise((done) => {
      const look = () => (localStorage.getItem('marktide.lastKnown') ? done() : requestAnimationFrame(look));
      look();
    })`);
    await context.setOffline(true);
    await page.reload();
    await page.locator('#last-known-note', { hasText: 'They are not current.' }).waitFor();
    await page.locator(`#last-known [title="${equity}"]`).first().waitFor();
    assert.ok((await page.locator('#last-known-holdings-rows tr').count()) >= 3);
    assert.equal(await page.locator('.not-current').count(), 1);
  });

  it('goes on by itself once there is a network', async () => {
    await context.setOffline(false);
    await isIn(page, 'live');
    await page.locator('#holding-rows tr').first().waitFor();
    assert.equal(await page.locator('#last-known').count(), 0);
  });

  it('keeps nothing of a user who has signed out', async () => {
    await page.locator('#sign-out').click();
    await page.locator('#sign-in').waitFor();
    assert.equal(await page.evaluate(`localStorage.getItem('marktide.lastKnown')`), null);
    const kept = await page.evaluate(`(async () => {
      const names = await caches.keys();
      const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return lists.flat().map(({ url }) => new URL(url).pathname).filter((path) => path.startsWith('/v1'));
    })()`);
    assert.deepEqual(kept, []);
  });
});
