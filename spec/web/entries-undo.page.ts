import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

const DAY_MS = 86_400_000;
const time = (daysAgo: number): string => new Date(Date.now() - daysAgo * DAY_MS).toISOString();
const more = { account: 'upbit', note: 'as it was', tags: ['kept'], externalId: 'x-1', exchange: 'upbit' };

/** An entry of every kind, with all it can have. */
const ENTRIES: Record<string, object> = {
  deposit: { asset: 'ETH', quantity: '1.5', unitCost: '4900000', txid: '0xa' },
  withdrawal: { asset: 'ETH', quantity: '0.2', networkFee: '0.001', confirmed: true, txid: '0xb' },
  transfer: {
    asset: 'BTC',
    quantity: '0.01',
    toAccount: 'ledger',
    fee: { amount: '0.0001', currency: 'BTC' },
    txid: '0xc',
  },
  reward: { asset: 'ETH', quantity: '0.01', subtype: 'staking' },
  convert: {
    from: [
      { asset: 'XRP', quantity: '1' },
      { asset: 'ETH', quantity: '0.001' },
    ],
    to: { asset: 'BNB', quantity: '0.01', unitCost: '900000' },
  },
  fee: { asset: 'KRW', quantity: '700' },
  rebate: { asset: 'KRW', quantity: '70' },
  adjustment: { asset: 'XRP', quantity: '-2', subtype: 'correction', reason: 'Lost' },
  rename: { asset: 'XRP', toAsset: 'XRPX' },
  redenomination: { asset: 'ETH', toAsset: 'ETH', ratio: { from: '1', to: '10' } },
  fork: { asset: 'BTC', toAsset: 'BCH', quantity: '0.05', costShare: '0.1' },
};

(browserAvailable() ? describe : describe.skip)('taking back what was done to entries', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let page: Page;

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const row = (kind: string) => page.locator(`#entry-rows tr[data-kind=${kind}]`);
  const show = async (portfolioId: string): Promise<void> => {
    // Anew: the page as it is does not know of the portfolio yet.
    await page.goto('about:blank');
    await page.goto(`${app.url}/#/portfolios/${portfolioId}`);
    await page.locator('#entry-rows tr').first().waitFor();
  };
  const undo = async (what: string): Promise<void> => {
    await page.locator('#undo-bar', { hasText: what }).waitFor();
    await page.locator('#undo-bar [name=undo]').click();
    await page.locator('#undo-bar').waitFor({ state: 'detached' });
  };
  /** The whole ledger as it was entered, and what it comes to: without what the server numbers. */
  const booksOf = async (portfolioId: string): Promise<object> => {
    const { items } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/entries?limit=1000`);
    const { items: held } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/holdings`);
    return {
      entries: (items as Record<string, unknown>[]).map(
        ({ id: _id, createdAt: _made, updatedAt: _changed, joinedWith, ...rest }) => ({
          ...rest,
          isJoined: joinedWith !== undefined && joinedWith !== null,
        }),
      ),
      // oxlint-disable-next-line typescript/no-explicit-any -- a body of the API
      held: held.map(({ asset, quantity, costBasis }: any) => ({ asset, quantity, costBasis })),
    };
  };

  for (const [kind, entry] of Object.entries(ENTRIES)) {
    it(`books again what was removed, and changes back what was changed: ${kind}`, async () => {
      const id = await tradedPortfolio(desk, { name: kind });
      await desk.ask('POST', `/v1/portfolios/${id}/entries`, { kind, ...more, ...entry, time: time(3) });
      await show(id);
      const own = row(kind).filter({ hasText: 'as it was' });
      await own.waitFor();
      const before = await booksOf(id);
      await own.locator('[name=remove]').click();
      await own.locator('[name=remove-sure]').click();
      await own.waitFor({ state: 'detached' });
      assert.notDeepEqual(await booksOf(id), before);
      await undo('Removed');
      await own.waitFor();
      assert.deepEqual(await booksOf(id), before);

      await own.locator('[name=edit]').click();
      await page.locator('#entry-note').fill('');
      if (kind === 'convert') await page.locator('#source-0-quantity').fill('2');
      else if (kind === 'rename') await page.locator('#entry-toAsset').fill('XRPY');
      else await page.locator('#entry-quantity').fill(kind === 'adjustment' ? '-3' : '0.005');
      if (kind === 'fee' || kind === 'rebate') await page.locator('#entry-account').fill('');
      await page.locator('#entry-form [type=submit]').click();
      await page.locator('#entry-dialog').waitFor({ state: 'detached' });
      assert.notDeepEqual(await booksOf(id), before);
      await undo('Changed');
      assert.deepEqual(await booksOf(id), before);
    });
  }

  it('removes what was added', async () => {
    const id = await tradedPortfolio(desk, { name: 'added' });
    await show(id);
    const before = await booksOf(id);
    await page.locator('#entry-add').click();
    await page.locator('#entry-kind').selectOption('reward');
    await page.locator('#entry-asset').fill('ETH');
    await page.locator('#entry-quantity').fill('0.5');
    await page.locator('#entry-form [type=submit]').click();
    await row('reward').waitFor();
    assert.notDeepEqual(await booksOf(id), before);
    await undo('Added: Reward.');
    assert.deepEqual(await booksOf(id), before);
  });

  it('joins again what was separated or removed, and separates what was joined', async () => {
    const id = await tradedPortfolio(desk, { name: 'joined' });
    const moved = (kind: string, quantity: string, days: number): object => ({
      kind,
      asset: 'XRP',
      quantity,
      time: time(days),
    });
    await desk.ask('POST', `/v1/portfolios/${id}/entries`, { items: [moved('withdrawal', '100', 3)] });
    await desk.ask('POST', `/v1/portfolios/${id}/entries`, { items: [moved('deposit', '99', 2.99)] });
    await show(id);
    const apart = await booksOf(id);
    await page.locator('#matches [data-match] [name=accept]').click();
    await page.locator('#matches').waitFor({ state: 'detached' });
    const joined = await booksOf(id);
    assert.notDeepEqual(joined, apart);
    await undo('Joined');
    assert.deepEqual(await booksOf(id), apart);
    await page.locator('#matches [data-match] [name=accept]').click();
    const withdrawal = row('withdrawal').filter({ hasText: 'own transfer' });
    await withdrawal.waitFor();
    await withdrawal.locator('[name=part]').click();
    await withdrawal.waitFor({ state: 'detached' });
    await undo('Separated');
    assert.deepEqual(await booksOf(id), joined);
    for (const kind of ['withdrawal', 'deposit']) {
      const half = row(kind).filter({ hasText: 'own transfer' });
      await half.locator('[name=remove]').click();
      await half.locator('[name=remove-sure]').click();
      await half.waitFor({ state: 'detached' });
      await undo('Removed');
      assert.deepEqual(await booksOf(id), joined, kind);
    }
  });
});
