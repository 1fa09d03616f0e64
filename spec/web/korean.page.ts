import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** Names, codes and figures may be in Latin letters; two words in a row are a sentence. */
const ENGLISH = /[A-Za-z]{2,} [a-z]{2,}/;
/** The link to the page in English. */
const ALLOWED = /^English$/;

/** All that can be read or heard of a page. */
const WORDS = `[...document.querySelectorAll('body *:not(noscript)')].flatMap((node) => [
  ...[...node.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data),
  ...['title', 'aria-label', 'aria-valuetext', 'placeholder'].map((name) => node.getAttribute(name) ?? ''),
]).map((words) => words.trim()).filter((words) => words !== '')`;

(browserAvailable() ? describe : describe.skip)('the page in Korean', function () {
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
    page = await (await browser.newContext({ locale: 'ko-KR' })).newPage();
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  async function hasNoEnglish(where: string): Promise<void> {
    const words = (await page.evaluate(WORDS)) as string[];
    assert.ok(words.some((each) => /[가-힣]/.test(each)));
    const found = words.filter((each) => ENGLISH.test(each) && !ALLOWED.test(each));
    assert.deepEqual(found, [], where);
  }

  it('refuses a log-in in Korean', async () => {
    await page.goto(app.url);
    await hasNoEnglish('the sign-in form');
    await page.locator('#email').fill(user.email);
    await page.locator('#password').fill('not the password');
    await page.locator('#password').press('Enter');
    await page.locator('#sign-in-message:not([hidden])').waitFor();
    await hasNoEnglish('the refusal');
  });

  it('guides in Korean', async () => {
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#first-run form').waitFor();
    await hasNoEnglish('the first start');
    await page.locator('#portfolio-name').fill('코인');
    await page.locator('#portfolio-form [type=submit]').click();
    await page.locator('#next-step').waitFor();
    await hasNoEnglish('an empty portfolio');
  });

  it('warns in Korean', async () => {
    const id = await tradedPortfolio(desk, { name: '경고' });
    await desk.ask('POST', `/v1/portfolios/${id}/trades`, {
      items: ['NOPRICE/KRW', 'NORATE/XYZ'].map((symbol) => ({
        symbol,
        side: 'sell',
        quantity: '5',
        price: '10',
        time: new Date().toISOString(),
      })),
    });
    await page.reload();
    await page.locator('#portfolio').selectOption(id);
    await isIn(page, 'live');
    await page.locator('#warnings summary').click();
    await page.locator('#warning-list li').first().waitFor();
    for (const chart of ['curve-chart', 'days-chart']) await page.locator(`#${chart} canvas`).waitFor();
    await page.locator('#trade-rows tr').first().waitFor();
    await hasNoEnglish('the dashboard');
  });

  it('says in Korean what the ledger does not take', async () => {
    await page.locator('#trade-add').click();
    await page.locator('#trade-symbol').fill('KRW/KRW');
    await page.locator('#trade-quantity').fill('1');
    await page.locator('#trade-price').fill('1');
    await page.locator('#trade-form [type=submit]').click();
    await page.locator('#trade-message:not([hidden])').waitFor();
    await hasNoEnglish('the refused trade');
    await page.keyboard.press('Escape');
  });

  it('says in Korean what is wrong with a file', async () => {
    await page.locator('#import-open').click();
    const file =
      '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간\nx,BTC,KRW,매수,a,b,c,d,e,f';
    await page
      .locator('#import-file')
      .setInputFiles({ name: 'bad.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
    await page.locator('#import-book').click();
    await page.locator('#import-message:not([hidden])').waitFor();
    await hasNoEnglish('the refused file');
    const given = async (csv: string, why: RegExp): Promise<void> => {
      await page
        .locator('#import-file')
        .setInputFiles({ name: 'other.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
      await page.locator('#import-book').click();
      await page.locator('#import-rows').waitFor();
      assert.match((await page.locator('#import-rows').textContent()) ?? '', why);
      await hasNoEnglish(String(why));
    };
    await given(
      'a,b,c\n1,2,3',
      /1행: 열 제목이 가져올 수 있는 파일\(Marktide, .*CoinTracking\)의 것과 다릅니다/,
    );
    await given(
      file.replace(',거래수량', ''),
      /1행: “거래수량” 열이 없습니다. Upbit 파일에 있어야 하는 열입니다/,
    );
    const heading = file.split('\n')[0] ?? '';
    await given(
      `${heading}\n2099-03-02 18:00:00,XRP,KRW,매수,100,3700,370000,185,370185,2099-03-02 18:00:00`,
      /2행: “체결시간” 열의 시각이 미래입니다: 2099-03-02T09:00:00\.000Z/,
    );
    await page.keyboard.press('Escape');
  });

  it('says in Korean why the stream is refused, and what the server announces', async () => {
    await page.context().route('**/v1/streams?*', (route) =>
      route.fulfill({
        status: 431,
        contentType: 'application/problem+json',
        json: {
          type: '/problems/headers-too-large',
          title: 'Too large',
          status: 431,
          detail: 'The URL is too long.',
        },
      }),
    );
    const { items } = await desk.ask('GET', '/v1/streams/sessions');
    for (const { id } of items) await desk.ask('DELETE', `/v1/streams/sessions/${id}`);
    await isIn(page, 'refused');
    await page.locator('#page-message:not([hidden])').waitFor();
    await hasNoEnglish('the refused stream');
  });
});
