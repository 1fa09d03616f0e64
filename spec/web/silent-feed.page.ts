import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { signIn } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { ExchangeServer } from '../support/exchanges/exchange-server.ts';
import { upbitProtocol } from '../support/exchanges/protocols.ts';
import { ShiftedClock } from '../support/shifted-clock.ts';

(browserAvailable() ? describe : describe.skip)('the page, of a feed that gives no prices', () => {
  let server: ExchangeServer;
  let clock: ShiftedClock;
  let app: TestApp;
  let user: TestUser;
  let browser: Browser;
  let made = 0;

  before(async () => {
    server = await ExchangeServer.start(upbitProtocol(['BTC/KRW']));
    clock = new ShiftedClock();
    app = await startApp({
      clock,
      env: { MARKET_FEED: `ccxt:upbit?symbols=BTC/KRW&ws=${server.ws}&rest=${server.rest}` },
    });
    user = await app.user('admin');
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await app.close();
    await server.stop();
  });

  function trade(): void {
    made += 1;
    server.trade({ symbol: 'BTC/KRW', id: made, time: Date.now(), price: '1000', amount: '1', side: 'buy' });
  }

  for (const { locale, live, silent, badge } of [
    { locale: 'en-US', live: 'Live', silent: /^No prices from Upbit since \d\d:\d\d$/, badge: 'not current' },
    { locale: 'ko-KR', live: '실시간', silent: /^\d\d:\d\d부터 Upbit 시세 없음$/, badge: '현재 시세 아님' },
  ]) {
    it(`says since when, and which prices are old, until it gives some again (${locale})`, async () => {
      const context = await browser.newContext({ locale });
      try {
        const page = await context.newPage();
        await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
        const state = async (): Promise<string> =>
          (await page.textContent('#connection-state'))?.trim() ?? '';
        const row = async (): Promise<string> => (await page.textContent('#ticker-rows tr th')) ?? '';
        const subscriptions = server.subscriptions;
        await server.subscribed(1);
        trade();
        await eventually(async () => (await state()) === live, 'the live state');
        await page.waitForSelector('#ticker-rows tr[data-status="live"]');
        await server.stop();
        await eventually(
          async () => (await app.call('GET', '/readyz')).body.feeds[0].state === 'retrying',
          'the failure',
        );
        clock.shift += 10_000;
        await eventually(async () => silent.test(await state()), 'the silence');
        await page.waitForSelector('#ticker-rows tr[data-status="stale"]');
        assert.ok((await row()).includes(badge));
        assert.equal(await page.evaluate(`document.documentElement.classList.contains('not-current')`), true);
        await server.restart();
        await server.subscribed(subscriptions + 1);
        trade();
        await eventually(async () => (await state()) === live, 'the live state');
        await page.waitForSelector('#ticker-rows tr[data-status="live"]');
      } finally {
        await context.close();
      }
    });
  }
});
