import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** For a person to look at. */
const PICTURES = join(tmpdir(), 'marktide-screenshots');

(browserAvailable() ? describe : describe.skip)('a file that does not say everything', function () {
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
    await desk.ask('POST', '/v1/import-mappings', {
      name: 'My broker',
      columns: { time: 'When', symbol: 'What', kind: 'Way', quantity: 'Much', price: 'At' },
      kinds: { Kauf: 'buy' },
      exchange: 'broker',
      tz: 'UTC',
    });
    browser = await launchBrowser();
    page = await (
      await browser.newContext({ locale: 'en-US', viewport: { width: 390, height: 844 } })
    ).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  async function choose(content: string): Promise<void> {
    await page.locator('#import-open').click();
    const buffer = Buffer.from(content);
    await page.locator('#import-file').setInputFiles({ name: 'file.csv', mimeType: 'text/csv', buffer });
  }
  const check = async (words: string): Promise<void> => {
    await page.locator('#import-check').click();
    await page.locator('#import-message', { hasText: words }).waitFor();
  };
  const close = async (): Promise<void> => {
    await page.locator('#import-close').click();
    await page.locator('#import').waitFor({ state: 'detached' });
  };

  it('is read with the time zone that its user says', async () => {
    await choose(await readFile('spec/fixtures/layouts/kucoin-old.csv', 'utf8'));
    await check('Would import: 0 new, 0 already booked, 1 rejected');
    await page.locator('#import-rows', { hasText: 'enter it under “What the file does not say”' }).waitFor();
    await page.locator('#import-hints summary').click();
    assert.deepEqual(await barriers(page), []);
    await page.screenshot({ path: join(PICTURES, 'import-hints.png') });
    const cut = await page.locator('#import').evaluate((node) => node.scrollWidth - node.clientWidth);
    assert.ok(cut <= 0, `${cut} pixels are cut off`);
    await page.locator('#import-tz').fill('UTC+8');
    await check('Would import: 1 new');
    await close();
  });

  it('is read with the order of dates and the decimal mark that its user says', async () => {
    await choose('time;symbol;side;quantity;price\n03/04/2026 10:00;BTC/KRW;buy;1,500;1\n');
    await check('1 rejected');
    await page.locator('#import-hints summary').click();
    await page.locator('#import-tz').fill('Asia/Seoul');
    await page.locator('#import-dateOrder').selectOption('dmy');
    await page.locator('#import-decimal').selectOption('comma');
    await page.locator('#import-book').click();
    await page.locator('#import-message', { hasText: 'Imported: 1 new' }).waitFor();
    await close();
    const { items } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/trades?from=2026-04-01&to=2026-05-01`,
    );
    assert.deepEqual(
      items.map(({ time, quantity }: { time: string; quantity: string }) => [time, quantity]),
      [['2026-04-03T01:00:00.000Z', '1.5']],
    );
  });

  it('is read by a mapping of its user', async () => {
    await choose('When,What,Way,Much,At\n2026-03-25 10:00:00,ETH/KRW,Kauf,1.5,1\n');
    await check('Nothing was imported');
    await page.locator('#import-hints summary').click();
    await page.locator('#import-mapping').selectOption('My broker');
    await check('Would import: 1 new');
    await close();
  });

  it('shows what is almost booked before anything is', async () => {
    const trade = {
      symbol: 'BTC/USDT',
      side: 'buy',
      quantity: '0.0151',
      price: '64000.1',
      exchange: 'binance',
    };
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, {
      ...trade,
      time: '2024-05-06T07:08:09Z',
    });
    await choose(await readFile('spec/fixtures/layouts/binance-trades-new.csv', 'utf8'));
    await check('Would import: 3 new');
    await page.locator('#import-near li', { hasText: 'Line 2: different quantity' }).waitFor();
    await close();
  });
});
