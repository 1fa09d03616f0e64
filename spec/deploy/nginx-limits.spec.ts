import assert from 'node:assert/strict';
import { createClient, type MarktideError } from '../../lib/client/index.ts';
import { MAX_HEAD_BYTES, MAX_URL_BYTES } from '../../lib/http/request-limits.ts';
import { PROBLEMS } from '../../lib/problem.ts';
import { MAX_CHANNELS } from '../../streams/core/channel.ts';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { nginxAvailable, type Proxy, startNginx } from '../support/nginx.ts';
import { rawRequest } from '../support/routes/raw-request.ts';
import { StreamClient } from '../support/stream-client.ts';

/** As many names as make the URL so long. */
function streamUrl(length: number): string {
  let url = '/v1/streams?channels=ticker:BTC/KRW';
  for (let n = 0; length - url.length > 40; n += 1) url += `,candle:A${n}/KRW:1m`;
  const rest = length - url.length;
  // Asset codes have at most twenty characters.
  return `${url},ticker:${'B'.repeat(Math.ceil((rest - 9) / 2))}/${'C'.repeat(Math.floor((rest - 9) / 2))}`;
}

(nginxAvailable() ? describe : describe.skip)('the limits of a request behind nginx', () => {
  let app: TestApp;
  let user: TestUser;
  let proxy: Proxy;

  before(async () => {
    app = await startApp({ env: { TRUST_PROXY: '1' } });
    user = await app.user();
    const { host } = new URL(app.url);
    proxy = await startNginx([host, host]);
  });
  after(async () => {
    await proxy?.stop();
    await app?.close();
  });

  async function problemOf(response: Response): Promise<[number, string]> {
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const { type, detail } = (await response.json()) as { type: string; detail: string };
    assert.match(detail, /POST \/v1\/streams\/subscriptions/);
    return [response.status, type];
  }

  it('are the node’s: its longest URL goes through, and one byte more gets its answer', async () => {
    const url = streamUrl(MAX_URL_BYTES);
    assert.equal(url.length, MAX_URL_BYTES);
    const stream = new StreamClient(proxy.url + url, { headers: { authorization: user.authorization } });
    await stream.ready();
    assert.equal(stream.of('ready')[0]?.data.channels.length, url.split(',').length);
    stream.cut();
    for (const length of [MAX_URL_BYTES + 1, 12_000]) {
      const refused = await fetch(proxy.url + streamUrl(length));
      assert.deepEqual(await problemOf(refused), [414, '/problems/uri-too-long']);
    }
  });

  it('are the node’s for headers too', async () => {
    const url = proxy.url + streamUrl(MAX_URL_BYTES);
    const ask = (bytes: number): Promise<Response> => fetch(url, { headers: { 'x-big': 'x'.repeat(bytes) } });
    // Both proxy and client add a few hundred bytes of their own.
    const taken = await ask(MAX_HEAD_BYTES - MAX_URL_BYTES - 1_000);
    assert.equal(taken.status, 401);
    await taken.text();
    const refused = await ask(MAX_HEAD_BYTES - MAX_URL_BYTES);
    assert.deepEqual(await problemOf(refused), [431, '/problems/headers-too-large']);
  });

  it('are told by nginx as the node would, where nginx itself refuses', async () => {
    const urls = streamUrl(2 * MAX_HEAD_BYTES);
    assert.deepEqual(await problemOf(await fetch(proxy.url + urls)), [414, '/problems/uri-too-long']);
    const far = `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const REFUSED: [what: string, text: string, status: number, type: keyof typeof PROBLEMS][] = [
      [
        'headers',
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
        431,
        'headers-too-large',
      ],
      ['a method', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, 'method-not-allowed'],
      ['a length', `${far}Content-Length: two\r\n\r\n`, 400, 'invalid-request'],
      ['a body', `${far}Content-Length: 70000\r\n\r\n`, 413, 'payload-too-large'],
      [
        'a body',
        `${far.replace('/auth/login', '/streams')}Content-Length: 70000\r\n\r\n`,
        413,
        'payload-too-large',
      ],
      ['a path', 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'not-found'],
      // The API has no types for these.
      ['a coding', `${far}Transfer-Encoding: gzip\r\n\r\n`, 501, 'invalid-request'],
      ['a version', 'GET / HTTP/2.0\r\nHost: x\r\nConnection: close\r\n\r\n', 505, 'invalid-request'],
    ];
    for (const [what, text, status, type] of REFUSED) {
      const answer = await rawRequest(proxy.url, text);
      assert.equal(answer.status, status, what);
      assert.match(answer.head, /^content-type: application\/problem\+json$/im, what);
      const { requestId, detail: _, ...rest } = JSON.parse(answer.body);
      assert.match(requestId, /^[0-9a-f]{32}$/);
      assert.deepEqual(rest, { type: `/problems/${type}`, title: PROBLEMS[type][1], status }, what);
      if (status < 500) assert.equal(PROBLEMS[type][0], status);
    }
    const hidden = await fetch(`${proxy.url}/.marktide/uri-too-long`);
    assert.equal(hidden.status, 404);
  });

  async function subscribe(
    channels: readonly string[],
    options: { accessToken?: string; suffix?: string } = {},
  ): Promise<{ count: number; errors: MarktideError[] }> {
    const { accessToken = user.accessToken, suffix = '' } = options;
    let count = 0;
    const errors: MarktideError[] = [];
    const client = createClient({
      url: proxy.url,
      login: { accessToken },
      fetch: (url, init) => {
        assert.equal(typeof url, 'string');
        return fetch(`${url as string}${suffix}`, init);
      },
    });
    const subscription = client.subscribe(channels, {
      ready: (data) => {
        count = data.channels.length;
        subscription.close();
      },
      error: (error) => errors.push(error),
      retrying: ({ cause }) => assert.fail(cause),
    });
    await subscription.done;
    return { count, errors };
  }

  it('let the client open as many channels as there may be', async () => {
    const channels = Array.from({ length: MAX_CHANNELS }, (_, n) => `ticker:A${n}/KRW`);
    assert.deepEqual(await subscribe(channels), { count: MAX_CHANNELS, errors: [] });
    // The longest list that it names in the URL.
    assert.deepEqual(await subscribe(channels.slice(0, 170)), { count: 170, errors: [] });
  });

  it('end the client with the reason when they are passed, whoever says so', async () => {
    const long = `&flush=${'0'.repeat(MAX_URL_BYTES)}`;
    const longer = `&flush=${'0'.repeat(2 * MAX_HEAD_BYTES)}`;
    for (const [options, status, message] of [
      [{ suffix: long }, 414, /the limit is 8000/],
      [{ suffix: longer }, 414, /The URL is longer than 16 KiB/],
      [{ accessToken: 'x'.repeat(MAX_HEAD_BYTES - 150) }, 431, /more than 16384 bytes/],
    ] as const) {
      const { count, errors } = await subscribe(['ticker:*'], options);
      assert.equal(count, 0);
      assert.deepEqual(
        errors.map((error) => error.status),
        [status],
      );
      assert.match(errors[0]?.message ?? '', message);
    }
  });
});
