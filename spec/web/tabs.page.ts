import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import {
  assertSameAsRest,
  type Desk,
  deskOf,
  isIn,
  signIn,
  signInByForm,
  tradedPortfolio,
} from '../support/dashboard.ts';

const SYMBOL = 'ETH/KRW';

(browserAvailable() ? describe : describe.skip)('the tabs of a user', function () {
  let app: TestApp;
  let user: TestUser;
  let market: Desk;
  let books: Desk;
  let portfolioId: string;
  let browser: Browser;
  let context: BrowserContext;

  before(async () => {
    // As it is outside of tests: seven tabs are no reason to refuse anything.
    app = await startApp({ env: { RATE_LIMIT_STREAM: '300' } });
    user = await app.user('admin');
    market = deskOf(app.url, user.authorization);
    books = market;
    portfolioId = await tradedPortfolio(books);
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  const openTab = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(app.url);
    return page;
  };

  async function openTabs(count: number): Promise<Page[]> {
    const first = await context.newPage();
    await signIn(first, app.url, { email: user.email, password: TEST_PASSWORD });
    const others = await Promise.all(Array.from({ length: count - 1 }, openTab));
    const pages = [first, ...others];
    await Promise.all(pages.map((page) => isIn(page, 'live')));
    return pages;
  }

  const streams = async (): Promise<{ id: string; channels: string[] }[]> =>
    (await books.ask('GET', '/v1/streams/sessions')).items;

  const price = (page: Page, digits: string): Promise<void> =>
    page.locator(`#ticker-rows tr[data-symbol="${SYMBOL}"] td[title="${digits}"]`).waitFor();

  /** Keeps every price that the tab shows from now on. */
  const record = async (page: Page): Promise<unknown> => {
    const shown = `#ticker-rows tr[data-symbol="${SYMBOL}"] td[title]`;
    await page.locator(shown).first().waitFor();
    return await page.evaluate(`(() => {
      const cell = document.querySelector('${shown}');
      globalThis.seen = [Number(cell.title)];
      new MutationObserver(() => seen.push(Number(cell.title))).observe(cell, { attributes: true });
    })()`);
  };

  it('share one stream: the seventh is as live as the first', async () => {
    const pages = await openTabs(7);
    assert.equal((await streams()).length, 1);
    await market.push({ [SYMBOL]: '5000001' });
    await Promise.all(pages.map((page) => price(page, '5000001')));
    for (const page of pages) await assertSameAsRest(page, books, portfolioId);
    const { policies } = await books.ask('GET', '/v1/admin/rate-limits');
    assert.ok(policies.length > 3);
    for (const { name, limited } of policies) assert.equal(limited, 0, name);
  });

  it('go on when the leading one is closed, without a gap and without an old figure', async () => {
    const pages = await openTabs(3);
    await Promise.all(pages.map(record));
    const [before] = await streams();
    const [leader, ...others] = pages;
    const closing = leader?.close();
    let next = 5_000_100;
    let after: { id: string }[] = [];
    // Prices come all the time, until another tab has the stream, and then some more.
    for (let more = 5; more > 0;) {
      next += 1;
      await market.push({ [SYMBOL]: String(next) });
      after = await streams();
      if (after.length === 1 && after[0]?.id !== before?.id) more -= 1;
    }
    await closing;
    await Promise.all(others.map((page) => price(page, String(next))));
    await Promise.all(others.map((page) => isIn(page, 'live')));
    assert.equal((await streams()).length, 1);
    for (const page of others) {
      const seen = (await page.evaluate('seen')) as number[];
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
        'no figure older than one before it',
      );
      await assertSameAsRest(page, books, portfolioId);
    }
  });

  it('replace a leader that sleeps, which does not disturb them when it wakes', async () => {
    const [leader] = await openTabs(1);
    const other = await context.newPage();
    // Its clock can be put forward; Playwright's own would have to speak to the sleeping tab too.
    await other.addInitScript('const now = Date.now; globalThis.ahead = 0; Date.now = () => now() + ahead;');
    await other.goto(app.url);
    await isIn(other, 'live');
    assert.ok(leader !== undefined);
    const devtools = await context.newCDPSession(leader);
    await devtools.send('Debugger.enable');
    await devtools.send('Debugger.pause');
    const stuck = leader.evaluate('void 0');
    await market.push({ [SYMBOL]: '5000300' });
    await other.evaluate('ahead += 4_000');
    await isIn(other, 'stale');
    await other.evaluate('ahead += 3_000');
    await isIn(other, 'live');
    await price(other, '5000300');
    await market.push({ [SYMBOL]: '5000301' });
    await price(other, '5000301');
    await record(other);
    await devtools.send('Debugger.resume');
    await devtools.detach();
    await stuck;
    await price(leader, '5000301');
    await market.push({ [SYMBOL]: '5000302' });
    await Promise.all([price(leader, '5000302'), price(other, '5000302')]);
    assert.deepEqual(await other.evaluate('seen'), [5_000_301, 5_000_302]);
    await Promise.all([isIn(leader, 'live'), isIn(other, 'live')]);
    assert.equal((await streams()).length, 1);
  });

  it('may each show another portfolio, on the one stream', async () => {
    const second = await tradedPortfolio(books, { name: 'Second' });
    const [one, other] = await openTabs(2);
    assert.ok(one !== undefined && other !== undefined);
    await one.locator('#portfolio').selectOption(portfolioId);
    await other.locator('#portfolio').selectOption(second);
    await assertSameAsRest(other, books, second);
    await assertSameAsRest(one, books, portfolioId);
    await Promise.all([isIn(one, 'live'), isIn(other, 'live')]);
    const [stream, ...rest] = await streams();
    assert.deepEqual(rest, []);
    for (const id of [portfolioId, second]) assert.ok(stream?.channels.includes(`pnl:${id}`));
  });

  it('are signed out together, and in', async () => {
    const [one, other] = await openTabs(2);
    assert.ok(one !== undefined && other !== undefined);
    await one.locator('#sign-out').click();
    await Promise.all([isIn(one, 'signed-out'), isIn(other, 'signed-out')]);
    for (const tab of [one, other]) assert.equal(await tab.locator('#dashboard').count(), 0);
    await signInByForm(other, app.url, { email: user.email, password: TEST_PASSWORD });
    await isIn(one, 'live');
    await assertSameAsRest(one, books, portfolioId);
  });
});
