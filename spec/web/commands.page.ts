import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

(browserAvailable() ? describe : describe.skip)('finding by typing', function () {
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    await tradedPortfolio(deskOf(app.url, user.authorization));
    browser = await launchBrowser();
    page = await browser.newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#holding-rows tr').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const find = async (typed: string): Promise<void> => {
    await page.keyboard.press('Control+k');
    await page.locator('#command').fill(typed);
  };
  const chosen = (label: string) =>
    page.locator('#command-list [aria-selected=true]', { hasText: label }).waitFor();

  it('leads to an asset with the keyboard alone', async () => {
    await find('ETH');
    await chosen('ETH');
    await page.keyboard.press('Enter');
    await page.locator('#asset-title', { hasText: 'ETH' }).waitFor();
    assert.match(page.url(), /\/assets\/ETH$/);
    assert.equal(await page.locator('#commands').count(), 0);
  });

  it('goes through the list by arrow keys, round at the ends', async () => {
    await find('');
    await chosen('Add trade');
    await page.keyboard.press('ArrowUp');
    assert.equal(
      await page.locator('#command-list [role=option]').last().getAttribute('aria-selected'),
      'true',
    );
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await chosen('Add an entry');
    await page.keyboard.press('Escape');
    await page.locator('#commands').waitFor({ state: 'detached' });
  });

  it('opens a dialog, over which it does not open itself', async () => {
    await find('add tr');
    await page.keyboard.press('Enter');
    await page.locator('#trade-dialog').waitFor();
    await page.keyboard.press('Control+k');
    assert.equal(await page.locator('#commands').count(), 0);
    await page.keyboard.press('Escape');
    await page.locator('#trade-dialog').waitFor({ state: 'detached' });
  });

  it('says that nothing fits', async () => {
    await find('no such thing');
    await page.locator('#commands [role=status]', { hasText: 'No matches.' }).waitFor();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('#commands').count(), 1);
    await page.keyboard.press('Escape');
  });
});
