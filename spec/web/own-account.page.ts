import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { barriers } from '../support/barriers.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { type Desk, deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';
import { watch } from '../support/log-watch.ts';

const PICTURES = join(tmpdir(), 'marktide-screenshots');
const NEW_PASSWORD = 'a staple of nine letters';

(browserAvailable() ? describe : describe.skip)('what users manage of their own, on the page', function () {
  let app: TestApp;
  let user: TestUser;
  let guest: TestUser;
  let desk: Desk;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let portfolioId: string;
  const failures: string[] = [];

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    watch.learn(NEW_PASSWORD);
    app = await startApp();
    user = await app.user('admin');
    guest = await app.user('trader');
    desk = deskOf(app.url, user.authorization);
    portfolioId = await tradedPortfolio(desk, { name: 'Books & “more”' });
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-US', timezoneId: 'Asia/Seoul' });
    page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    await signIn(page, app.url, { email: user.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const gone = (id: string): Promise<void> => page.locator(id).waitFor({ state: 'detached' });

  it('is a click away, has an address, and leads back', async () => {
    await page.locator('#trade-rows tr').first().waitFor();
    assert.equal(new URL(page.url()).hash, `#/portfolios/${portfolioId}`);
    await page.locator('#account-open').click();
    await page.locator('#own-account').waitFor();
    assert.equal(await page.locator('#dashboard').count(), 0);
    await page.reload();
    await page.locator('#own-account').waitFor();
    await page.goBack();
    await page.locator('#dashboard').waitFor();
    await page.goForward();
    await page.locator('#own-account').waitFor();
    await page.locator('.back a').first().click();
    await page.locator('#trade-rows tr').first().waitFor();
    await page.locator('#account-open').click();
  });

  it('changes the name', async () => {
    await page.locator('#user-name').fill('  Kim  ');
    await page.locator('#profile-form [type=submit]').click();
    await page.locator('#account-name', { hasText: /^Kim$/ }).waitFor();
    assert.equal((await desk.ask('GET', '/v1/auth/me')).name, 'Kim');
    await page.locator('#user-name').fill('');
    await page.locator('#profile-form [type=submit]').click();
    await page.locator('#account-name', { hasText: user.email }).waitFor();
    assert.equal((await desk.ask('GET', '/v1/auth/me')).name, null);
  });

  it('makes an API key, shows it once, and revokes it', async () => {
    await page.locator('#api-key-name').fill('Bot');
    await page.locator('#api-key-form [value="trades:write"]').check();
    await page.locator('#api-key-form [type=submit]').click();
    const key = (await page.locator('#api-key-secret').textContent()) ?? '';
    watch.learn(key);
    const books = (): Promise<Response> =>
      fetch(`${app.url}/v1/portfolios/${portfolioId}/trades`, { headers: { 'x-api-key': key } });
    assert.equal((await books()).status, 200);
    await page.locator('.secret [name=hide]').click();
    await gone('#api-key-secret');
    await page.reload();
    const row = page.locator('#api-key-list li', { hasText: 'Bot' });
    await row.waitFor();
    assert.match((await row.textContent()) ?? '', /Read, Record/);
    assert.ok(!(await page.content()).includes(key));
    await row.locator('[name=revoke]').click();
    await row.locator('[name=keep]').click();
    await row.locator('[name=revoke]').click();
    assert.equal((await books()).status, 200, 'it is asked first');
    await row.locator('[name=revoke-sure]').click();
    await row.waitFor({ state: 'detached' });
    assert.equal((await books()).status, 401);
  });

  it('offers a key no more than its owner may do', async () => {
    const own = await browser.newContext();
    const other = await own.newPage();
    await signIn(other, app.url, { email: guest.email, password: TEST_PASSWORD });
    await other.locator('#account-open').click();
    await other.locator('#api-key-form [name=scope]').first().waitFor();
    const scopes = await other
      .locator('#api-key-form [name=scope]')
      .evaluateAll((boxes) => boxes.map((box) => box.getAttribute('value')));
    assert.deepEqual(scopes, ['read', 'trades:write']);
    await own.close();
  });

  it('invites somebody, changes what they may do, and stops sharing', async () => {
    await page.locator('.back a').first().click();
    await page.locator('#settings-open').click();
    await page.locator('#sharing summary').click();
    await page.locator('#share-email').fill('nobody@example.com');
    await page.locator('#share-form [type=submit]').click();
    await page.locator('#share-message:not(:empty)').waitFor();
    await page.locator('#share-email').fill(guest.email);
    await page.locator('#share-form [type=submit]').click();
    const row = page.locator(`#share-list [data-user="${guest.id}"]`);
    await row.filter({ hasText: 'not accepted yet' }).waitFor();
    const guestDesk = deskOf(app.url, guest.authorization);
    await guestDesk.ask('POST', `/v1/invitations/${portfolioId}/accept`);
    const saved = page.waitForResponse((response) => response.url().endsWith('/shares'));
    await row.locator('select').selectOption('write');
    await saved;
    await row.filter({ hasNotText: 'not accepted yet' }).waitFor();
    assert.equal((await guestDesk.ask('GET', `/v1/portfolios/${portfolioId}`)).access, 'write');
    await row.locator('[name=end-share]').click();
    await row.waitFor({ state: 'detached' });
    assert.equal((await guestDesk.ask('GET', '/v1/portfolios')).items.length, 0);
    assert.deepEqual(await barriers(page), []);
  });

  it('deletes a portfolio only when its name is typed', async () => {
    await page.locator('#deleting summary').click();
    const button = page.locator('#delete-form [type=submit]');
    assert.ok(await button.isDisabled());
    await page.locator('#delete-name').fill('Books');
    assert.ok(await button.isDisabled());
    await page.locator('#delete-name').fill('Books & “more”');
    await page.screenshot({ path: join(PICTURES, 'delete-portfolio.png') });
    await button.click();
    await gone('#portfolio-dialog');
    await page.locator('#first-run').waitFor();
    assert.equal((await desk.ask('GET', '/v1/portfolios')).items.length, 0);
  });

  for (const locale of ['en-US', 'ko-KR']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`keeps nobody out: ${locale}, ${colorScheme}`, async () => {
        await desk.ask('POST', '/v1/api-keys', { name: 'Bot of mine', scopes: ['read'] });
        const own = await browser.newContext({ locale, colorScheme });
        const look = await own.newPage();
        await signIn(look, app.url, { email: user.email, password: TEST_PASSWORD });
        await look.locator('#account-open').click();
        await look.locator('#api-key-list li').first().waitFor();
        for (const width of [1440, 1024, 390]) {
          await look.setViewportSize({ width, height: 844 });
          assert.deepEqual(await barriers(look), []);
          const overflow = Number(await look.evaluate('document.documentElement.scrollWidth - innerWidth'));
          assert.ok(overflow <= 0, `${overflow} pixels stick out at ${width}`);
          const path = join(PICTURES, `own-account-${locale}-${colorScheme}-${width}.png`);
          await look.screenshot({ path, fullPage: true });
        }
        await own.close();
      });
    }
  }

  it('shows no portfolio that an address names and that is not there, and says so', async () => {
    const id = await tradedPortfolio(desk);
    const own = await browser.newContext({ locale: 'en-US' });
    const other = await own.newPage();
    await signIn(other, `${app.url}/#/portfolios/0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80`, {
      email: user.email,
      password: TEST_PASSWORD,
    });
    await other.locator('#page-message', { hasText: 'does not exist' }).waitFor();
    assert.equal(new URL(other.url()).hash, `#/portfolios/${id}`);
    await own.close();
  });

  it('lists where one is signed in, and signs one of them out', async () => {
    const own = await browser.newContext({
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605 Version/17.0 Safari/604.1',
    });
    const phone = await own.newPage();
    await signIn(phone, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#account-open').click();
    const row = page.locator('#session-list li', { hasText: 'Safari · iPhone' });
    await row.waitFor();
    const here = page.locator('#session-list li', { hasText: 'this device' });
    assert.equal(await here.count(), 1);
    assert.equal(await here.locator('button').count(), 0);
    await row.locator('[name=end-session]').click();
    await row.waitFor({ state: 'detached' });
    await isIn(phone, 'signed-out');
    await isIn(page, 'live');
    await own.close();
    await page.locator('.back a').first().click();
  });

  it('changes the password, which signs every other device out', async () => {
    const own = await browser.newContext();
    const other = await own.newPage();
    await signIn(other, app.url, { email: user.email, password: TEST_PASSWORD });
    await page.locator('#account-open').click();
    const change = async (current: string, next: string, again: string): Promise<void> => {
      await page.locator('#password-current').fill(current);
      await page.locator('#password-next').fill(next);
      await page.locator('#password-again').fill(again);
      await page.locator('#password-form [type=submit]').click();
    };
    await change(TEST_PASSWORD, NEW_PASSWORD, `${NEW_PASSWORD}!`);
    await page.locator('#password-message', { hasText: 'not the same' }).waitFor();
    await change('not my password', NEW_PASSWORD, NEW_PASSWORD);
    await page.locator('#password-message', { hasText: 'not the current password' }).waitFor();
    await change(TEST_PASSWORD, NEW_PASSWORD, NEW_PASSWORD);
    await page.locator('#password-note', { hasText: 'Changed' }).waitFor();
    assert.equal(await page.locator('#password-next').inputValue(), '');
    await isIn(other, 'signed-out');
    await isIn(page, 'live');
    await own.close();
  });

  it('signs out on all devices', async () => {
    const own = await browser.newContext();
    const other = await own.newPage();
    await signIn(other, app.url, { email: user.email, password: NEW_PASSWORD });
    await page.locator('[name=everywhere]').click();
    await isIn(page, 'signed-out');
    await isIn(other, 'signed-out');
    await own.close();
  });

  it('throws nothing that nobody catches', () => {
    assert.deepEqual(failures, []);
  });
});
