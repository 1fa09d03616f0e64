import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { deskOf, isIn, signIn, tradedPortfolio } from '../support/dashboard.ts';
import { type Edit, nginxAvailable, type Proxy, startNginx } from '../support/nginx.ts';
import { rawRequest } from '../support/routes/raw-request.ts';
import { StreamClient } from '../support/stream-client.ts';

const BASE = '/marktide';
const OPERATIONS = readFileSync(join(PACKAGE_ROOT, 'docs', 'operations.md'), 'utf8');

/** What a command of the documents makes of a text. */
function sed(command: RegExp, input: string): string {
  const script = command.exec(OPERATIONS)?.[1] ?? assert.fail('no command');
  const { stdout, status } = spawnSync('sed', ['-E', script], { input, encoding: 'utf8' });
  assert.equal(status, 0);
  assert.notEqual(stdout, input);
  return stdout;
}

/** `locations.conf` as the documents say. */
const asDocumented: Edit = (text, name) =>
  name === 'locations.conf' ? sed(/sed -i -E '([^']+)' locations\.conf/, text) : text;

/** The same with a second Marktide, whose nodes are `host`. */
function withSecond(host: string): Edit {
  return (text, name) => {
    if (name === 'nodes.conf') {
      const second = sed(/sed '([^']+)' nodes\.conf > desk-nodes\.conf/, text);
      return text + second.replaceAll(/node-[ab]:3000/g, host);
    }
    const first = asDocumented(text, name);
    if (name !== 'locations.conf') return first;
    return first + sed(/sed -E '([^']+)' locations\.conf > desk-locations\.conf/, first);
  };
}

/** The shortest there is, with the path in `proxy_pass` as well: nginx puts it in place of the same. */
const shortest: Edit = (text, name) =>
  name !== 'locations.conf'
    ? text
    : `
location ${BASE}/ {
    proxy_pass http://marktide${BASE}/;
}
`;

/** Refusals of nginx itself, whatever the path, are told as the nodes tell theirs. */
async function assertRefusals(proxy: Proxy, base: string): Promise<void> {
  const rest = 'Host: x\r\nConnection: close\r\n';
  const post = `POST ${base}/v1/auth/login HTTP/1.1\r\n${rest}Content-Type: application/json\r\n`;
  for (const [request, status, slug] of [
    [`GET ${base}/v1/streams?x=${'x'.repeat(40_000)} HTTP/1.1\r\n${rest}\r\n`, 414, 'uri-too-long'],
    [`GET ${base}/ HTTP/1.1\r\n${rest}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
    [`${post}Content-Length: two\r\n\r\n`, 400, 'invalid-request'],
    [`GET ${base}/ HTTP/2.0\r\n${rest}\r\n`, 505, 'invalid-request'],
    [`TRACE ${base}/ HTTP/1.1\r\n${rest}\r\n`, 405, 'method-not-allowed'],
    [`GET /elsewhere HTTP/1.1\r\n${rest}\r\n`, 404, 'not-found'],
  ] as const) {
    const answer = await rawRequest(proxy.url, request);
    assert.equal(answer.status, status, answer.head);
    assert.match(answer.head, /^content-type: application\/problem\+json$/im, `${status}`);
    assert.equal(JSON.parse(answer.body).type, `/problems/${slug}`);
  }
}

const isRunnable = nginxAvailable() && browserAvailable();

for (const [title, edit] of [
  ['the example, changed as the documents say', asDocumented],
  ['a proxy_pass that names the path itself', shortest],
] as const) {
  (isRunnable ? describe : describe.skip)(`under a path of nginx, by ${title}`, function () {
    this.timeout(120_000);
    let app: TestApp;
    let admin: TestUser;
    let proxy: Proxy;
    let url: string;
    let browser: Browser;

    before(async () => {
      app = await startApp({ env: { BASE_PATH: BASE, TRUST_PROXY: '1' } });
      admin = await app.user('admin');
      const { host } = new URL(app.url);
      proxy = await startNginx([host, host], undefined, edit);
      url = proxy.url + BASE;
      browser = await launchBrowser();
    });
    after(async () => {
      await browser?.close();
      await proxy?.stop();
      await app?.close();
    });

    it('streams come as they are sent, and nothing else of the host is ours', async () => {
      const { authorization } = admin;
      const stream = new StreamClient(`${url}/v1/streams?channels=ticker:*`, { headers: { authorization } });
      await stream.ready();
      stream.cut();
      assert.equal((await fetch(`${proxy.url}/v1/portfolios`)).status, 404);
      const refused = await fetch(`${url}/v1/portfolios`);
      const { type } = (await refused.json()) as { type: string };
      assert.deepEqual([refused.status, type], [401, '/problems/unauthorized']);
      assert.equal((await fetch(url + type)).status, 200, 'what it means is told under the path');
    });

    it('nginx’s own refusals are problems', async () => {
      await assertRefusals(proxy, BASE);
    });

    it('people log in, see prices move, reload and download', async () => {
      const desk = deskOf(url, admin.authorization);
      await tradedPortfolio(desk);
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', ({ message }) => failures.push(message));
      page.on('response', (response) => {
        if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`);
        if (!new URL(response.url()).pathname.startsWith(BASE)) failures.push(response.url());
      });
      // Without the slash, as people type it.
      await signIn(page, url, { email: admin.email, password: TEST_PASSWORD });
      const price = page.locator('#ticker-rows tr[data-symbol="BTC/KRW"] td[title="151234567"]');
      await desk.push({ 'BTC/KRW': '151234567' });
      await price.waitFor();
      await page.reload();
      await isIn(page, 'live');
      await price.waitFor();
      const download = page.waitForEvent('download');
      await page.locator('#trades-csv').click();
      assert.equal(new URL((await download).url()).pathname.startsWith(`${BASE}/v1/portfolios/`), true);
      await page.locator('footer a[href="docs"]').click();
      await page.locator('#operations-auth-login').waitFor();
      assert.equal(page.url(), `${url}/docs`);
      assert.deepEqual(failures, []);
      await page.close();
    });

    it('signing out leaves no cookie of the session', async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await signIn(page, `${url}/`, { email: admin.email, password: TEST_PASSWORD });
      await page.locator('#sign-out').click();
      await page.locator('#email').waitFor();
      const names = (await context.cookies()).map(({ name }) => name);
      assert.deepEqual(names, ['marktide_device']);
      await context.close();
    });
  });
}

(nginxAvailable() ? describe : describe.skip)('two Marktides under paths of one host', function () {
  this.timeout(60_000);
  const apps: TestApp[] = [];
  let proxy: Proxy;

  before(async () => {
    for (const path of [BASE, '/desk'])
      apps.push(await startApp({ env: { BASE_PATH: path, TRUST_PROXY: '1', PUBLIC_MARKET: 'true' } }));
    const [first = '', second = ''] = apps.map(({ url }) => new URL(url).host);
    proxy = await startNginx([first, first], undefined, withSecond(second));
  });
  after(async () => {
    await proxy?.stop();
    for (const app of apps) await app.close();
  });

  it('each gets its own requests and streams', async () => {
    for (const [i, base] of [BASE, '/desk'].entries()) {
      const app = apps[i] ?? assert.fail();
      const { authorization } = await app.user();
      const answers = [BASE, '/desk'].map(async (path) => {
        const answer = await fetch(`${proxy.url}${path}/v1/portfolios`, { headers: { authorization } });
        return [path, answer.status];
      });
      // A token is worth nothing at the other one.
      const wanted = [BASE, '/desk'].map((path) => [path, path === base ? 200 : 401]);
      assert.deepEqual(await Promise.all(answers), wanted);
      const stream = new StreamClient(`${proxy.url}${base}/v1/streams?channels=ticker:*`);
      await stream.ready();
      stream.cut();
    }
    assert.equal((await fetch(`${proxy.url}/v1/portfolios`)).status, 404);
  });

  it('nginx’s own refusals are problems under both', async () => {
    await assertRefusals(proxy, BASE);
    await assertRefusals(proxy, '/desk');
  });
});
