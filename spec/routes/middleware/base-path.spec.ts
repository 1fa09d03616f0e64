import assert from 'node:assert/strict';
import supertest from 'supertest';
import { WebSocket } from 'ws';
import { createClient } from '../../../lib/client/index.ts';
import { PROBE_PATHS } from '../../../lib/http/probe-paths.ts';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { StreamClient } from '../../support/stream-client.ts';

const BASE = '/tools/marktide';

describe('a server under a BASE_PATH', function () {
  this.timeout(60_000);
  let app: TestApp;
  let admin: TestUser;
  let root: string;

  before(async () => {
    app = await startApp({ env: { BASE_PATH: BASE } });
    admin = await app.user('admin');
    root = new URL(app.url).origin;
  });
  after(() => app?.close());

  const get = (path: string): supertest.Test =>
    supertest(root).get(path).set('authorization', admin.authorization).redirects(0);

  it('answers there, and nowhere else but for probes', async () => {
    assert.equal((await get(`${BASE}/v1/portfolios`)).status, 200);
    for (const path of ['/', '/v1/portfolios', '/docs', '/openapi.json', `${BASE}2/`, `${BASE}x`, '/tools']) {
      const { status, body } = await get(path);
      assert.equal(status, 404, path);
      assert.match((body as { detail: string }).detail, /is at \/tools\/marktide\/ \(BASE_PATH\)/);
    }
    for (const path of [`${BASE}//v1/portfolios`, `${BASE}${BASE}/v1/portfolios`])
      assert.ok((await get(path)).status >= 400, path);
  });

  it('lets probes ask with the path and without it', async () => {
    for (const path of PROBE_PATHS) {
      assert.ok(
        ENDPOINTS.some((endpoint) => endpoint.path === path),
        path,
      );
      for (const base of ['', BASE]) {
        const { status, text } = await get(base + path);
        assert.ok(status === 200 || status === 503, `${base}${path}: ${status} ${text}`);
      }
    }
  });

  it('redirects to the slash that the page needs, with the query', async () => {
    const { status, headers } = await get(`${BASE}?lang=ko`);
    assert.deepEqual([status, headers['location']], [307, `${BASE}/?lang=ko`]);
    assert.equal((await supertest(root).post(BASE)).status, 404);
  });

  it('serves the page and all that it names', async () => {
    const { text } = await get(`${BASE}/`);
    const urls = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    assert.ok(urls.length > 3);
    for (const url of urls) {
      const { status } = await get(new URL(url, `${app.url}/`).pathname);
      assert.equal(status, 200, url);
    }
  });

  it('serves the documents, which say where it is, and their page with all that it names', async () => {
    const { body: openApi } = await get(`${BASE}/openapi.json`);
    assert.deepEqual((openApi as { servers: unknown }).servers, [{ url: BASE }]);
    const { body: asyncApi } = await get(`${BASE}/asyncapi.json`);
    for (const server of Object.values(
      (asyncApi as { servers: Record<string, { pathname: string }> }).servers,
    ))
      assert.equal(server.pathname, BASE);
    const { text } = await get(`${BASE}/docs`);
    const urls = [...text.matchAll(/(?:src=|href=|"url":)"([\w./-]+\.(?:js|css|svg|json))"/g)];
    assert.ok(urls.length > 4);
    for (const [, url = ''] of urls) {
      assert.equal((await get(new URL(url, `${app.url}/docs`).pathname)).status, 200, url);
    }
  });

  it('limits its cookies to its path', async () => {
    const { headers } = await supertest(root)
      .post(`${BASE}/v1/auth/login`)
      .set('origin', root)
      .send({ email: admin.email, password: TEST_PASSWORD });
    const cookies = [headers['set-cookie']].flat().map(String);
    const paths = cookies.map((cookie) => /^(\w+)=.*; path=([^;]+)/.exec(cookie)?.slice(1).join(' '));
    assert.deepEqual(paths.sort(), [
      `marktide_access ${BASE}/v1`,
      `marktide_csrf ${BASE}`,
      `marktide_device ${BASE}/v1/auth/login`,
      `marktide_refresh ${BASE}/v1/auth`,
    ]);
  });

  it('streams there, by a subscription, a WebSocket and the client', async () => {
    const { body } = await app.call('POST', '/v1/streams/subscriptions', {
      as: admin,
      body: { channels: ['ticker:BTC/KRW'] },
    });
    assert.equal(body.url, `${BASE}/v1/streams?subscription=${body.id}`);
    const { authorization } = admin;
    const stream = new StreamClient(root + body.url, { headers: { authorization } });
    await stream.ready();
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/v1/ws?channels=ticker:BTC/KRW`, {
      headers: { authorization },
    });
    const said: string[] = [];
    socket.on('message', (data: Buffer) => said.push(data.toString()));
    const seen: string[] = [];
    const client = createClient({
      url: `${app.url}/`,
      login: { email: admin.email, password: TEST_PASSWORD },
    });
    const isReady = new Promise<void>((resolve) => {
      const handlers = {
        ready: () => resolve(),
        ticker: ({ price }: { price: string }) => seen.push(price),
      };
      subscription = client.subscribe(['ticker:BTC/KRW'], handlers);
    });
    await isReady;
    await eventually(() => said.some((text) => text.includes('"ready"')), 'the WebSocket');
    await client.api.pushTicks({ body: { symbol: 'BTC/KRW', price: '150000001', quantity: '1' } });
    await eventually(() => seen.includes('150000001'), 'the tick');
    await eventually(() => said.some((text) => text.includes('150000001')), 'the tick');
    await stream.until(() => stream.of('ticker').some(({ data }) => data.price === '150000001'), 'the tick');
    stream.cut();
    socket.terminate();
    subscription?.close();
    await subscription?.done;
  });
  let subscription: ReturnType<ReturnType<typeof createClient>['subscribe']> | undefined;

  it('counts its routes without the path, and keeps the method of a known one', async () => {
    const { text } = await get('/metrics');
    assert.match(text, /marktide_http_request_duration_seconds_count\{[^}]*route="\/v1\/portfolios"/);
    const { status, headers } = await supertest(root).delete(`${BASE}/v1/portfolios`);
    assert.equal(status, 405);
    assert.match(headers['allow'] ?? '', /GET/);
  });
});
