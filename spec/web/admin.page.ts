import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, signIn } from '../support/dashboard.ts';

(browserAvailable() ? describe : describe.skip)('the views of administrators', function () {
  let app: TestApp;
  let admin: TestUser;
  let other: TestUser;
  let browser: Browser;
  let page: Page;

  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
    other = await app.user('viewer');
    await deskOf(app.url, admin.authorization).push({ 'BTC/KRW': '150000000' });
    browser = await launchBrowser();
    page = await browser.newPage();
    await signIn(page, app.url, { email: admin.email, password: TEST_PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  const open = (section: string): Promise<unknown> => page.goto(`${app.url}/#/admin/${section}`);
  const rowOf = (user: TestUser) => page.locator(`[data-user="${user.id}"]`);

  it('show whether each part is ready, and the feeds', async () => {
    await page.locator('#admin-open').click();
    await page.locator('[data-part=database]', { hasText: 'ready' }).waitFor();
    await page.locator('[data-feed=push]', { hasText: 'running since' }).waitFor();
  });

  it('create users, change their roles, bar and delete them', async () => {
    await open('users');
    await page.locator('#new-user-email').fill('new@example.com');
    await page.locator('#new-user-password').fill('correct horse battery');
    await page.locator('#admin-user-form [type=submit]').click();
    await page.locator('#admin-users-rows tr', { hasText: 'new@example.com' }).waitFor();
    const { body } = await app.call('POST', '/v1/auth/login', {
      body: { email: 'new@example.com', password: 'correct horse battery' },
    });
    assert.equal(body.user.role, 'trader');
    const asked = async (): Promise<{ role: string; disabled: boolean }> =>
      (await app.call('GET', `/v1/users/${other.id}`, { as: admin })).body;
    await rowOf(other).locator('select').selectOption('trader');
    await rowOf(other).locator('[name=bar]:enabled').waitFor();
    assert.equal((await asked()).role, 'trader');
    await rowOf(other).locator('[name=bar]').click();
    await rowOf(other).locator('.badge', { hasText: 'disabled' }).waitFor();
    assert.equal((await asked()).disabled, true);
    await rowOf(other).locator('[name=remove]').click();
    await rowOf(other).locator('[name=remove-sure]').click();
    await rowOf(other).waitFor({ state: 'detached' });
    // Nobody locks themselves out by mistake.
    assert.equal(await rowOf(admin).locator('button, select').count(), 0);
  });

  it('tell what happened, by whom, and only what is asked for', async () => {
    await open('audit');
    const row = page.locator('[data-type=user-disabled]');
    await row.filter({ hasText: admin.email }).waitFor();
    await page.locator('#admin-audit select').selectOption('user-created');
    await row.waitFor({ state: 'detached' });
    await page.locator('[data-type=user-created]').first().waitFor();
  });

  it('show the open streams, and end one, which comes back', async () => {
    await open('streams');
    const row = page.locator('#admin-streams-rows tr', { hasText: admin.email });
    await row.waitFor();
    const id = (await row.getAttribute('data-stream')) ?? '';
    await row.locator('[name=end]').click();
    await page.locator(`[data-stream="${id}"]`).waitFor({ state: 'detached' });
    await page.locator('#connection[data-state="live"]').waitFor();
  });

  it('show the limits and the jobs', async () => {
    await open('limits');
    await page.locator('[data-policy=login]').waitFor();
    await open('jobs');
    await page.locator('#admin-jobs', { hasText: 'Nothing has been fetched yet.' }).waitFor();
  });

  it('are for administrators alone', async () => {
    const trader = await app.user('trader');
    const context = await browser.newContext();
    const theirs = await context.newPage();
    await signIn(theirs, app.url, { email: trader.email, password: TEST_PASSWORD });
    assert.equal(await theirs.locator('#admin-open').count(), 0);
    await theirs.goto(`${app.url}/#/admin/users`);
    await theirs.locator('.message', { hasText: 'Only administrators' }).waitFor();
    await context.close();
  });
});
