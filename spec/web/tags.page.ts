import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

const PICTURES = join(tmpdir(), 'marktide-screenshots');

(browserAvailable() ? describe : describe.skip)('tags on the page', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let page: Page;
  let portfolioId: string;

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    portfolioId = await tradedPortfolio(desk);
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#trade-rows tr').nth(3).waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const tag = (name: string) => page.locator(`#tag-stats-rows tr[data-tag="${name}"]`);
  const edit = async (row: number, tags: string): Promise<void> => {
    await page.locator('#trade-rows [name=edit]').nth(row).click();
    await page.locator('#trade-tags').fill(tags);
    await page.locator('#trade-form [type=submit]').click();
    await page.locator('#trade-dialog').waitFor({ state: 'detached' });
  };

  it('are given to trades, whose statistics they show by tag', async () => {
    assert.equal(await page.locator('#tag-stats').count(), 0);
    await edit(0, 'swing, breakout,swing');
    await tag('swing').waitFor();
    await tag('breakout').waitFor();
    const { closed, realizedPnl } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/trades/stats?tag=swing`,
    );
    assert.equal(closed.winRate, '1');
    for (const digits of [realizedPnl.net, closed.winRate, closed.expectancy]) {
      await tag('swing').locator(`[title="${digits}"]`).first().waitFor();
    }
    await tag('swing').filter({ hasText: '1 / 1' }).waitFor();
  });

  it('lead to their trades, by the keyboard and by the address', async () => {
    await edit(1, 'breakout');
    await tag('breakout').filter({ hasText: '2' }).waitFor();
    await tag('swing').locator('a').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?tag=swing$/);
    await page.locator('#trade-rows tr').nth(1).waitFor({ state: 'detached' });
    assert.equal(await page.locator('#trades-filter [name=tag]:focus').inputValue(), 'swing');
    await page.reload();
    await page.locator('#trade-rows .tag', { hasText: 'swing' }).waitFor();
    assert.equal(await page.locator('#trade-rows tr').count(), 1);
    await page.locator('#trades-filter [type=reset]').click();
    await page.locator('#trade-rows tr').nth(3).waitFor();
  });

  it('are taken back with the change of the trade', async () => {
    await edit(0, '');
    await tag('swing').waitFor({ state: 'detached' });
    await page.locator('#undo-bar [name=undo]').click();
    await tag('swing').waitFor();
  });

  for (const [locale, width] of [
    ['en-US', 1440],
    ['ko-KR', 390],
  ] as const) {
    it(`keep nobody out: ${locale} at ${width}`, async () => {
      const context = await browser.newContext({ locale, viewport: { width, height: 844 } });
      const look = await context.newPage();
      await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
      await look.locator('#tag-stats-rows tr').first().waitFor();
      assert.deepEqual(await barriers(look), []);
      const beside = await look
        .locator('#tag-stats .scroll')
        .evaluate((node) => node.scrollWidth - node.clientWidth);
      assert.ok(beside <= 0, `${beside} pixels are cut off`);
      await look.locator('#tag-stats').screenshot({ path: join(PICTURES, `tags-${locale}.png`) });
      await look.locator('#trades').screenshot({ path: join(PICTURES, `tagged-trades-${locale}.png`) });
      await context.close();
    });
  }
});
