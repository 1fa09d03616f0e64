import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { API } from '../../../openapi/documents.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { rawRequest } from '../../support/routes/raw-request.ts';

const ORIGIN = 'https://app.example.com';

describe('HTTP', () => {
  let app: TestApp;
  let user: TestUser;

  before(async () => {
    app = await startApp({ env: { CORS_ORIGINS: ORIGIN } });
    user = await app.user();
  });
  after(() => app.close());
  afterEach(async () => {
    assert.equal((await app.call('GET', '/healthz')).status, 200, 'the process lives on');
  });

  it('answers another method on a known path with 405 and what is allowed', async () => {
    for (const path of new Set(API.map((each) => each.path))) {
      const where = path.replaceAll(/:\w+/g, user.id);
      // `…/trades/stats` is also how a trade of that name would be asked for: what can be done to one is allowed.
      const known = new Set(['OPTIONS']);
      for (const { method, path: other } of API) {
        const pattern = other.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+');
        if (!new RegExp(`^${pattern}$`).test(where)) continue;
        known.add(method.toUpperCase());
        if (method === 'get') known.add('HEAD');
      }
      const allow = [...known].sort().join(', ');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
        // `/v1/streams/:id` and the like: another endpoint may own the path with that method.
        if (known.has(method)) continue;
        const answer = await app.call(method, where, { as: user });
        assertProblem(answer, 405, 'method-not-allowed', `${method} ${path}`);
        assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`);
      }
      const options = await app.call('OPTIONS', where);
      assert.deepEqual([options.status, options.headers.get('allow')], [204, allow], path);
    }
    const answer = await app.call('POST', '/docs', { body: {} });
    assertProblem(answer, 405, 'method-not-allowed');
    assert.equal(answer.headers.get('allow'), 'GET, HEAD');
  });

  it('answers an unknown path with 404, whatever the method', async () => {
    for (const path of [
      '/nothing',
      '/v1',
      '/v2/portfolios',
      '/V1/portfolios/x/y/z',
      '/v1/portfolios/x/trades/y/z',
      '/problems/none',
      '/docs/assets/none.js',
      '/package.json',
      '/.env',
      '/.git/config',
      '/js/../../package.json',
      '/__proto__',
      '/constructor',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND', 'OPTIONS']) {
        if (path === '/problems/none' && method !== 'GET') continue;
        const answer = await app.call(method, path, { as: user });
        assertProblem(answer, 404, 'not-found', `${method} ${path}`);
      }
    }
  });

  it('answers what no client sends with 4xx, never 500', async () => {
    const lines = [
      'GET // HTTP/1.1\r\nHost: localhost',
      'GET //v1//portfolios HTTP/1.1\r\nHost: localhost',
      'GET /%00 HTTP/1.1\r\nHost: localhost',
      'GET /%E0%A4%A HTTP/1.1\r\nHost: localhost',
      'GET /%ff%fe HTTP/1.1\r\nHost: localhost',
      'GET /..%2f..%2fpackage.json HTTP/1.1\r\nHost: localhost',
      'GET /%2e%2e/%2e%2e/package.json HTTP/1.1\r\nHost: localhost',
      'GET /../../package.json HTTP/1.1\r\nHost: localhost',
      'GET /js/%2e%2e%5c%2e%2e%5cpackage.json HTTP/1.1\r\nHost: localhost',
      'GET /v1/portfolios/%E0%A4%A HTTP/1.1\r\nHost: localhost',
      'GET /v1/portfolios/%00/pnl HTTP/1.1\r\nHost: localhost',
      'GET /v1/portfolios?limit=%E0%A4%A HTTP/1.1\r\nHost: localhost',
      `GET /docs/assets/%00 HTTP/1.1\r\nHost: localhost`,
      `GET /docs/assets/..%2fpackage.json HTTP/1.1\r\nHost: localhost`,
      'GET /v1/auth/me HTTP/1.1\r\nHost: a b',
      'GET /v1/auth/me HTTP/1.1\r\nHost: [',
      'GET /v1/auth/me HTTP/1.1\r\nHost: x:99999999',
      'GET /v1/auth/me HTTP/1.1\r\nHost: ',
      'GET http://[/ HTTP/1.1\r\nHost: localhost',
      'GET http://other.example/v1/auth/me HTTP/1.1\r\nHost: localhost',
      'GET * HTTP/1.1\r\nHost: localhost',
      'OPTIONS * HTTP/1.1\r\nHost: localhost',
      'GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nCookie: marktide_access=%E1%80%B; =; a',
      'GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \u00e9',
      'GET /v1/streams?channels=ticker:* HTTP/1.1\r\nHost: localhost\r\nAccept: ;;;',
      'POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 0',
      'POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json',
    ];
    for (const line of lines) {
      const { status, head, body } = await rawRequest(app.url, `${line}\r\nConnection: close\r\n\r\n`);
      assert.ok(status >= 400 && status < 500, `${JSON.stringify(line)} → ${head}`);
      assert.match(head, /\r\ncontent-type: application\/problem\+json/i, line);
      const parsed: { status: number; requestId: string } = JSON.parse(body);
      assert.equal(parsed.status, status, line);
      assert.ok(parsed.requestId.length > 0);
      assert.doesNotMatch(body, /node_modules|at .*\.ts|"scripts"/, line);
    }
  });

  it('refuses what is no HTTP by a problem, and goes on', async () => {
    const post = 'POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\n';
    const chunked = `${post}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n`;
    const large = `X-Big: ${'x'.repeat(20_000)}\r\n`;
    for (const [status, bytes] of [
      [400, 'nonsense\r\n\r\n'],
      [400, 'GET / HTTP/1.1\r\n\r\n'],
      [400, '\u0000\u0001\r\n\r\n'],
      [400, `${post}Content-Length: -1\r\n\r\n`],
      [400, `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
      [400, `${post}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
      [400, `${chunked}\r\nzz\r\n`],
      [400, `${chunked}Expect: 100-continue\r\n\r\nzz\r\n`],
      [413, `${chunked}\r\n1;${'x'.repeat(20_000)}\r\n`],
      [431, `GET / HTTP/1.1\r\nHost: localhost\r\n${large}\r\n`],
      [431, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ] as const) {
      const answer = await rawRequest(app.url, bytes);
      const shown = JSON.stringify(bytes.slice(0, 100));
      assert.equal(answer.status, status, `${shown} → ${answer.head}`);
      assert.match(answer.head, /\r\ncontent-type: application\/problem\+json/i, shown);
      assert.match(answer.head, /\r\nconnection: close/i, shown);
      assert.equal((JSON.parse(answer.body) as { status: number }).status, status, shown);
    }
  });

  it('says nothing more on a connection whose answer has begun', async () => {
    const stream = `GET /v1/streams?channels=ticker:* HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n\r\n`;
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    socket.on('data', (chunk) => (said += chunk.toString()));
    const closed = once(socket, 'close');
    socket.write(stream);
    while (!said.includes('event:ready')) await once(socket, 'data');
    socket.write('nonsense\r\n\r\n');
    await closed;
    assert.deepEqual(said.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200']);
  });

  it('answers HEAD as GET, without a body', async () => {
    for (const path of [
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/docs',
      '/v1/auth/me',
      '/v1/portfolios',
      '/',
    ]) {
      const headers = { authorization: user.authorization };
      const [get, head] = await Promise.all([
        fetch(app.url + path, { headers }),
        fetch(app.url + path, { headers, method: 'HEAD' }),
      ]);
      assert.deepEqual([head.status, await head.text()], [200, ''], path);
      assert.equal(head.headers.get('content-type'), get.headers.get('content-type'), path);
      await get.text();
    }
    const refused = await fetch(`${app.url}/v1/auth/me`, { method: 'HEAD' });
    assert.deepEqual([refused.status, await refused.text()], [401, '']);
    const stream = await fetch(`${app.url}/v1/streams/market`, {
      method: 'HEAD',
      headers: { authorization: user.authorization },
    });
    assert.deepEqual([stream.status, stream.headers.get('content-type')], [200, 'text/event-stream']);
  });

  it("takes over a caller's request id if it is sensible, and makes one otherwise", async () => {
    const ask = async (id: string): Promise<string> => {
      const { headers, body } = await app.call('GET', '/nothing', { headers: { 'x-request-id': id } });
      assert.equal(body.requestId, headers.get('x-request-id'));
      return body.requestId;
    };
    assert.equal(await ask('trace-0123456789'), 'trace-0123456789');
    for (const bad of ['short', 'x'.repeat(65), 'a b c d e f g', '{"level":50}']) {
      assert.notEqual(await ask(bad), bad);
    }
    assert.notEqual(await ask(''), await ask(''));
  });

  it('sends headers that keep a browser from harm', async () => {
    for (const path of ['/', '/v1/auth/me', '/healthz']) {
      const { headers } = await app.call('GET', path);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'/, path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
      assert.equal(headers.get('x-powered-by'), null, path);
    }
  });

  describe('from other origins', () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${app.url}/v1/portfolios`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });

    it('lets an allowed one ask, and read answers and refusals', async () => {
      const { status, headers } = await preflight(ORIGIN);
      assert.equal(status, 204);
      assert.equal(headers.get('access-control-allow-origin'), ORIGIN);
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
      assert.match(headers.get('access-control-allow-methods') ?? '', /PATCH/);
      assert.equal(headers.get('access-control-allow-headers'), 'authorization,content-type');
      assert.equal(headers.get('access-control-max-age'), '600');
      for (const [path, expected] of [
        ['/v1/auth/me', 401],
        ['/nothing', 404],
        ['/healthz', 200],
      ] as const) {
        const answer = await app.call('GET', path, { headers: { origin: ORIGIN } });
        assert.equal(answer.status, expected);
        assert.equal(answer.headers.get('access-control-allow-origin'), ORIGIN, path);
        assert.match(answer.headers.get('access-control-expose-headers') ?? '', /X-Request-Id/);
        assert.match(answer.headers.get('vary') ?? '', /Origin/);
      }
    });

    it('gives no other one leave', async () => {
      for (const origin of [
        'https://evil.example',
        `${ORIGIN}.evil.example`,
        'null',
        'http://app.example.com',
      ]) {
        const { headers } = await preflight(origin);
        const answer = await app.call('GET', '/healthz', { headers: { origin } });
        for (const found of [headers, answer.headers]) {
          assert.equal(found.get('access-control-allow-origin'), null, origin);
          assert.equal(found.get('access-control-allow-credentials'), null, origin);
          assert.match(found.get('vary') ?? '', /Origin/);
        }
      }
    });
  });
});
