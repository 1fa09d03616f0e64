import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { decimal } from '../../lib/money/money.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { assertSameAsRest, type Desk, deskOf, signIn } from '../support/dashboard.ts';
import { watch } from '../support/log-watch.ts';
import { UpbitAccounts } from '../support/upbit-accounts.ts';

const DAY = 86_400_000;
const PICTURES = join(tmpdir(), 'marktide-screenshots');
const INVALID_KEY = { status: 401, body: '{"error":{"name":"invalid_access_key","message":"?"}}' };

(browserAvailable() ? describe : describe.skip)('accounts at exchanges, on the page', function () {
  let app: TestApp;
  let upbit: UpbitAccounts;
  let user: TestUser;
  let desk: Desk;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let portfolioId: string;
  const failures: string[] = [];
  /** What the page has sent, without the bodies that a form sends once. */
  const heard: string[] = [];

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    upbit = await new UpbitAccounts().start();
    watch.learn(upbit.secretKey);
    const start = Date.now() - 400 * DAY;
    upbit.move('deposit', 'KRW', { amount: '10000000', at: start });
    upbit.trade('KRW-BTC', 'bid', { price: '60000000', volume: '0.05', at: start + DAY });
    upbit.trade('KRW-XRP', 'bid', { price: '702.5', volume: '1000.12345678', at: start + 30 * DAY });
    upbit.trade('KRW-BTC', 'ask', { price: '61000000', volume: '0.01', at: start + 200 * DAY });
    upbit.move('withdraw', 'KRW', { amount: '300000', fee: '1000', at: start + 300 * DAY });
    app = await startApp({ env: { ...upbit.env, ACCOUNT_POLL_S: '5' } });
    user = await app.user('admin');
    desk = deskOf(app.url, user.authorization);
    await desk.push({ 'BTC/KRW': '150000000', 'XRP/KRW': '3900' });
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-US', timezoneId: 'Asia/Seoul' });
    page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('response', (response) => {
      if (response.request().resourceType() === 'fetch')
        void response.text().then(
          (body) => heard.push(body),
          // A stream has no end, and a cut answer no body.
          () => undefined,
        );
    });
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
    await upbit?.stop();
  });

  const account = () => page.locator('.exchange-account');
  const inPhase = (phase: string) => page.locator(`.exchange-account[data-phase=${phase}]`).waitFor();
  const isClosed = (id: string): Promise<void> => page.locator(id).waitFor({ state: 'detached' });
  const agreement = (reconciled: string) =>
    page.locator(`.exchange-account summary[data-reconciled="${reconciled}"]`).waitFor();
  const text = async (id: string): Promise<string> => (await page.locator(id).textContent()) ?? '';

  async function enterKey(apiKey: string, secret: string): Promise<void> {
    await page.locator('#account-apiKey').fill(apiKey);
    await page.locator('#account-secret').fill(secret);
    await page.locator('#account-form [type=submit]').click();
  }

  it('begin with the first portfolio, which offers to connect one', async () => {
    await page.locator('#first-run #portfolio-name').fill('Mine');
    await page.locator('#first-run [type=submit]').click();
    await page.locator('#next-step [name=connect]').click();
    await page.locator('#account-dialog').waitFor();
    portfolioId = await page.locator('#portfolio').inputValue();
    assert.match(await text('#account-key-about'), /자산조회/);
    for (const id of ['#account-apiKey', '#account-secret']) {
      assert.equal(await page.locator(id).getAttribute('autocomplete'), 'off');
      assert.equal(await page.locator(id).getAttribute('type'), 'password');
    }
  });

  it('refuse a key that the exchange does not take, in words', async () => {
    await enterKey('another-access-key', 'another-secret-key');
    await page.locator('#account-message', { hasText: 'does not accept the API key' }).waitFor();
    assert.equal(await account().count(), 0);
  });

  it('fill the portfolio from the first day on, and agree with the exchange', async () => {
    await page.evaluate(`{
      window.phases = new Set();
      new MutationObserver(() => {
        for (const node of document.querySelectorAll('.exchange-account')) phases.add(node.dataset.phase);
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    }`);
    await enterKey(upbit.accessKey, upbit.secretKey);
    await isClosed('#account-dialog');
    await agreement('true');
    await inPhase('current');
    assert.ok(await page.evaluate("phases.has('reading')"), 'its progress was shown');
    assert.equal(await page.locator('#next-step').count(), 0);
    await page.locator('.exchange-account summary').click();
    await page.locator('.balances tbody tr').nth(2).waitFor();
    for (const [asset, amount] of upbit.balances) {
      const row = page.locator(`.balances tr[data-asset=${asset}]`);
      assert.equal(await row.getAttribute('data-status'), 'agreed');
      assert.equal(await row.locator(`[title="${decimal(amount)}"]`).count(), 2, asset);
      await page
        .locator(`#holding-rows tr[data-asset=${asset}] [title="${decimal(amount)}"]`)
        .first()
        .waitFor();
    }
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('show a key nowhere once it has been sent', async () => {
    const shown = String(
      await page.evaluate(`JSON.stringify([
        document.documentElement.outerHTML,
        [...document.querySelectorAll('input')].map((field) => field.value),
        { ...localStorage }, { ...sessionStorage },
      ])`),
    );
    for (const key of [upbit.accessKey, upbit.secretKey]) {
      assert.ok(!shown.includes(key));
      assert.ok(!heard.some((body) => body.includes(key)));
    }
    assert.ok(heard.length > 5, 'answers were looked at');
    await account().locator('[name=edit]').click();
    assert.equal(await page.locator('#account-apiKey').inputValue(), '');
    await page.locator('#account-form [name=cancel]').click();
    await isClosed('#account-dialog');
  });

  it('show a trade at the exchange without a click, and what differs', async () => {
    upbit.trade('KRW-XRP', 'ask', { price: '700', volume: '0.12345678', at: Date.now() - 5_000 });
    await page.locator('#holding-rows tr[data-asset=XRP] [title="1000"]').first().waitFor();
    // An airdrop is in none of the exchange's lists.
    const known = upbit.balances.get('XRP') ?? 0n;
    upbit.balances.set('XRP', known + 10n ** 16n);
    await account().locator('[name=look]').click();
    await agreement('false');
    const row = page.locator('.balances tr[data-asset=XRP]');
    await page.locator('.balances tr[data-asset=XRP][data-status=differs]').waitFor();
    assert.equal(await row.locator('[title="0.01"]').textContent(), '+0.01');
    assert.equal(await page.locator('.balances tbody tr').first().getAttribute('data-asset'), 'XRP');
    assert.match((await row.textContent()) ?? '', /last agreed \d/);
  });

  it('settle a difference with a click, and take it back with another', async () => {
    const quantity = async (): Promise<string> =>
      (await desk.ask('GET', `/v1/portfolios/${portfolioId}/holdings`)).items.find(
        ({ asset }: { asset: string }) => asset === 'XRP',
      ).quantity;
    const difference = page.locator('[data-discrepancy=XRP]');
    await difference.filter({ hasText: '0.01 XRP more at the exchange' }).waitFor();
    await page.locator('#accounts').screenshot({ path: join(PICTURES, 'accounts-differs.png') });
    assert.deepEqual(await barriers(page), []);
    await difference.locator('[value=reward-airdrop]').click();
    await agreement('true');
    await difference.waitFor({ state: 'detached' });
    assert.equal(await quantity(), '1000.01');
    await page.locator('.settled [name=undo]').click();
    await difference.waitFor();
    assert.equal(await quantity(), '1000');
    await difference.locator('[value=correction]').click();
    await agreement('true');
    assert.equal(await quantity(), '1000.01');
    await assertSameAsRest(page, desk, portfolioId);
  });

  it('pause and go on', async () => {
    await account().locator('[name=pause]').click();
    await inPhase('paused');
    assert.ok(await account().locator('[name=look]').isDisabled());
    await account().locator('[name=resume]').click();
    await inPhase('current');
  });

  it('say why one cannot be read, in the reader’s language, and take a new key', async () => {
    upbit.refuse = () => INVALID_KEY;
    await account().locator('[name=look]').click();
    await inPhase('stopped');
    assert.match(await text('.failure'), /does not accept the API key/);
    const korean = await context.newPage();
    await korean.goto(`${app.url}/?lang=ko`);
    await korean.locator('.failure', { hasText: '거래소가 API 키를 거부했습니다' }).waitFor();
    await korean.close();
    upbit.refuse = () => null;
    await account().locator('[name=edit]').click();
    await page.locator('#account-label').fill('Upbit main');
    await enterKey(upbit.accessKey, upbit.secretKey);
    await isClosed('#account-dialog');
    await inPhase('current');
    await page.locator('.exchange-account h3', { hasText: 'Upbit main' }).waitFor();
    assert.equal(await page.locator('.failure').count(), 0);
  });

  it('take a key that may trade only if its owner insists', async () => {
    const asked: unknown[] = [];
    await page.route('**/accounts', async (route) => {
      if (route.request().method() !== 'POST') return await route.continue();
      asked.push(route.request().postDataJSON().allowTradingKey);
      const detail = 'The key may trade.';
      await route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        json: {
          type: '/problems/key-refused',
          title: 'Refused',
          status: 422,
          requestId: 'one',
          errors: [{ pointer: '/allowTradingKey', detail, code: 'trading-key' }],
        },
      });
    });
    await page.locator('#account-connect').click();
    assert.equal(await page.locator('#account-may-trade').count(), 0);
    await enterKey('one', 'two');
    await page.locator('#account-may-trade').check();
    const refused = page.waitForResponse(`**/${portfolioId}/accounts`);
    await page.locator('#account-form [type=submit]').click();
    await refused;
    assert.deepEqual(asked, [undefined, true]);
    await page.unroute('**/accounts');
    await page.locator('#account-form [name=cancel]').click();
    await isClosed('#account-dialog');
  });

  for (const locale of ['en-US', 'ko-KR']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`keep nobody out: ${locale}, ${colorScheme}`, async () => {
        const own = await browser.newContext({ locale, colorScheme, timezoneId: 'Asia/Seoul' });
        const look = await own.newPage();
        await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
        await look.locator('.exchange-account summary').click();
        await look.locator('.balances tbody tr').first().waitFor();
        for (const width of [1440, 1024, 390]) {
          await look.setViewportSize({ width, height: 844 });
          assert.deepEqual(await barriers(look), []);
          const overflow = Number(await look.evaluate('document.documentElement.scrollWidth - innerWidth'));
          assert.ok(overflow <= 0, `${overflow} pixels stick out at ${width}`);
          const path = (what: string): string =>
            join(PICTURES, `accounts-${what}-${locale}-${colorScheme}-${width}.png`);
          await look.locator('#accounts').screenshot({ path: path('card') });
          await look.locator('#account-connect').click();
          await look.locator('#account-dialog').waitFor();
          assert.deepEqual(await barriers(look), [], 'the dialog');
          await look.screenshot({ path: path('dialog') });
          await look.locator('#account-form [name=cancel]').click();
          await look.locator('#account-dialog').waitFor({ state: 'detached' });
        }
        await own.close();
      });
    }
  }

  it('are shown to a reader, who cannot change them', async () => {
    const reader = await app.user('viewer');
    await desk.ask('PUT', `/v1/portfolios/${portfolioId}/shares`, { email: reader.email, access: 'read' });
    await deskOf(app.url, reader.authorization).ask('POST', `/v1/invitations/${portfolioId}/accept`);
    const own = await browser.newContext();
    const other = await own.newPage();
    await signIn(other, app.url, { email: reader.email, password: TEST_PASSWORD });
    await other.locator('.exchange-account[data-phase=current]').waitFor();
    assert.equal(await other.locator('#accounts button').count(), 0);
    await own.close();
  });

  it('are disconnected once it is confirmed, and leave what they booked', async () => {
    const trades = async (): Promise<number> =>
      (await desk.ask('GET', `/v1/portfolios/${portfolioId}/trades`)).items.length;
    const before = await trades();
    await account().locator('[name=disconnect]').click();
    await account().locator('[name=keep]').click();
    await account().locator('[name=disconnect]').click();
    assert.equal((await desk.ask('GET', `/v1/portfolios/${portfolioId}/accounts`)).items.length, 1);
    await account().locator('[name=disconnect-sure]').click();
    await account().waitFor({ state: 'detached' });
    assert.equal((await desk.ask('GET', `/v1/portfolios/${portfolioId}/accounts`)).items.length, 0);
    assert.equal(await trades(), before);
  });

  it('throw nothing that nobody catches', () => {
    assert.deepEqual(failures, []);
  });
});
