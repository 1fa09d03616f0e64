import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** For a person to look at. */
const PICTURES = join(tmpdir(), 'marktide-screenshots');
const DAY_MS = 86_400_000;

/** Figures of which a part cannot be seen: their text leaves the page or something that cuts it off. */
const CUT = `[...document.querySelectorAll('[title]')]
  .filter((node) => /^-?\\d+(\\.\\d+)?$/.test(node.title) && node.checkVisibility())
  .filter((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    for (let box = node; box !== null && box !== document.documentElement; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      if (overflowX === 'auto' || overflowX === 'scroll') return innerWidth < 600 && box.scrollWidth > box.clientWidth;
      const edge = box.getBoundingClientRect();
      if (overflowX !== 'visible' && (text.right > edge.right + 1 || text.left < edge.left - 1)) return true;
    }
    return text.right > innerWidth + 1 || text.left < -1;
  })
  .map((node) => (node.closest('[id]')?.id ?? '') + ': ' + node.textContent)`;

(browserAvailable() ? describe : describe.skip)('the page, for everybody', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let portfolioId: string;

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    portfolioId = await tradedPortfolio(desk, { costMethod: 'fifo' });
    await desk.push({ 'SHIB/KRW': '0.00095', 'MEGA/KRW': '1' });
    const time = new Date(Date.now() - 2 * DAY_MS).toISOString();
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/entries`, {
      items: [
        { kind: 'deposit', asset: 'MEGA', quantity: '1000000000000000', unitCost: '2', time },
        { kind: 'deposit', asset: 'SHIB', quantity: '1', unitCost: '0.001', time },
        { kind: 'reward', asset: 'SHIB', quantity: '1', unitCost: '0.00095', time },
      ],
    });
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, {
      symbol: 'MEGA/KRW',
      side: 'sell',
      quantity: '0.5',
      price: '3',
      tags: ['whale'],
      time: new Date(Date.now() - DAY_MS).toISOString(),
    });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  async function opened(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    const page = await context.newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#tag-stats-rows tr').first().waitFor();
    await page.locator('#holding-rows tr[data-asset=MEGA]').waitFor();
    return page;
  }

  const places = (): (readonly [name: string, hash: string, shown: string])[] => [
    ['dashboard', `#/portfolios/${portfolioId}`, '#tag-stats-rows tr'],
    ['asset', `#/portfolios/${portfolioId}/assets/MEGA`, '#lot-rows tr'],
    ['explained', `#/portfolios/${portfolioId}/explain/contributions`, '#explain-entries-rows tr'],
    ['unrealised', `#/portfolios/${portfolioId}/explain/unrealized`, '#explain-holdings-rows tr'],
    ['overview', '#/overview', '#overview tr[data-portfolio] [title]'],
  ];

  for (const width of [390, 1024, 1440]) {
    it(`cuts no value off at ${width}, however large or small`, async () => {
      const page = await opened({ viewport: { width, height: 844 } });
      for (const [name, hash, shown] of places()) {
        await page.goto(`${app.url}/${hash}`);
        await page.locator(shown).first().waitFor();
        assert.deepEqual(await page.evaluate(CUT), [], name);
        await page.screenshot({ path: join(PICTURES, `values-${name}-${width}.png`), fullPage: true });
      }
      await page.goto(`${app.url}/#/portfolios/${portfolioId}`);
      const cell = (asset: string, digits: string) =>
        page.locator(`#holding-rows tr[data-asset=${asset}]`).locator(`[title="${digits}"]`);
      assert.equal(await cell('SHIB', '0.00095').first().textContent(), '0.00095');
      // Half a unit of 10¹⁵ has been sold.
      assert.ok(
        (await cell('MEGA', '999999999999999.5').allTextContents()).includes('999,999,999,999,999.5'),
      );
      assert.match((await cell('MEGA', '-999999999999999.5').first().textContent()) ?? '', /^-/);
      await page.context().close();
    });
  }

  for (const width of [1440, 1024]) {
    it(`can be used at 200 % zoom, in a window of ${width}`, async () => {
      // What a browser does at 200 %: half as many pixels of CSS, each twice as large.
      const page = await opened({ viewport: { width: width / 2, height: 450 }, deviceScaleFactor: 2 });
      for (const [name, hash, shown] of places()) {
        await page.goto(`${app.url}/${hash}`);
        await page.locator(shown).first().waitFor();
        assert.deepEqual(await barriers(page), [], name);
        const beside = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        assert.ok(beside <= 0, `${beside} pixels of ${name} stick out`);
        assert.deepEqual(await page.evaluate(CUT), [], name);
        await page.screenshot({ path: join(PICTURES, `zoom-${name}-${width}.png`), fullPage: true });
      }
      await page.goto(`${app.url}/#/portfolios/${portfolioId}`);
      await page.locator('#trade-add').click();
      await page.locator('#trade-form [type=submit]').scrollIntoViewIfNeeded();
      const box = await page.locator('#trade-form [type=submit]').boundingBox();
      assert.ok(
        box !== null && box.y + box.height <= 450 && box.x + box.width <= width / 2,
        'it can be sent',
      );
      await page.context().close();
    });
  }

  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    it(`moves ${reducedMotion === 'reduce' ? 'nothing for who wants no motion' : 'where a price does'}`, async () => {
      const page = await opened({ reducedMotion });
      // Every animation and transition that begins from now on is noted.
      await page.evaluate(`(() => {
        globalThis.moved = [];
        for (const name of ['animationstart', 'transitionrun'])
          document.addEventListener(name, ({ target }) => globalThis.moved.push(target.id || target.className), true);
      })()`);
      await page.locator('#market [data-symbol="BTC/KRW"]').first().waitFor();
      await desk.push({ 'BTC/KRW': reducedMotion === 'reduce' ? '151000001' : '151000002' });
      const price = reducedMotion === 'reduce' ? '151,000,001' : '151,000,002';
      await page.locator('#market', { hasText: price }).waitFor();
      await page.locator('#trade-add').click();
      await page.locator('#trade-dialog').waitFor();
      // Animations begin with the next frame.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const moved = Number(await page.evaluate('globalThis.moved.length'));
      if (reducedMotion === 'reduce') assert.equal(moved, 0);
      else assert.ok(moved > 0, 'otherwise this test would see nothing');
      await page.context().close();
    });
  }

  it('can be used by the keyboard alone, from signing in to a trade that is taken back', async () => {
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await page.goto(app.url);
    await isIn(page, 'signed-out');
    const { keyboard } = page;
    /** Presses Tab until the focus is there; nobody should have to go round more than once. */
    const tabTo = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 200; presses += 1) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await keyboard.press('Tab');
      }
      assert.fail(`the keyboard does not reach ${selector}`);
    };
    await tabTo('#email');
    await keyboard.type(user.email);
    await tabTo('#password');
    await keyboard.type(TEST_PASSWORD);
    await keyboard.press('Enter');
    await isIn(page, 'live');
    await page.locator('#trade-rows tr').first().waitFor();
    await tabTo('#commands-open');
    await keyboard.press('Enter');
    await page.locator('#commands').waitFor();
    await keyboard.type('Add trade');
    await keyboard.press('Enter');
    await tabTo('#trade-symbol');
    await keyboard.type('BTC/KRW');
    await tabTo('#trade-quantity');
    await keyboard.type('0.25');
    await tabTo('#trade-price');
    await keyboard.type('150000000');
    await keyboard.press('Enter');
    await page.locator('#trade-dialog').waitFor({ state: 'detached' });
    await page.locator('#trade-rows tr', { hasText: '0.25' }).waitFor();
    await keyboard.press('Control+k');
    await page.locator('#commands').waitFor();
    await keyboard.type('Undo');
    await keyboard.press('Enter');
    await page.locator('#trade-rows tr', { hasText: '0.25' }).waitFor({ state: 'detached' });
    await page.locator('#undo-bar').waitFor({ state: 'detached' });
    await tabTo('#entry-add');
    // Whoever cannot see the pointer must see the focus.
    const outline = String(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'));
    assert.notEqual(outline, 'none');
    await page.context().close();
  });
});
