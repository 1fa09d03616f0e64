import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { assertSameAsRest, type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';
import { freePort } from '../support/free-port.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';

const ADMIN = { email: 'admin@marktide.local', password: 'the admin of a test' };
const HOSTILE = `<img src=x onerror="globalThis.stolen=1">`;

(browserAvailable() && postgresAvailable() ? describe : describe.skip)('the page', function () {
  this.timeout(120_000);
  let env: Record<string, string>;
  let node: NodeProcess;
  let desk: Desk;
  let portfolioId: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const failures: string[] = [];

  before(async () => {
    env = {
      PORT: String(await freePort()),
      DATABASE_URL: await newPostgresDatabase(),
      MARKET_FEED: 'push',
    };
    node = await startNode(env);
    desk = deskOf(node.url, await logIn(node.url));
    portfolioId = await tradedPortfolio(desk, { timeZone: 'Asia/Kathmandu' });
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-US' });
    page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    await signIn(page, node.url, ADMIN);
  });
  after(async () => {
    await browser?.close();
    await node?.end('SIGTERM');
  });

  const ticker = (symbol: string): string => `#ticker-rows tr[data-symbol="${symbol}"] td[title]`;

  it('signs in, and no script can read a token', async () => {
    const readable = (await page.evaluate(
      'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
    )) as string;
    const cookies = await context.cookies();
    const secret = cookies.filter(({ name }) => name !== 'marktide_csrf');
    assert.deepEqual(secret.map(({ name }) => name).sort(), [
      'marktide_access',
      'marktide_device',
      'marktide_refresh',
    ]);
    for (const { name, value, httpOnly } of secret) {
      assert.ok(httpOnly, name);
      assert.ok(!readable.includes(value), name);
    }
    await page.reload();
    await isIn(page, 'live');
  });

  it('shows the digits of the API, and they move with the market', async () => {
    await assertSameAsRest(page, desk, portfolioId);
    const before = await page.locator('#equity').textContent();
    await desk.push({ 'BTC/KRW': '151234567' });
    await page.locator(`${ticker('BTC/KRW')}[title="151234567"]`).waitFor();
    await assertSameAsRest(page, desk, portfolioId);
    assert.notEqual(await page.locator('#equity').textContent(), before);
    assert.equal(await page.locator(ticker('BTC/KRW')).first().textContent(), '151,234,567');
  });

  it("tells times in the portfolio's zone", async () => {
    const { asOf } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl`);
    assert.match((await page.locator('#zone-note').textContent()) ?? '', /Kathmandu|Katmandu/);
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades?limit=1`);
    const there = new Intl.DateTimeFormat('en-US', {
      timeZone: 'Asia/Kathmandu',
      dateStyle: 'short',
      timeStyle: 'medium',
      hourCycle: 'h23',
    }).format(new Date(items[0].time));
    const clock = /\d\d:\d\d:\d\d/.exec(there)?.[0] ?? assert.fail(`${there} ${asOf}`);
    await page.locator('#trade-rows tr th', { hasText: clock }).first().waitFor();
  });

  it('sorts by keyboard, and says how', async () => {
    const heading = page.locator('#holdings-table th[data-sort="asset"]');
    await heading.locator('button').press('Enter');
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    const names = (): Promise<string[]> =>
      page.locator('#holding-rows tr').evaluateAll((rows) => rows.map((row) => row.dataset['asset'] ?? ''));
    assert.deepEqual(await names(), ['BTC', 'ETH', 'KRW', 'XRP']);
    await heading.locator('button').press('Enter');
    assert.deepEqual(await names(), ['XRP', 'KRW', 'ETH', 'BTC']);
    await page.locator('#holdings-table th[data-sort="quantity"] button').press('Enter');
    assert.deepEqual(await names(), ['KRW', 'XRP', 'ETH', 'BTC'], 'by number, not by text');
  });

  it('draws charts that are read by keyboard, in words and exact', async () => {
    for (const id of ['curve-chart', 'days-chart']) {
      const chart = page.locator(`#${id}`);
      await chart.locator('canvas').waitFor();
      await page.locator(`#${id}[aria-valuemax]:not([aria-valuemax="0"])`).waitFor();
      await chart.press('Home');
      const first = await chart.getAttribute('aria-valuetext');
      await chart.press('End');
      const last = await chart.getAttribute('aria-valuetext');
      assert.notEqual(first, last);
      assert.match(last ?? '', /\d{2,}/);
      await chart.press('ArrowLeft');
      assert.notEqual(await chart.getAttribute('aria-valuetext'), last);
    }
    const { columns } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/series?from=${Date.now() - 5 * 86_400_000}&benchmark=BTC/KRW`,
    );
    assert.ok(columns.benchmark.every((value: string | null) => value !== null));
    await page.locator('#curve-chart').press('End');
    assert.match(
      (await page.locator('#curve-chart').getAttribute('aria-valuetext')) ?? '',
      /BTC\/KRW: [\d,]{8,}/,
    );
    await page.locator('#benchmark').uncheck();
    await page.locator('#curve-chart:not([aria-valuetext*="BTC/KRW"])').waitFor();
    await page.locator('#benchmark').check();
    await page.locator('#curve-chart[aria-valuetext*="BTC/KRW"]').waitFor();
    // The live point of the curve is the equity shown above it.
    await page.locator('#curve-chart').press('End');
    const equity = await page.locator('#equity > span').first().textContent();
    await page.locator(`#curve-chart[aria-valuetext*="${equity} KRW"]`).waitFor();
  });

  it('puts what users have written in as text', async () => {
    const hostile = await desk.ask('POST', '/v1/portfolios', { name: HOSTILE });
    await desk.ask('POST', `/v1/portfolios/${hostile.id}/trades`, {
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '1',
      time: '2026-03-02T09:00:00Z',
      note: HOSTILE,
      exchange: HOSTILE,
    });
    await page.reload();
    await page.locator('#portfolio').selectOption(hostile.id);
    await page.locator('#trade-rows td.note-cell', { hasText: HOSTILE }).waitFor();
    assert.equal(await page.locator('#portfolio option:checked').textContent(), HOSTILE);
    assert.equal(await page.locator('main img').count(), 0);
    assert.equal(await page.evaluate('typeof stolen'), 'undefined');
    await page.locator('#portfolio').selectOption(portfolioId);
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('filters, searches and turns the pages of trades', async () => {
    const items = Array.from({ length: 30 }, (_, index) => ({
      externalId: `many-${index}`,
      symbol: 'XRP/KRW',
      side: 'buy',
      quantity: '1',
      price: String(3000 + index),
      time: new Date(Date.now() - index * 60_000).toISOString(),
      note: index === 29 ? 'the needle' : 'hay',
    }));
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, { items });
    const rows = page.locator('#trade-rows tr');
    const pages = (told: string): Promise<void> => page.locator('#trades-page', { hasText: told }).waitFor();
    await pages('1–25 of 34');
    assert.equal(await rows.count(), 25);
    await page.locator('#trades-older').click();
    await pages('26–34 of 34');
    assert.equal(await rows.count(), 9);
    await page.locator('#trades-newer').click();
    await pages('1–25 of 34');
    await page.locator('#trades-filter [name=q]').fill('needle');
    await pages('1–1 of 1');
    await page.locator('#trades-filter [name=q]').fill('no such thing');
    await page.locator('#trades-count', { hasText: 'No trades fit' }).waitFor();
    await page.locator('#trades-filter [name=q]').fill('');
    await page.locator('#trades-filter [name=side]').selectOption('sell');
    await pages('1–1 of 1');
    assert.match((await rows.first().textContent()) ?? '', /BTC\/KRWSell/);
    await page.locator('#trades-filter [type=reset]').click();
    await pages('1–25 of 34');
    await page.locator('#trades-table th[data-sort="value"] button').click();
    await page.locator('#trade-rows tr:first-child td[title="0.1"]').waitFor();
  });

  it('outlives a server that is killed: says so, and shows the right digits afterwards', async () => {
    await page.evaluate('globalThis.sameDocument = true');
    await node.end('SIGKILL');
    await isIn(page, 'resuming');
    assert.match((await page.locator('#connection').textContent()) ?? '', /resuming.*last update/s);
    assert.equal(await page.locator('html.not-current').count(), 1);
    node = await startNode(env);
    await desk.push({ 'BTC/KRW': '149000001', 'ETH/KRW': '5100000' });
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, {
      externalId: 'after-the-crash',
      symbol: 'ETH/KRW',
      side: 'sell',
      quantity: '0.5',
      price: '5090000',
      time: new Date().toISOString(),
    });
    await isIn(page, 'live');
    assert.equal(await page.locator('html.not-current').count(), 0);
    await page.locator(`${ticker('BTC/KRW')}[title="149000001"]`).waitFor();
    await assertSameAsRest(page, desk, portfolioId);
    await page.locator('#trade-rows td[title="5090000"]').waitFor();
    assert.equal(await page.evaluate('sameDocument'), true, 'without a reload');
  });

  it('speaks Korean, where red rises and blue falls', async () => {
    const korean = await browser.newContext({ locale: 'ko-KR' });
    const other = await korean.newPage();
    await signIn(other, node.url, ADMIN);
    assert.equal(await other.locator('#connection-state').textContent(), '실시간');
    assert.equal(await other.locator('html').getAttribute('lang'), 'ko');
    const colours = async (tab: Page): Promise<unknown> =>
      tab.evaluate(`['up', 'down'].map((name) => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.className = name;
        const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        probe.remove();
        return red > green && red > blue ? 'red' : blue > green ? 'blue' : 'green';
      })`);
    assert.deepEqual(await colours(other), ['red', 'blue']);
    assert.deepEqual(await colours(page), ['green', 'red']);
    await korean.close();
  });

  it('has thrown nothing that nobody caught', () => {
    assert.deepEqual(failures, []);
  });
});
