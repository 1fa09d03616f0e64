import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { assertSameAsRest, type Desk, deskOf, isIn, signIn } from '../support/dashboard.ts';

const UPBIT = `체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간
2026-03-02 18:00:00,XRP,KRW,매수,100,3700,370000,185,370185,2026-03-02 18:00:00`;

(browserAvailable() ? describe : describe.skip)('the first steps of a new user', function () {
  let app: TestApp;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let portfolioId: string;
  const failures: string[] = [];

  before(async () => {
    app = await startApp();
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    await desk.push({ 'BTC/USD': '100000', 'ETH/USD': '4000', 'XRP/KRW': '3900', 'USD/KRW': '1400' });
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin' });
    page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- a body of the API
  const trades = async (): Promise<any[]> =>
    (await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades`)).items;
  const row = (words: string) => page.locator('#trade-rows tr', { hasText: words });
  const save = (): Promise<void> => page.locator('#trade-form [type=submit]').click();
  const isClosed = (id: string): Promise<void> => page.locator(id).waitFor({ state: 'detached' });

  it('begin with a portfolio, whose choices are explained', async () => {
    const form = page.locator('#first-run form');
    assert.match((await form.textContent()) ?? '', /deposit 1,000, buy for 400, and 600 in cash remain/);
    assert.equal(await form.locator('#time-zone').inputValue(), 'Europe/Berlin');
    await form.locator('#portfolio-name').fill('My coins');
    await form.locator('#base-currency').fill('usd');
    await form.locator('#time-zone').fill('Berlin');
    await form.locator('[type=submit]').click();
    assert.equal(await form.locator('#time-zone:invalid').count(), 1);
    await form.locator('#time-zone').fill('Asia/Kathmandu');
    await form.locator('[name=cost-method][value=fifo]').check();
    await form.locator('[name=cash-mode][value=untracked]').check();
    await form.locator('[type=submit]').click();
    await page.locator('#portfolio option', { hasText: 'My coins' }).waitFor({ state: 'attached' });
    await isIn(page, 'live');
    const { items } = await desk.ask('GET', '/v1/portfolios');
    const [{ id, name, baseCurrency, timeZone, costMethod, cashMode, benchmark }] = items;
    portfolioId = id;
    assert.deepEqual(
      { name, baseCurrency, timeZone, costMethod, cashMode, benchmark },
      {
        name: 'My coins',
        baseCurrency: 'USD',
        timeZone: 'Asia/Kathmandu',
        costMethod: 'fifo',
        cashMode: 'untracked',
        benchmark: 'BTC/USD',
      },
    );
    assert.equal(await page.locator('#first-run').count(), 0);
  });

  it('go on with a trade that is entered by hand', async () => {
    await page.locator('#next-step [name=add]').click();
    await page.locator('#trade-symbol').fill('btc/usd');
    await page.locator('#trade-quantity').fill('0.5 BTC');
    await page.locator('#trade-price').fill('90,000.25');
    await page.locator('#trade-feeAmount').fill('12.5');
    await page.locator('#trade-time').fill('2026-03-02T14:45:10');
    await page.locator('#trade-exchange').fill('kraken');
    await page.locator('#trade-note').fill('the first');
    await save();
    assert.equal(await page.locator('#trade-quantity:invalid').count(), 1, 'a word is no number');
    await page.locator('#trade-quantity').fill('0.5');
    await save();
    await isClosed('#trade-dialog');
    await row('BTC/USD').waitFor();
    const [trade] = await trades();
    const { symbol, side, quantity, price, fee, time, exchange, note } = trade;
    assert.deepEqual(
      { symbol, side, quantity, price, fee, time, exchange, note },
      {
        symbol: 'BTC/USD',
        side: 'buy',
        quantity: '0.5',
        price: '90000.25',
        fee: { amount: '12.5', currency: 'USD' },
        // Kathmandu is 5:45 ahead.
        time: '2026-03-02T09:00:10.000Z',
        exchange: 'kraken',
        note: 'the first',
      },
    );
    await page.locator('#next-step').waitFor({ state: 'detached' });
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('book a trade once, however often the answer is lost', async () => {
    await page.locator('#trade-add').click();
    await page.locator('#trade-symbol').fill('ETH/USD');
    await page.locator('#trade-quantity').fill('2');
    await page.locator('#trade-price').fill('3900');
    let left = 1;
    await context.route('**/trades', async (route) => {
      if (route.request().method() !== 'POST' || left === 0) return route.continue();
      left -= 1;
      await route.fetch();
      return route.abort('connectionreset');
    });
    await save();
    await page.locator('#trade-message', { hasText: 'cannot be reached' }).waitFor();
    await save();
    await isClosed('#trade-dialog');
    await context.unroute('**/trades');
    assert.equal((await trades()).filter(({ symbol }) => symbol === 'ETH/USD').length, 1);
  });

  it('change a trade, and what is not changed stays to the millisecond', async () => {
    await desk.ask('POST', `/v1/portfolios/${portfolioId}/trades`, {
      symbol: 'BTC/USD',
      side: 'sell',
      quantity: '0.1',
      price: '99000',
      time: '2026-03-03T09:00:10.789Z',
    });
    await row('90,000.25').locator('[name=edit]').click();
    assert.equal(await page.locator('#trade-exchange').inputValue(), 'kraken');
    assert.ok(await page.locator('#trade-exchange').isDisabled());
    await page.locator('#trade-form [name=cancel]').click();
    await isClosed('#trade-dialog');
    const sale = row('99,000');
    await sale.locator('[name=edit]').click();
    assert.equal(await page.locator('#trade-time').inputValue(), '2026-03-03T14:45:10');
    await page.locator('#trade-price').fill('99500');
    await page.locator('#trade-feeAmount').fill('1');
    await save();
    await isClosed('#trade-dialog');
    await row('99,500').waitFor();
    const [changed] = (await trades()).filter(({ side }) => side === 'sell');
    assert.deepEqual(
      [changed.price, changed.time, changed.fee, changed.note],
      ['99500', '2026-03-03T09:00:10.789Z', { amount: '1', currency: 'USD' }, null],
    );
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('say why the ledger does not take something', async () => {
    await page.locator('#trade-add').click();
    await page.locator('#trade-symbol').fill('USD/USD');
    await page.locator('#trade-quantity').fill('1');
    await page.locator('#trade-price').fill('1');
    await save();
    await page.locator('#trade-message:not([hidden])').waitFor();
    assert.notEqual(await page.locator('#trade-message').textContent(), '');
    await page.locator('#trade-form [name=cancel]').click();
    await isClosed('#trade-dialog');
  });

  it('remove a trade once it is confirmed', async () => {
    const before = (await trades()).length;
    await row('99,500').locator('[name=edit]').click();
    await page.locator('#trade-form [name=remove]').click();
    await page.locator('#trade-form [name=keep]').click();
    await page.locator('#trade-form [name=remove]').click();
    assert.equal(await page.locator('#trade-form [name=remove]').count(), 0, 'there is one button to press');
    assert.equal((await trades()).length, before);
    await page.locator('#trade-form [name=remove-sure]').click();
    await isClosed('#trade-dialog');
    await row('99,500').waitFor({ state: 'detached' });
    assert.equal((await trades()).length, before - 1);
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('change the settings of the portfolio', async () => {
    await page.locator('#settings-open').click();
    assert.ok(await page.locator('#base-currency').isDisabled());
    await page.locator('#portfolio-name').fill('Renamed');
    await page.locator('#time-zone').fill('Asia/Tokyo');
    await page.locator('#benchmark-symbol').fill('eth/usd');
    await page.locator('[name=cost-method][value=lifo]').check();
    await page.locator('#portfolio-form [type=submit]').click();
    await isClosed('#portfolio-dialog');
    assert.equal(await page.locator('#portfolio option:checked').textContent(), 'Renamed');
    assert.match((await page.locator('#portfolio-terms').textContent()) ?? '', /USD · LIFO/);
    assert.match((await page.locator('#zone-note').textContent()) ?? '', /Tokyo/);
    await page.locator('#benchmark-name', { hasText: 'ETH/USD' }).waitFor();
    // 09:00:10 in London is six in the evening there.
    await row('18:00:10').waitFor();
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('follow settings that are changed elsewhere', async () => {
    await desk.ask('PATCH', `/v1/portfolios/${portfolioId}`, { name: 'Renamed elsewhere' });
    await page.locator('#portfolio option', { hasText: 'Renamed elsewhere' }).waitFor({ state: 'attached' });
  });

  it('record the cash that a new portfolio starts with, and take it back', async () => {
    await page.locator('#new-portfolio-open').click();
    await page.locator('#portfolio-name').fill('With cash');
    await page.locator('#portfolio-form [type=submit]').click();
    await isClosed('#portfolio-dialog');
    const cashStep = page.locator('#next-step [name=cash]');
    await cashStep.click();
    await page.locator('#entry-quantity').fill('1,000,000.5');
    await page.locator('#entry-time').fill('2026-03-02T18:00:00');
    await page.locator('#entry-note').fill('to begin with');
    await page.locator('#entry-form [type=submit]').click();
    await isClosed('#entry-dialog');
    await cashStep.waitFor({ state: 'detached' });
    const flow = (words: string) => page.locator('#entry-rows tr', { hasText: words });
    await flow('to begin with').waitFor();
    const id = await page.locator('#portfolio').inputValue();
    const entries = async (): Promise<unknown[]> =>
      (await desk.ask('GET', `/v1/portfolios/${id}/entries?order=asc`)).items.map(
        ({ kind, asset, quantity, note }: Record<string, unknown>) => [kind, asset, quantity, note],
      );
    const { timeZone, baseCurrency } = await desk.ask('GET', `/v1/portfolios/${id}`);
    assert.deepEqual(await entries(), [['deposit', baseCurrency, '1000000.5', 'to begin with']]);
    assert.equal(timeZone, 'Europe/Berlin');
    await page.locator('#cash [title="1000000.5"]').waitFor();

    for (const [kind, quantity] of [
      ['withdrawal', '400'],
      ['reward', '7'],
    ] as const) {
      await page.locator('#entry-add').click();
      await page.locator('#entry-kind').selectOption(kind);
      await page.locator('#entry-quantity').fill(quantity);
      await page.locator('#entry-form [type=submit]').click();
      await isClosed('#entry-dialog');
    }
    await flow('Withdrawal').waitFor();
    await flow('Reward').waitFor();
    await assertSameAsRest(page, desk, id);

    await flow('Withdrawal').locator('[name=remove]').click();
    await flow('Withdrawal').locator('[name=keep]').click();
    await flow('Withdrawal').locator('[name=remove]').click();
    assert.equal((await entries()).length, 3, 'it is asked first');
    await flow('Withdrawal').locator('[name=remove-sure]').click();
    await flow('Withdrawal').waitFor({ state: 'detached' });
    assert.deepEqual(
      (await entries()).map((entry) => (Array.isArray(entry) ? entry[0] : entry)),
      ['deposit', 'reward'],
    );
    await assertSameAsRest(page, desk, id);
  });

  it('make another portfolio, and import a file into it', async () => {
    await page.locator('#new-portfolio-open').click();
    await page.locator('#portfolio-name').fill('From a file');
    await page.locator('#portfolio-form [type=submit]').click();
    await isClosed('#portfolio-dialog');
    await page.locator('#next-step [name=import]').click();
    await page
      .locator('#import-file')
      .setInputFiles({ name: 'upbit.csv', mimeType: 'text/csv', buffer: Buffer.from(UPBIT) });
    await page.locator('#import-book').click();
    await page.locator('#import-message', { hasText: 'Imported: 1 new' }).waitFor();
    await page.keyboard.press('Escape');
    await isClosed('#import');
    await row('XRP/KRW').waitFor();
    await assertSameAsRest(page, desk, await page.locator('#portfolio').inputValue());
  });

  it('offer nothing that a reader may not do', async () => {
    const reader = await app.user('viewer');
    await desk.ask('PUT', `/v1/portfolios/${portfolioId}/shares`, { email: reader.email, access: 'read' });
    const { authorization } = reader;
    await deskOf(app.url, authorization).ask('POST', `/v1/invitations/${portfolioId}/accept`);
    const other = await (await browser.newContext()).newPage();
    await signIn(other, app.url, { email: reader.email, password: TEST_PASSWORD });
    await other.locator('#trade-rows tr').first().waitFor();
    for (const id of [
      '#settings-open',
      '#trade-add',
      '#entry-add',
      '#import-open',
      '#new-portfolio-open',
      '[name=edit]',
    ]) {
      assert.equal(await other.locator(id).count(), 0, id);
    }
    await other.context().close();
  });

  it('throw nothing that nobody catches', () => {
    assert.deepEqual(failures, []);
  });
});
