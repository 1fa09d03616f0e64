import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { type Answer, startApp, type TestApp } from '../../support/app.ts';
import { browserAvailable, launchBrowser } from '../../support/browser.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { rawRequest } from '../../support/routes/raw-request.ts';

async function withApp(env: Record<string, string>, test: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await startApp({ env });
  try {
    await test(app);
  } finally {
    await app.close();
  }
}

function call(app: TestApp, host: string, more: Record<string, string> = {}): Promise<Answer> {
  return app.call('GET', '/v1/auth/me', { headers: { host, ...more } });
}

/** 401 is what somebody without a credential gets who was let in. */
async function assertLetIn(app: TestApp, ...hosts: string[]): Promise<void> {
  for (const host of hosts) assertProblem(await call(app, host), 401, 'unauthorized', host);
}

async function assertRefused(app: TestApp, ...hosts: string[]): Promise<void> {
  for (const host of hosts) assertProblem(await call(app, host), 421, 'misdirected-request', host);
  for (const host of INVALID) assertProblem(await call(app, host), 400, 'invalid-request', host);
}

const STRANGE = [
  'evil.example',
  'evil.example:3000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'xlocalhost',
  'localhost,evil.example',
  '192.168.0.7',
  '[::2]',
  ':3000',
];

/** No hosts at all (RFC 9112, section 3.2). */
const INVALID = ['localhost@evil.example', 'evil.example@localhost', 'localhost/', 'localhost#'];

describe('the host names that are allowed', () => {
  describe('on a loopback address', () => {
    let app: TestApp;
    before(async () => {
      app = await startApp({
        env: { DEMO: 'true', PUBLIC_MARKET: 'true', CORS_ORIGINS: 'http://evil.example' },
      });
    });
    after(() => app.close());

    it('are those of this machine, at any port', async () => {
      await assertLetIn(
        app,
        'localhost',
        'LocalHost:3000',
        'localhost.',
        '127.0.0.1:1',
        '[::1]',
        '[0:0::1]:80',
      );
    });

    it('are no others, whatever else is right: the answer names the variable', async () => {
      await assertRefused(app, ...STRANGE);
      const { body, headers } = await call(app, 'evil.example', { origin: 'http://evil.example' });
      assert.match(body.detail, /ALLOWED_HOSTS/);
      assert.equal(headers.get('access-control-allow-origin'), null);
      const { authorization } = await app.user();
      const forged = { authorization, 'x-forwarded-host': 'localhost', origin: 'http://localhost' };
      assertProblem(await call(app, 'evil.example', forged), 421, 'misdirected-request');
    });

    it('count for the page, documents, streams, WebSockets, preflights and what there is not', async () => {
      const headers = { host: 'evil.example' };
      for (const path of [
        '/',
        '/docs',
        '/openapi.json',
        '/metrics',
        '/nowhere',
        '/v1/market/tickers',
        '/v1/streams?channels=ticker:*',
      ]) {
        assertProblem(await app.call('GET', path, { headers }), 421, 'misdirected-request', path);
      }
      const preflight =
        'OPTIONS /v1/portfolios HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n' +
        'Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n';
      assert.equal((await rawRequest(app.url, preflight)).status, 421);
      const eventSource = { ...headers, accept: 'text/event-stream' };
      const stream = await app.call('GET', '/v1/streams?channels=ticker:*', { headers: eventSource });
      assertProblem(stream, 421, 'misdirected-request');
      const login = { email: 'demo@marktide.local', password: 'demo-marktide' };
      const answer = await app.call('POST', '/v1/auth/login', { headers, body: login });
      assertProblem(answer, 421, 'misdirected-request');
      const upgrade = (host: string): string =>
        `GET /v1/ws?channels=ticker:* HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
      assert.equal((await rawRequest(app.url, upgrade('evil.example'))).status, 421);
    });

    it('do not count for health checks, which may call the server by anything', async () => {
      for (const path of ['/healthz', '/readyz']) {
        assert.equal((await app.call('GET', path, { headers: { host: '10.1.2.3:3000' } })).status, 200, path);
      }
      assert.equal((await rawRequest(app.url, 'GET /healthz HTTP/1.0\r\n\r\n')).status, 200, 'without any');
      assert.equal((await rawRequest(app.url, 'GET /v1/auth/me HTTP/1.0\r\n\r\n')).status, 421);
    });

    (browserAvailable() ? it : it.skip)('keep a page out whose name has come to lead here', async () => {
      const browser: Browser = await launchBrowser('--host-resolver-rules=MAP evil.example 127.0.0.1');
      try {
        const page = await browser.newPage();
        const { port } = new URL(app.url);
        await page.goto(`http://evil.example:${port}/healthz`);
        const read = await page.evaluate(async () => {
          const body = JSON.stringify({ email: 'demo@marktide.local', password: 'demo-marktide' });
          const headers = { 'content-type': 'application/json' };
          const login = await fetch('/v1/auth/login', { method: 'POST', headers, body });
          const tickers = await fetch('/v1/market/tickers');
          return [login.status, tickers.status];
        });
        assert.deepEqual(read, [421, 421]);
        assert.equal((await page.goto(`http://localhost:${port}/`))?.status(), 200);
      } finally {
        await browser.close();
      }
    });
  });

  it('are also HOST and those of ALLOWED_HOSTS', async () => {
    await withApp({ HOST: '127.0.0.5', ALLOWED_HOSTS: 'Dash.example.com, [2001:DB8::7]' }, async (app) => {
      await assertLetIn(
        app,
        '127.0.0.5',
        'dash.example.com',
        'DASH.example.com:8443',
        '[2001:db8:0::7]',
        'localhost',
      );
      await assertRefused(app, 'example.com', 'x.dash.example.com', ...STRANGE);
    });
  });

  it('are all where everybody can reach the server, unless ALLOWED_HOSTS is set', async () => {
    await withApp({ HOST: '0.0.0.0' }, (app) => assertLetIn(app, 'evil.example', '192.168.0.7:3000'));
    await withApp({ HOST: '0.0.0.0', ALLOWED_HOSTS: 'dash.example.com' }, async (app) => {
      await assertLetIn(app, 'dash.example.com', '127.0.0.1');
      await assertRefused(app, ...STRANGE);
    });
  });

  it('are the business of a proxy in front, unless ALLOWED_HOSTS is set: then of X-Forwarded-Host too', async () => {
    await withApp({ TRUST_PROXY: '1' }, (app) => assertLetIn(app, 'dash.example.com'));
    await withApp({ TRUST_PROXY: '1', ALLOWED_HOSTS: 'dash.example.com' }, async (app) => {
      await assertLetIn(app, 'dash.example.com');
      const forwarded = { 'x-forwarded-host': 'dash.example.com' };
      assertProblem(await call(app, 'localhost:3000', forwarded), 401, 'unauthorized');
      assertProblem(await call(app, 'evil.example', forwarded), 421, 'misdirected-request');
      const other = { 'x-forwarded-host': 'evil.example' };
      assertProblem(await call(app, 'localhost:3000', other), 421, 'misdirected-request');
    });
  });
});
