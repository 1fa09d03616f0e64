import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { bundleOf } from '../support/bundle.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { assertSameAsRest, type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';
import { freePort } from '../support/free-port.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';

const ADMIN = { email: 'admin@marktide.local', password: 'the admin of a test' };
const UPBIT = '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간';

/** A row of Upbit's history: one a minute, each at a price of its own. */
function upbitBuy(index: number): string {
  const time = new Date(Date.parse('2026-03-02T09:00:00Z') + index * 60_000);
  const text = time.toISOString().slice(0, 19).replace('T', ' ');
  const price = 300 + index / 100;
  return `${text},DOGE,KRW,매수,1,${price},${price},0,${price},${text}`;
}

const HOSTILE = `<img src=x onerror="globalThis.stolen=1">`;

(browserAvailable() && postgresAvailable() ? describe : describe.skip)('the page', function () {
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
    await page.locator('#trades-count', { hasText: 'No trades match' }).waitFor();
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

  it('shows an invitation, whatever its names, and the portfolio once it is accepted', async () => {
    const partner = { email: 'partner@example.com', password: 'the partner of a test', name: HOSTILE };
    await desk.ask('POST', '/v1/users', partner);
    const theirs = deskOf(node.url, await logIn(node.url, partner.email, partner.password));
    const offer = async (name: string): Promise<string> => {
      const { id } = await theirs.ask('POST', '/v1/portfolios', { name });
      await theirs.ask('PUT', `/v1/portfolios/${id}/shares`, { email: ADMIN.email, access: 'read' });
      return id;
    };
    const [wanted, unwanted] = [await offer(HOSTILE), await offer('Unwanted')];
    await page.reload();
    const invitation = (id: string): string => `#invitation-list li[data-portfolio="${id}"]`;
    await page.locator(invitation(unwanted)).waitFor();
    assert.ok((await page.locator(invitation(wanted)).textContent())?.includes(HOSTILE));
    assert.ok(!(await page.locator('#portfolio').textContent())?.includes('Unwanted'));

    await page.locator(`${invitation(unwanted)} button[name=decline]`).click();
    await page.locator(invitation(unwanted)).waitFor({ state: 'detached' });
    await page.locator(`${invitation(wanted)} button[name=accept]`).click();
    await page.locator(`#portfolio option[value="${wanted}"]`).waitFor({ state: 'attached' });
    await page.locator('#invitations').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('#portfolio').inputValue(), wanted);
    await isIn(page, 'live');
    assert.equal(await page.evaluate('typeof stolen'), 'undefined');
    await page.locator('#portfolio').selectOption(portfolioId);
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('downloads the trades that are shown as CSV, which can be imported again', async () => {
    await page.locator('#trades-filter [name=side]').selectOption('buy');
    await page.locator('#trades-csv[href*="side=buy"]').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#trades-csv').click(),
    ]);
    assert.match(download.suggestedFilename(), /\.csv$/);
    const file = Buffer.concat(await (await download.createReadStream()).toArray());
    const { total, items } = await desk.ask(
      'GET',
      `/v1/portfolios/${portfolioId}/trades?side=buy&count=true`,
    );
    const text = file.toString('utf8');
    assert.equal(text.trim().split('\n').length, 1 + total);
    for (const { id, price } of items) assert.ok(text.includes(id) || text.includes(price), id);
    await page.locator('#trades-filter [type=reset]').click();

    const copy = await desk.ask('POST', '/v1/portfolios', { name: 'Copy', timeZone: 'Asia/Kathmandu' });
    await page.reload();
    await page.locator('#portfolio').selectOption(copy.id);
    await page.locator('#import-open').click();
    await page
      .locator('#import-file')
      .setInputFiles({ name: 'trades.csv', mimeType: 'text/csv', buffer: file });
    await page.locator('#import-book').click();
    await page.locator('#import-message', { hasText: `${total} new, 0 already booked` }).waitFor();
    await page.locator('#import-close').click();
    await page.locator('#trades-page', { hasText: `of ${total}` }).waitFor();
    await page.locator('#portfolio').selectOption(portfolioId);
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('imports a CSV file, shows how far it is, and what became of its rows', async () => {
    const rows = page.locator('#trades-page');
    const { total } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades?count=true&limit=1`);
    await page.locator('#import-open').click();
    await page.locator('#import').waitFor();
    await page.evaluate(`(() => {
      globalThis.phases = [];
      new MutationObserver(() => {
        const panel = document.querySelector('#import-progress');
        if (panel !== null) phases.push(panel.dataset.phase ?? 'sending');
      }).observe(document.querySelector('#import'), { attributes: true, childList: true, subtree: true });
    })()`);
    const told = (words: RegExp): Promise<void> =>
      page.locator('#import-message', { hasText: words }).waitFor();
    const choose = (lines: readonly string[]): Promise<void> =>
      page.locator('#import-file').setInputFiles({
        name: 'upbit.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from([UPBIT, ...lines].join('\n')),
      });
    const lines = Array.from({ length: 1_500 }, (_, index) => upbitBuy(index));

    await choose([...lines.slice(0, 3), upbitBuy(3).replace('DOGE', '도지')]);
    await page.locator('#import-book').click();
    await told(/Nothing was imported: 1 of 4 rows/);
    assert.match((await page.locator('#import-rows li').allTextContents()).join(), /^Line 5: `코인` /);

    await choose(lines);
    await page.locator('#import-check').click();
    await told(/Would import: 1,500 new, 0 already booked, 0 rejected/);
    await page.locator('#import-book').click();
    await told(/1,500 new, 0 already booked/);
    await page.locator('#import-progress[data-phase="done"]').waitFor();
    assert.equal(await page.locator('#import-bar').evaluate((bar: { value?: number }) => bar.value), 1);
    const phases = new Set((await page.evaluate('phases')) as string[]);
    for (const phase of ['sending', 'done']) assert.ok(phases.has(phase), phase);
    assert.ok(
      ['reading', 'comparing', 'booking', 'valuing'].some((phase) => phases.has(phase)),
      `it moved: ${[...phases].join()}`,
    );
    await page.locator('#import-book').click();
    await told(/0 new, 1,500 already booked/);
    await page.locator('#import-close').click();
    await page.locator('#trades-filter [name=asset]').fill('DOGE');
    await page.locator('#trades-page', { hasText: '1–25 of 1,500' }).waitFor();
    await page.locator('#trades-filter [type=reset]').click();
    await rows.filter({ hasText: `of ${(total + 1_500).toLocaleString('en-US')}` }).waitFor();
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('names the values of an axis as they are', async () => {
    await page.evaluate(await bundleOf('numbers', 'web', 'figures', 'number.ts'));
    const named = await page.evaluate(
      `[[0, 250000], [250000, 250000], [-750000, 250000], [51000000, 1000000], [0.025, 0.025]]
        .map(([value, distance]) => numbers.axisValue(value, distance))`,
    );
    assert.deepEqual(named, ['0', '250K', '-750K', '51M', '0.025']);
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
