import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

(browserAvailable() ? describe : describe.skip)('what is drawn beside the curve', function () {
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
    await page.locator('#curve-chart canvas').waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  it('tells when the largest drawdown was', async () => {
    const { risk } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/performance`);
    assert.notEqual(risk.maxDrawdown.peak, null);
    await page.locator('#curve-readout .key.lost').waitFor();
    await page.locator('#performance dd', { hasText: '%' }).first().waitFor();
  });

  it('saves the curve as a picture', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#curve [name=picture]').click(),
    ]);
    assert.equal(download.suggestedFilename(), 'Books-Equity-curve.png');
    const stream = await download.createReadStream();
    const [first] = (await stream.take(1).toArray()) as Buffer[];
    assert.deepEqual(first?.subarray(1, 4).toString(), 'PNG');
  });

  it('has the PnL of each day of a month with the digits of the API, and earlier months', async () => {
    const cell = page.locator('#calendar-days td:not([data-date=""]) [title]');
    await cell.first().waitFor();
    const shown = await page.locator('#calendar-days td[data-date]').evaluateAll((days) =>
      days.flatMap((day) => {
        const title = day.querySelector('[title]')?.getAttribute('title') ?? null;
        return title === null ? [] : [[day.getAttribute('data-date'), title]];
      }),
    );
    const [[day]] = shown as [[string]];
    const from = `${day.slice(0, 7)}-01`;
    const { items } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/pnl/periods?interval=day&from=${from}`,
    );
    assert.deepEqual(
      shown,
      items.map(({ label, pnl }: { label: string; pnl: string }) => [label, pnl]),
    );
    await page.locator('#calendar [name=earlier]').click();
    await page.locator(`#calendar-days td[data-date="${from}"]`).waitFor({ state: 'detached' });
    await page.locator('#calendar [name=later]').click();
    await page.locator(`#calendar-days td[data-date="${from}"]`).waitFor();
  });

  it('shows the allocation, largest first', async () => {
    const { items } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/holdings?sort=marketValue&order=desc`,
    );
    const shown = await page
      .locator('#allocation-parts li')
      .evaluateAll((parts) => parts.map((part) => part.getAttribute('data-part')));
    assert.deepEqual(
      shown,
      items.map(({ asset }: { asset: string }) => asset),
    );
  });

  it('finds markets by name, and keeps favourites for the next visit', async () => {
    await page.locator('#market-filter [name=find]').fill('eth');
    await page.locator('[data-symbol="BTC/KRW"]').waitFor({ state: 'detached' });
    await page.locator('[data-symbol="ETH/KRW"] [name=favourite]').click();
    await page.locator('#market-filter [name=find]').fill('');
    await page.locator('[data-symbol="BTC/KRW"]').waitFor();
    await page.reload();
    await page.locator('[data-symbol="ETH/KRW"] [aria-pressed=true]').waitFor();
    await page.locator('#market-filter [name=marked]').check();
    await page.locator('[data-symbol="BTC/KRW"]').waitFor({ state: 'detached' });
    assert.equal(await page.locator('#ticker-rows tr').count(), 1);
  });
});
