import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** For a person to look at. */
const PICTURES = join(tmpdir(), 'marktide-screenshots');

const LOOKS = [
  { name: 'desktop-light', width: 1280, colorScheme: 'light', locale: 'en-US' },
  { name: 'desktop-dark', width: 1280, colorScheme: 'dark', locale: 'ko-KR' },
  { name: 'phone-light', width: 390, colorScheme: 'light', locale: 'ko-KR' },
  { name: 'phone-dark', width: 390, colorScheme: 'dark', locale: 'en-US' },
] as const;

/** What opens a dialog, and which. */
const DIALOGS = [
  ['#import-open', '#import'],
  ['#trade-add', '#trade-dialog'],
  ['#flow-add', '#flow-dialog'],
  ['#trade-rows [name=edit]', '#trade-dialog'],
  ['#settings-open', '#portfolio-dialog'],
  ['#new-portfolio-open', '#portfolio-dialog'],
] as const;

(browserAvailable() ? describe : describe.skip)('the looks of the page', function () {
  this.timeout(120_000);
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    app = await startApp();
    user = await app.user('admin');
    await tradedPortfolio(deskOf(app.url, user.authorization));
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  /** Findings of axe-core that keep somebody out. */
  async function barriers(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    };
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  }

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
        await page.locator(`${dialog} [name=cancel], ${dialog} #import-close`).click();
        await page.locator(dialog).waitFor({ state: 'detached' });
        // The keyboard goes on where it was.
        assert.equal(await page.locator(`${opener}:focus`).count(), 1, opener);
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
