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
const HOUR = 3_600_000;

(browserAvailable() ? describe : describe.skip)('the holdings on the page', function () {
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
    await desk.push({ 'DUST/KRW': '0.9' });
    const time = new Date(Date.now() - HOUR).toISOString();
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, {
      items: [
        {
          externalId: 'dust',
          exchange: 'upbit',
          symbol: 'DUST/KRW',
          side: 'buy',
          quantity: '0.0123',
          price: '1',
          time,
        },
      ],
    });
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/transfers`, {
      kind: 'deposit',
      asset: 'NOPE',
      quantity: '1000000000000000.000000000000000001',
      time,
    });
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US', timezoneId: 'Asia/Seoul' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await row('DUST').waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const row = (asset: string) => page.locator(`#holding-rows tr[data-asset=${asset}]`);
  const shown = (): Promise<(string | null)[]> =>
    page
      .locator('#holding-rows tr')
      .evaluateAll((rows) => rows.map((each) => each.getAttribute('data-asset')).sort());
  const ofTitle = (title: string) => row('DUST').locator(`[title="${title}"]`);

  it('never show a small value or loss as none', async () => {
    assert.equal(await ofTitle('0.01107').textContent(), '0.011');
    assert.equal(await ofTitle('-0.00123').textContent(), '-0.0012');
  });

  it('show every digit to who asks for it by the keyboard, and remember it', async () => {
    await page.locator('#all-digits').focus();
    await page.keyboard.press('Space');
    await row('DUST').filter({ hasText: '-0.00123' }).waitFor();
    assert.equal(
      await row('NOPE').locator('[title^="1000000000000000."]').textContent(),
      '1,000,000,000,000,000.000000000000000001',
    );
    await page.reload();
    await row('DUST').filter({ hasText: '-0.00123' }).waitFor();
    await page.locator('#all-digits').uncheck();
    await row('DUST').filter({ hasText: '-0.0012' }).filter({ hasNotText: '-0.00123' }).waitFor();
  });

  it('are searched, and leave out what is small or has no price, as the address says', async () => {
    const all = ['BTC', 'DUST', 'ETH', 'KRW', 'NOPE', 'XRP'];
    assert.deepEqual(await shown(), all);
    await page.locator('[name=hidesSmall]').check();
    await page.locator('[name=hidesUnpriced]').check();
    await row('DUST').waitFor({ state: 'detached' });
    await row('NOPE').waitFor({ state: 'detached' });
    assert.match((await page.locator('#holdings-note').textContent()) ?? '', /4 of 6/);
    await page.locator('#holdings-filter [name=find]').fill('t');
    await row('XRP').waitFor({ state: 'detached' });
    assert.deepEqual(await shown(), ['BTC', 'ETH']);
    assert.match(new URL(page.url()).hash, /\?find=t&hide=small\+unpriced$/);
    await page.reload();
    await row('BTC').waitFor();
    assert.deepEqual(await shown(), ['BTC', 'ETH']);
    await page.locator('#holdings-filter [name=find]').fill('');
    await page.locator('[name=hidesSmall]').uncheck();
    await page.locator('[name=hidesUnpriced]').uncheck();
    await row('NOPE').waitFor();
    assert.equal(new URL(page.url()).hash, `#/portfolios/${portfolioId}`);
  });

  it('have trades whose filter is in the address as well, and comes back with the browser’s button', async () => {
    const trades = page.locator('#trade-rows tr');
    await page.locator('#trades-filter [name=side]').selectOption('sell');
    await page.waitForURL(/side=sell/);
    await trades.nth(1).waitFor({ state: 'detached' });
    await page.reload();
    await trades.first().waitFor();
    assert.equal(await trades.count(), 1);
    assert.equal(await page.locator('#trades-filter [name=side]').inputValue(), 'sell');
    await page.locator('#account-open').click();
    await page.locator('#own-account').waitFor();
    await page.goBack();
    await trades.first().waitFor();
    assert.equal(await page.locator('#trades-filter [name=side]').inputValue(), 'sell');
    await page.locator('#trades-filter [type=reset]').click();
    await trades.nth(1).waitFor();
  });

  it('have the columns of one’s choice, by the keyboard, until they are reset', async () => {
    const headings = (): Promise<string[]> => page.locator('#holdings-table thead th').allTextContents();
    const usual = await headings();
    await page.locator('#columns-open').focus();
    await page.keyboard.press('Enter');
    await page.locator('#columns-dialog').waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.locator('#columns-dialog [name=weight]').focus();
    await page.keyboard.press('Space');
    await page.locator('#columns-dialog [name=costBasis]').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await page.locator('#columns-dialog').waitFor({ state: 'detached' });
    assert.equal(await page.locator('#columns-open:focus').count(), 1);
    const chosen = [
      'Asset',
      'Value',
      'Unrealised',
      'Price',
      'Quantity',
      'Average price',
      'Cost',
      'Realised (net)',
    ];
    assert.deepEqual(await headings(), chosen);
    await page.reload();
    await row('BTC').waitFor();
    assert.deepEqual(await headings(), chosen);
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/holdings`);
    const { costBasis } = items.find(({ asset }: { asset: string }) => asset === 'BTC');
    await row('BTC').locator(`td[data-label=Cost][title="${costBasis}"]`).waitFor();
    assert.equal(await row('KRW').locator('td').count(), chosen.length - 1);
    await page.locator('#columns-open').click();
    await page.locator('#columns-dialog [name=reset]').click();
    await page.locator('#columns-dialog [name=close]').click();
    assert.deepEqual(await headings(), usual);
  });

  for (const locale of ['en-US', 'ko-KR']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`are whole at every width: ${locale}, ${colorScheme}`, async () => {
        const own = await browser.newContext({ locale, colorScheme });
        const look = await own.newPage();
        await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
        await look.locator('#holding-rows tr').nth(5).waitFor();
        for (const width of [1440, 390]) {
          await look.setViewportSize({ width, height: 844 });
          for (const all of [false, true]) {
            await look.locator('#all-digits').setChecked(all);
            assert.deepEqual(await barriers(look), []);
            const overflow = Number(await look.evaluate('document.documentElement.scrollWidth - innerWidth'));
            assert.ok(overflow <= 0, `${overflow} pixels stick out at ${width}`);
            if (width === 390) {
              const cut = await look
                .locator('#holdings .scroll')
                .evaluate((node) => node.scrollWidth - node.clientWidth);
              assert.ok(cut <= 0, `${cut} pixels of the holdings are cut off`);
            }
            const path = join(PICTURES, `holdings-${locale}-${colorScheme}-${width}${all ? '-all' : ''}.png`);
            await look.locator('#holdings').screenshot({ path });
            await look.locator('#summary').screenshot({ path: path.replace('holdings-', 'summary-') });
          }
        }
        await own.close();
      });
    }
  }
});
