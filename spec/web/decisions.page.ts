import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn } from '../support/dashboard.ts';

/** Has three rows of futures, which only their owner can explain. */
const STATEMENT = readFileSync(new URL('../fixtures/layouts/binance-statement.csv', import.meta.url));

(browserAvailable() ? describe : describe.skip)('rows that only their owner can explain', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let page: Page;
  let path: string;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    await desk.push({ 'BTC/USDT': '100000' });
    const { id } = await desk.ask('POST', '/v1/portfolios', { name: 'Futures too', baseCurrency: 'USDT' });
    path = `/v1/portfolios/${id}`;
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const textOf = async (where: string): Promise<string> => (await page.locator(where).textContent()) ?? '';
  const asked = (within: string, line: number) => page.locator(`${within} [data-line="${line}"]`);

  it('are named by a check of the file, with what is not booked', async () => {
    assert.equal(await page.locator('#decisions').count(), 0, 'there is nothing to decide yet');
    await page.locator('#import-open').click();
    assert.match((await page.locator('#import-file').getAttribute('accept')) ?? '', /\.xlsx/);
    await page
      .locator('#import-file')
      .setInputFiles({ name: 'statement.csv', mimeType: 'text/csv', buffer: STATEMENT });
    await page.locator('#import-check').click();
    await page.locator('#import-message', { hasText: 'Would import: 11 new' }).waitFor();
    assert.match(await textOf('#import-message'), /0 ignored, 3 to decide/);
    assert.match(
      await textOf('#import-unbooked'),
      /USDT: \+3\.1569 to decide, \+0\.017 in ignored rows and moves of your own/,
    );
    assert.match(
      await textOf('#import-rows'),
      /Line 20: USD-MFutures: Realized Profit and Loss \+3\.2 USDT: .*futures.* Reward, Deposit/,
    );
    assert.equal(await page.locator('#import [data-decision]').count(), 0);
  });

  it('are decided by a click in the dialog, each with what would be booked', async () => {
    await page.locator('#import-book').click();
    await page.locator('#import-message', { hasText: 'Imported: 11 new' }).waitFor();
    const row = asked('#import-decisions', 20);
    await row.waitFor();
    assert.equal(await page.locator('#import-decisions [data-decision]').count(), 3);
    assert.match((await row.textContent()) ?? '', /reward of 3\.2 USDT/);
    await row.locator('[name=option][value=income]').click();
    await row.waitFor({ state: 'detached' });
    const { items } = await desk.ask('GET', `${path}/entries?kind=reward`);
    assert.equal(items[0].quantity, '3.2');
    await page.locator('#import-close').click();
    await page.locator('#import').waitFor({ state: 'detached' });
  });

  it('wait on a card of the portfolio until the last of them is settled', async () => {
    await page.locator('#decisions-title', { hasText: 'To decide (2)' }).waitFor();
    await asked('#decisions', 21).locator('[name=option][value=transfers]').click();
    await page.locator('#decisions-title', { hasText: 'To decide (1)' }).waitFor();
    await asked('#decisions', 22).locator('[name=option][value=nothing]').click();
    await page.locator('#decisions').waitFor({ state: 'detached' });
    assert.deepEqual((await desk.ask('GET', `${path}/decisions`)).items, []);
    const settled = (await desk.ask('GET', `${path}/decisions?status=settled`)).items;
    assert.deepEqual(
      settled.map(({ line, choice }: { line: number; choice: string }) => [line, choice]).sort(),
      [
        [20, 'income'],
        [21, 'transfers'],
        [22, 'nothing'],
      ],
    );
    const { netContributions } = await desk.ask('GET', `${path}/pnl`);
    await page.locator(`#contributions [title="${netContributions}"]`).waitFor();
  });
});
