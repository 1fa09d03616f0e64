import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

(browserAvailable() ? describe : describe.skip)('taking back what was done to trades', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let portfolioId: string;
  let browser: Browser;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    portfolioId = await tradedPortfolio(desk);
    browser = await launchBrowser();
    page = await browser.newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#trade-rows tr').nth(3).waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  /** All trades as they were entered: without what the server adds. */
  async function entered(): Promise<object[]> {
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades`);
    return (items as Record<string, unknown>[]).map(
      ({ id: _id, createdAt: _made, updatedAt: _changed, ...rest }) => rest,
    );
  }

  // The list follows the ledger a moment later.
  beforeEach(async () => {
    await page.locator('#trade-rows tr').nth(3).waitFor();
    await page.locator('#trade-rows tr').nth(4).waitFor({ state: 'detached' });
  });

  async function undo(what: string): Promise<void> {
    await page.locator('#undo-bar', { hasText: what }).waitFor();
    await page.locator('#undo-bar [name=undo]').click();
    await page.locator('#undo-bar').waitFor({ state: 'detached' });
  }

  it('removes one that was added', async () => {
    const before = await entered();
    await page.locator('#trade-add').click();
    await page.locator('#trade-symbol').fill('BTC/KRW');
    await page.locator('#trade-quantity').fill('0.5');
    await page.locator('#trade-price').fill('150000000');
    await page.locator('#trade-form [type=submit]').click();
    await page.locator('#undo-bar').waitFor();
    assert.equal((await entered()).length, before.length + 1);
    await undo('Added: a trade of BTC/KRW.');
    assert.deepEqual(await entered(), before);
  });

  it('changes one back', async () => {
    const before = await entered();
    await page.locator('#trade-rows [name=edit]').first().click();
    await page.locator('#trade-price').fill('151000000');
    await page.locator('#trade-note').fill('not so');
    await page.locator('#trade-form [type=submit]').click();
    await page.locator('#undo-bar').waitFor();
    assert.notDeepEqual(await entered(), before);
    await undo('Changed: a trade of BTC/KRW.');
    assert.deepEqual(await entered(), before);
  });

  it('books one again that was removed, with everything it had', async () => {
    const before = await entered();
    await page.locator('#trade-rows [name=edit]').first().click();
    await page.locator('#trade-dialog [name=remove]').click();
    await page.locator('#trade-dialog [name=remove-sure]').click();
    await page.locator('#undo-bar').waitFor();
    assert.equal((await entered()).length, before.length - 1);
    await undo('Removed: a trade of BTC/KRW.');
    assert.deepEqual(await entered(), before);
  });

  it('brings back what the ledger held, although the list was older', async () => {
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades`);
    // What the test before booked again has an id of its own.
    await page.reload();
    await page.locator('#trade-rows [name=edit]').first().click();
    await page.locator('#trade-dialog').waitFor();
    const path = `/v1/portfolios/${portfolioId}/trades/${items[0].id}`;
    await desk.ask('PATCH', path, { note: 'changed elsewhere' });
    const before = await entered();
    await page.locator('#trade-dialog [name=remove]').click();
    await page.locator('#trade-dialog [name=remove-sure]').click();
    await undo('Removed: a trade of BTC/KRW.');
    assert.deepEqual(await entered(), before);
  });
});
