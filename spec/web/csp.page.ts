import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, signIn, tradedPortfolio } from '../support/dashboard.ts';

/** Tells of each violation before anything of the page runs. */
const LISTEN = `document.addEventListener('securitypolicyviolation', (event) =>
  tellViolation([event.effectiveDirective, event.blockedURI, event.sourceFile, event.sample].join(' ')))`;

(browserAvailable() ? describe : describe.skip)('the Content-Security-Policy', function () {
  let app: TestApp;
  let admin: TestUser;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let violations: string[] = [];
  let portfolioId: string;

  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
    portfolioId = await tradedPortfolio(deskOf(app.url, admin.authorization));
    browser = await launchBrowser();
    context = await browser.newContext();
    await context.exposeFunction('tellViolation', (violation: string) => void violations.push(violation));
    await context.addInitScript(LISTEN);
  });
  beforeEach(async () => {
    page = await context.newPage();
    violations = [];
    page.on('console', (message) => {
      if (/content.security.policy/i.test(message.text())) violations.push(message.text());
    });
  });
  afterEach(() => page.close());
  after(async () => {
    await browser?.close();
    await app?.close();
  });

  /** What the policy of an answer says of a kind of content. */
  async function sourcesOf(path: string, kind: string): Promise<string> {
    const { headers } = await fetch(app.url + path);
    const directives = (headers.get('content-security-policy') ?? '').split(';');
    const found = (name: string): string | undefined =>
      directives.find((directive) => directive.trim().startsWith(`${name} `))?.trim();
    return found(kind) ?? found('default-src') ?? '';
  }

  /** A script in an attribute: what an injected text would try. */
  async function inject(): Promise<void> {
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="stolen = 1">')`);
    // The image is not there, so it either runs or is told of.
    const hasRun = async (): Promise<boolean> => (await page.evaluate('typeof stolen')) !== 'undefined';
    while (violations.length === 0 && !(await hasRun()));
    assert.equal(await hasRun(), false);
  }

  it('passes the dashboard, signed in and with charts drawn, and stops a script that is put into it', async () => {
    assert.doesNotMatch(await sourcesOf('/', 'script-src'), /unsafe|\*|https?:/);
    await signIn(page, app.url, { email: admin.email, password: TEST_PASSWORD });
    await page.locator('canvas').first().waitFor();
    assert.deepEqual(violations, []);
    for (const [hash, shown] of [
      ['overview', '#overview tbody tr'],
      ['admin', '#admin-feeds-rows tr'],
      [`portfolios/${portfolioId}/assets/BTC`, '#candles-chart canvas'],
    ]) {
      await page.goto(`${app.url}/#/${hash}`);
      await page.locator(String(shown)).first().waitFor();
      assert.deepEqual(violations, []);
    }
    await inject();
  });

  it('passes the page of documents, with an operation opened, and stops a script that is put into it', async () => {
    assert.doesNotMatch(await sourcesOf('/docs', 'script-src'), /unsafe-eval|\*|https?:/);
    await page.goto(`${app.url}/docs`);
    await page.locator('#operations-auth-login .opblock-summary-control').click();
    await page.locator('#operations-auth-login').getByRole('button', { name: 'Try it out' }).click();
    await page.locator('#operations-auth-login textarea').waitFor();
    assert.deepEqual(violations, []);
    await inject();
  });
});
