import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';
import { sum, units } from '../support/routes/bookkeeper.ts';

const PICTURES = join(tmpdir(), 'marktide-screenshots');
const DAY_MS = 86_400_000;

/** The figures of the summary that are sums over entries, and their names in the address. */
const SUMS = {
  realized: 'realized',
  contributions: 'contributions',
  income: 'income',
  fees: 'fees',
  cash: 'quantity',
} as const;

(browserAvailable() ? describe : describe.skip)('what a figure is made of', function () {
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
    portfolioId = await tradedPortfolio(desk, { costMethod: 'fifo' });
    const time = new Date(Date.now() - 2 * DAY_MS).toISOString();
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/entries`, {
      items: [
        { kind: 'reward', subtype: 'staking', asset: 'ETH', quantity: '0.01', unitCost: '5000000', time },
        { kind: 'fee', asset: 'KRW', quantity: '700', time },
      ],
    });
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#holding-rows tr').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const digits = async (selector: string): Promise<string> =>
    (await page.locator(`${selector} [title]`).first().getAttribute('title')) ?? '';
  const amounts = (): Promise<string[]> =>
    page
      .locator('#explain-entries-rows td[data-label=Adds]')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title') ?? ''));
  const dashboard = async (): Promise<void> => {
    await page.goto(`${app.url}/#/portfolios/${portfolioId}`);
    await page.locator('#equity [title]').waitFor();
  };
  /** As a reader does who has no mouse. */
  const follow = async (selector: string): Promise<void> => {
    await page.locator(selector).focus();
    await page.keyboard.press('Enter');
  };

  for (const [id, name] of Object.entries(SUMS)) {
    it(`is shown for ${id} down to the entries, which add up to it`, async () => {
      await dashboard();
      const figure = await digits(`#${id} dd, dd#${id}`);
      await follow(`div:has(> #${id}) dt a`);
      await page.locator(`#explain-total [title="${figure}"]`).waitFor();
      assert.match(page.url(), new RegExp(`#/portfolios/${portfolioId}/explain/${name}`));
      assert.equal(sum(await amounts()), units(figure));
      await page.reload();
      await page.locator(`#explain-total [title="${figure}"]`).waitFor();
    });
  }

  it('is shown for the total and the assets, whose parts lead on to lots and entries', async () => {
    await dashboard();
    await follow('div:has(> #total-pnl) dt a');
    await page.locator('#explain-terms .total [title]').waitFor();
    const terms = await page
      .locator('#explain-terms dd [title]')
      .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('title') ?? ''));
    assert.equal(sum(terms.slice(0, -1)), units(terms.at(-1) ?? ''));
    await follow('#explain-terms a:has-text("Unrealised")');
    await page.locator('#explain-holdings-rows [data-asset=BTC]').waitFor();
    const gains = await page
      .locator('#explain-holdings-rows td[data-label=Unrealised]')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title') ?? ''));
    assert.equal(sum(gains.slice(0, -1)), units(gains.at(-1) ?? ''));
    await follow('#explain-holdings-rows [data-asset=BTC] a');
    await page.locator('#lot-rows tr').waitFor();
    await follow('#disposal-rows [name=lots]');
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl/explain?asset=BTC`);
    const [match] = items[0].disposals[0].matches;
    await page.locator(`#disposal-rows .matched [title="${match.costBasis}"]`).waitFor();
    await follow('div:has(> #position-realized) dt a');
    await page.locator('#explain-entries-rows tr', { hasText: 'Sell' }).waitFor();
    assert.match(page.url(), /explain\/realized\?asset=BTC$/);
    await page.goBack();
    await page.locator('#lot-rows tr').waitFor();
    await dashboard();
    await follow('div:has(> #equity) dt a');
    await page.locator('#explain-holdings-rows [data-asset=KRW]').waitFor();
    const values = await page
      .locator('#explain-holdings-rows td[data-label=Value]')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title') ?? ''));
    assert.equal(sum(values.slice(0, -1)), units(values.at(-1) ?? ''));
  });

  it('is shown for a day of the calendar, with all that was booked on it', async () => {
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/entries`, {
      items: [{ kind: 'rebate', asset: 'KRW', quantity: '5', time: new Date().toISOString() }],
    });
    await dashboard();
    await follow('div:has(> #day-pnl) dt a');
    await page.locator('#explain-entries-rows tr', { hasText: 'Rebate' }).waitFor();
    await dashboard();
    await page.locator('#calendar-days a').last().waitFor();
    await follow('#calendar-days td:last-of-type a, #calendar-days a >> nth=-1');
    await page.waitForURL(/explain\/day\?date=/);
    const terms = page.locator('#explain-terms dd [title]');
    await terms.nth(7).waitFor();
    const [start, flows, end, ...parts] = await terms.evaluateAll((nodes) =>
      nodes.map((node) => node.getAttribute('title') ?? ''),
    );
    const pnl = parts.pop() ?? '';
    assert.equal(units(end ?? '') - units(start ?? '') - units(flows ?? ''), units(pnl));
    assert.equal(sum(parts), units(pnl));
  });

  it('opens the trade behind it, and follows its change', async () => {
    await page.goto(`${app.url}/#/portfolios/${portfolioId}/explain/fees`);
    const sale = page.locator('#explain-entries-rows tr', { hasText: 'Sell' });
    await sale.locator('[name=edit]').click();
    await page.locator('#trade-feeAmount').fill('2250.5');
    await page.locator('#trade-form [type=submit]').click();
    await sale.locator('[title="2250.5"]').waitFor();
    const { fees } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl`);
    await page.locator(`#explain-total [title="${fees}"]`).waitFor();
  });

  it('comes in pages', async () => {
    const { id } = await desk.ask('POST', '/v1/portfolios', { name: 'Long' });
    const items = Array.from({ length: 30 }, (_, index) => ({
      kind: 'deposit',
      asset: 'KRW',
      quantity: String(index + 1),
      time: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
    }));
    await desk.ask('POST', `/v1/portfolios/${id}/transfers`, { items });
    // Anew: the page as it is does not know of the portfolio yet.
    await page.goto('about:blank');
    await page.goto(`${app.url}/#/portfolios/${id}/explain/contributions`);
    await page.locator('#explain-total [title="465"]').waitFor();
    const newest = await amounts();
    assert.equal(newest.length, 25);
    await follow('#explain-older');
    await page.locator('#explain-entries-rows tr').nth(5).waitFor({ state: 'detached' });
    const oldest = await amounts();
    assert.deepEqual([...newest, ...oldest], items.map(({ quantity }) => quantity).toReversed());
    await page.locator('#explain-total [title="465"]').waitFor();
  });

  for (const [locale, width] of [
    ['en-US', 1440],
    ['ko-KR', 390],
  ] as const) {
    it(`keeps nobody out: ${locale} at ${width}`, async () => {
      const context = await browser.newContext({ locale, viewport: { width, height: 844 } });
      const look = await context.newPage();
      await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
      for (const figure of ['equity', 'day', 'total', 'unrealized', 'realized', 'fees']) {
        await look.goto(`${app.url}/#/portfolios/${portfolioId}/explain/${figure}`);
        await look.locator('#explain [title]:not(a)').first().waitFor();
        assert.deepEqual(await barriers(look), [], figure);
        const beside = Number(await look.evaluate('document.documentElement.scrollWidth - innerWidth'));
        assert.ok(beside <= 0, `${beside} pixels of ${figure} stick out`);
        await look.screenshot({ path: join(PICTURES, `explain-${figure}-${locale}.png`), fullPage: true });
      }
      await context.close();
    });
  }
});
