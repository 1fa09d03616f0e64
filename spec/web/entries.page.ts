import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** For a person to look at. */
const PICTURES = join(tmpdir(), 'marktide-screenshots');
const DAY_MS = 86_400_000;
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

/** What is typed for each kind, and what the server has then. */
const KINDS: Record<string, [typed: Record<string, string>, booked: object]> = {
  transfer: [
    {
      asset: 'btc',
      quantity: '0.01',
      account: 'upbit',
      toAccount: 'ledger',
      feeAmount: '0.0001',
      txid: '0x1',
    },
    {
      asset: 'BTC',
      quantity: '0.01',
      account: 'upbit',
      toAccount: 'ledger',
      fee: { amount: '0.0001', currency: 'BTC' },
      txid: '0x1',
    },
  ],
  reward: [
    { asset: 'stETH', quantity: '0.5', unitCost: '5,000,000' },
    { asset: 'stETH', quantity: '0.5', unitCost: '5000000', subtype: 'staking' },
  ],
  convert: [
    { asset: 'BNB', quantity: '0.01' },
    {
      from: [
        { asset: 'XRP', quantity: '1', received: null },
        { asset: 'ETH', quantity: '0.001', received: null },
      ],
      to: { asset: 'BNB', quantity: '0.01', unitCost: null },
    },
  ],
  fee: [
    { asset: 'krw', quantity: '700' },
    { asset: 'KRW', quantity: '700' },
  ],
  rebate: [
    { asset: 'KRW', quantity: '70' },
    { asset: 'KRW', quantity: '70' },
  ],
  adjustment: [
    { asset: 'XRP', quantity: '-2', reason: 'Lost' },
    { asset: 'XRP', quantity: '-2', reason: 'Lost', subtype: 'correction' },
  ],
  rename: [
    { asset: 'BNB', toAsset: '币安人生' },
    { asset: 'BNB', toAsset: '币安人生' },
  ],
  redenomination: [
    { asset: '币安人生', per: '1000', quantity: '1' },
    { asset: '币安人生', toAsset: '币安人生', ratio: { from: '1000', to: '1' } },
  ],
  fork: [
    { asset: 'BTC', toAsset: 'BCH', quantity: '0.05', costShare: '0.1' },
    { asset: 'BTC', toAsset: 'BCH', quantity: '0.05', costShare: '0.1' },
  ],
  withdrawal: [
    { asset: 'ETH', quantity: '0.2', feeAmount: '0.001' },
    { asset: 'ETH', quantity: '0.2', networkFee: '0.001', confirmed: true },
  ],
};

(browserAvailable() ? describe : describe.skip)('entries on the page', function () {
  this.timeout(180_000);
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
    browser = await launchBrowser();
    page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#entry-rows tr').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of the API
  const entriesOf = async (kind: string, id = portfolioId): Promise<any[]> =>
    (await desk.ask('GET', `/v1/portfolios/${id}/entries?kind=${kind}`)).items;
  const row = (kind: string) => page.locator(`#entry-rows tr[data-kind=${kind}]`);
  const save = async (): Promise<void> => {
    await page.locator('#entry-form [type=submit]').click();
    await page.locator('#entry-dialog').waitFor({ state: 'detached' });
  };

  for (const [kind, [typed, booked]] of Object.entries(KINDS)) {
    it(`book, change and remove: ${kind}`, async () => {
      await page.locator('#entry-add').click();
      await page.locator('#entry-kind').selectOption(kind);
      for (const [name, value] of Object.entries(typed)) await page.locator(`#entry-${name}`).fill(value);
      if (kind === 'reward') await page.locator('#entry-subtype').selectOption('staking');
      if (kind === 'withdrawal') await page.locator('#entry-confirmed').check();
      if (kind === 'convert') {
        await page.locator('#source-0-asset').fill('xrp');
        await page.locator('#source-0-quantity').fill('1');
        await page.locator('[name=add-source]').click();
        await page.locator('#source-1-asset').fill('ETH');
        await page.locator('#source-1-quantity').fill('0.001');
      }
      await page.screenshot({ path: join(PICTURES, `entry-${kind}.png`) });
      await save();
      await row(kind).waitFor();
      const [entry] = await entriesOf(kind);
      const { time } = entry;
      assert.deepEqual({ ...entry, ...booked }, entry);

      await row(kind).locator('[name=edit]').click();
      await page.locator('#entry-note').fill('seen on the page');
      await save();
      await row(kind).filter({ hasText: 'seen on the page' }).waitFor();
      const [changed] = await entriesOf(kind);
      assert.deepEqual({ ...changed, ...booked }, changed, 'nothing else has changed');
      assert.deepEqual([changed.time, changed.note], [time, 'seen on the page']);

      if (kind !== 'transfer' && kind !== 'fork') return;
      await row(kind).locator('[name=remove]').click();
      await row(kind).locator('[name=remove-sure]').click();
      await row(kind).waitFor({ state: 'detached' });
      assert.deepEqual(await entriesOf(kind), []);
    });
  }

  it('say what is wrong with a code', async () => {
    await page.locator('#entry-add').click();
    await page.locator('#entry-asset').fill('B*');
    await page.locator('#entry-quantity').fill('1');
    await page.locator('#entry-form [type=submit]').click();
    await page.locator('#entry-message', { hasText: '*' }).waitFor();
    await page.locator('#entry-form [name=cancel]').click();
  });

  it('show the own transfers that are likely, join them, refuse them and separate them again', async () => {
    const { id: wallet } = await desk.ask('POST', '/v1/portfolios', { name: 'Wallet' });
    const moved = (kind: string, quantity: string, days: number, more: object = {}): object => ({
      kind,
      asset: 'XRP',
      quantity,
      time: ago(days),
      ...more,
    });
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/entries`, {
      items: [moved('withdrawal', '100', 3), moved('withdrawal', '50', 2)],
    });
    await desk.ask('POST', `/v1/portfolios/${wallet}/entries`, {
      items: [moved('deposit', '99', 2.99, { account: 'cold' }), moved('deposit', '50', 1.99)],
    });
    await page.reload();
    const match = (words: string) => page.locator('#matches [data-match]', { hasText: words });
    await match('100 XRP').waitFor();
    assert.match((await match('100 XRP').textContent()) ?? '', /Wallet · cold.*Fee: 1 XRP/s);
    await page.locator('#matches').scrollIntoViewIfNeeded();
    assert.deepEqual(await barriers(page), []);
    await page.screenshot({ path: join(PICTURES, 'matches.png'), fullPage: true });

    await match('50 XRP').locator('[name=reject]').click();
    await match('50 XRP').waitFor({ state: 'detached' });
    await match('100 XRP').locator('[name=accept]').click();
    await page.locator('#matches').waitFor({ state: 'detached' });
    const joined = row('withdrawal').filter({ hasText: 'own transfer' });
    await joined.waitFor();
    await page.locator('#transferred').waitFor();
    const { transferredPnl } = await desk.ask('GET', `/v1/portfolios/${portfolioId}/pnl`);
    await page.locator(`#transferred [title="${transferredPnl}"]`).waitFor();
    assert.notEqual(transferredPnl, '0');
    assert.equal(
      (await entriesOf('deposit', wallet)).filter(({ joinedWith }) => joinedWith !== null).length,
      1,
    );

    await joined.locator('[name=part]').click();
    await joined.waitFor({ state: 'detached' });
    await page.locator('#transferred').waitFor({ state: 'detached' });
    await match('100 XRP').waitFor();
    assert.equal(
      (await entriesOf('deposit', wallet)).filter(({ joinedWith }) => joinedWith !== null).length,
      0,
    );
  });

  it('fit on a phone, in Korean', async () => {
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      locale: 'ko-KR',
      hasTouch: true,
      isMobile: true,
    });
    const look = await context.newPage();
    await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
    await look.locator('#matches').waitFor();
    assert.deepEqual(await barriers(look), []);
    await look.locator('#entry-rows tr', { hasText: '보상: 스테이킹' }).waitFor();
    const overflow = Number(await look.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(overflow <= 0, `${overflow} pixels stick out`);
    await look.screenshot({ path: join(PICTURES, 'entries-phone-ko.png'), fullPage: true });
    await look.locator('#entry-add').click();
    for (const kind of ['convert', 'redenomination', 'transfer']) {
      await look.locator('#entry-kind').selectOption(kind);
      const cut = await look.locator('#entry-dialog').evaluate((node) => node.scrollWidth - node.clientWidth);
      assert.ok(cut <= 0, `${cut} pixels of ${kind} are cut off`);
    }
    assert.deepEqual(await barriers(look), []);
    await look.screenshot({ path: join(PICTURES, 'entry-phone-ko.png') });
    await context.close();
  });
});
