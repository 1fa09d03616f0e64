import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** For a person to look at. */
const PICTURES = join(tmpdir(), 'marktide-screenshots');

const LOOKS = [
  { name: 'desktop-light', width: 1440, colorScheme: 'light', locale: 'en-US' },
  { name: 'desktop-dark', width: 1024, colorScheme: 'dark', locale: 'ko-KR' },
  { name: 'phone-light', width: 390, colorScheme: 'light', locale: 'ko-KR' },
  { name: 'phone-dark', width: 390, colorScheme: 'dark', locale: 'en-US' },
] as const;

/** What opens a dialog, and which. */
const DIALOGS = [
  ['#import-open', '#import'],
  ['#trade-add', '#trade-dialog'],
  ['#entry-add', '#entry-dialog'],
  ['#trade-rows [name=edit]', '#trade-dialog'],
  ['#settings-open', '#portfolio-dialog'],
  ['#new-portfolio-open', '#portfolio-dialog'],
  ['#commands-open', '#commands'],
] as const;

/** The views beside the dashboard: their addresses, and what is there once they are. */
const viewsOf = (portfolioId: string) =>
  [
    ['overview', '#/overview', '#overview .total [data-total=equity][title]'],
    ['status', '#/admin', '#admin-feeds-rows tr'],
    ['users', '#/admin/users', '#admin-users-rows tr'],
    ['audit', '#/admin/audit', '#admin-audit-rows tr'],
    ['streams', '#/admin/streams', '#admin-streams-rows tr'],
    ['limits', '#/admin/limits', '#admin-limits-rows tr'],
    ['jobs', '#/admin/jobs', '#admin-jobs:not([aria-busy])'],
    ['asset', `#/portfolios/${portfolioId}/assets/BTC`, '#candles-chart canvas'],
  ] as const;

(browserAvailable() ? describe : describe.skip)('the looks of the page', function () {
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;
  let portfolioId: string;

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    app = await startApp();
    user = await app.user('admin');
    portfolioId = await tradedPortfolio(deskOf(app.url, user.authorization));
    await tradedPortfolio(deskOf(app.url, user.authorization), { name: 'Savings' });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  for (const { name, width, colorScheme, locale } of LOOKS) {
    it(`keeps nobody out: ${name}`, async () => {
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        colorScheme,
        locale,
        hasTouch: width < 500,
        isMobile: width < 500,
      });
      const page = await context.newPage();
      await page.goto(app.url);
      await isIn(page, 'signed-out');
      assert.deepEqual(await barriers(page), [], 'the sign-in form');
      await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
      await page.locator('#trade-rows tr').first().waitFor();
      for (const id of ['curve-chart', 'days-chart']) await page.locator(`#${id} canvas`).waitFor();
      assert.deepEqual(await barriers(page), [], 'the dashboard');
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      assert.ok(overflow <= 0, `${overflow} pixels stick out`);
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      for (const [opener, dialog] of DIALOGS) {
        await page.locator(opener).first().click();
        await page.locator(dialog).waitFor();
        assert.deepEqual(await barriers(page), [], dialog);
        const cut = await page.locator(dialog).evaluate((node) => node.scrollWidth - node.clientWidth);
        assert.ok(cut <= 0, `${cut} pixels of ${dialog} are cut off`);
        await page.screenshot({ path: join(PICTURES, `${name}-${dialog.slice(1)}.png`) });
        if (dialog === '#commands') await page.keyboard.press('Escape');
        else await page.locator(`${dialog} [name=cancel], ${dialog} #import-close`).click();
        await page.locator(dialog).waitFor({ state: 'detached' });
        // The keyboard goes on where it was.
        assert.equal(await page.locator(`${opener}:focus`).count(), 1, opener);
      }
      for (const [view, hash, shown] of viewsOf(portfolioId)) {
        await page.goto(`${app.url}/${hash}`);
        await page.locator(shown).first().waitFor();
        // Figures that are not current yet are pale.
        await page.locator('.not-current').waitFor({ state: 'detached' });
        assert.deepEqual(await barriers(page), [], view);
        const beside = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        assert.ok(beside <= 0, `${beside} pixels of ${view} stick out`);
        await page.screenshot({ path: join(PICTURES, `${name}-${view}.png`), fullPage: true });
      }
      await context.close();
    });
  }

  it('keeps nobody out who has no portfolio yet, in either language', async () => {
    const fresh = await app.user('admin');
    for (const locale of ['en-US', 'ko-KR']) {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale });
      const page = await context.newPage();
      await signIn(page, app.url, { email: fresh.email, password: TEST_PASSWORD });
      await page.locator('#first-run form').waitFor();
      assert.deepEqual(await barriers(page), []);
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      assert.ok(overflow <= 0, `${overflow} pixels stick out`);
      await page.screenshot({ path: join(PICTURES, `first-run-${locale}.png`), fullPage: true });
      await context.close();
    }
  });

  it('weighs less than 300 KB as it travels, and nothing comes from elsewhere', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    let bytes = 0;
    const hosts = new Set<string>();
    const complaints: string[] = [];
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) complaints.push(message.text());
    });
    const began = performance.now();
    await page.goto(app.url);
    const loaded = performance.now() - began;
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#trade-rows tr').first().waitFor();
    assert.deepEqual([...hosts], [app.url]);
    assert.deepEqual(complaints, []);
    assert.ok(bytes > 20_000, `${bytes} bytes: they were counted`);
    assert.ok(bytes < 300_000, `${bytes} bytes`);
    // A busy machine says nothing about the page: the time is only told.
    process.stdout.write(`      page: ${Math.round(bytes / 1000)} KB, loaded in ${Math.round(loaded)} ms\n`);
    await context.close();
  });
});
