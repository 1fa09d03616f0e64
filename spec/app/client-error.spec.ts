import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { MAX_HEAD_BYTES, MAX_URL_BYTES } from '../../lib/http/request-limits.ts';
import { type RawAnswer, rawRequest } from '../support/routes/raw-request.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { checkAnswer } from '../support/response-check.ts';

/** Somebody else's idea of an id would go unseen here, so the answer is compared with the document as a whole. */
function assertRefusal({ status, head, body }: RawAnswer, expected: number, slug: string): string {
  const lines = head.split('\r\n').slice(1);
  const headers = new Headers(lines.map((line) => line.split(': ') as [string, string]));
  const problem = JSON.parse(body);
  checkAnswer('GET', '/v1/streams', { status, headers, body: problem });
  assert.deepEqual([status, problem.type, problem.status], [expected, `/problems/${slug}`, expected]);
  assert.equal(headers.get('connection'), 'close');
  assert.equal(headers.get('x-request-id'), problem.requestId);
  return problem.detail;
}

describe('a request that is too large to be read', () => {
  let app: TestApp;
  const log: { requestId?: string; status?: number }[] = [];

  before(async () => {
    app = await startApp({ log: (line) => log.push(JSON.parse(line)) });
  });
  after(() => app.close());

  function ask(path: string, headers = ''): Promise<RawAnswer> {
    return rawRequest(
      app.url,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`,
    );
  }

  function urlOf(length: number, path = '/healthz?x='): string {
    return path + 'x'.repeat(length - path.length);
  }

  it('is answered up to a URL of 8,000 bytes, and refused above with the way out', async () => {
    assert.equal(MAX_URL_BYTES, 8_000);
    assert.equal((await ask(urlOf(MAX_URL_BYTES))).status, 200);
    for (const path of ['/healthz?x=', '/v1/streams?channels=', '/nothing-here/', '/docs?']) {
      const answer = await ask(urlOf(MAX_URL_BYTES + 1, path));
      const detail = assertRefusal(answer, 414, 'uri-too-long');
      assert.match(detail, /8001 bytes.*8000.*POST \/v1\/streams\/subscriptions/);
    }
  });

  it('is refused with more than 64 parameters, which are costly to parse', async () => {
    const parameters = (count: number): string =>
      `/healthz?${Array.from({ length: count }, () => 'x').join('&')}`;
    assert.equal((await ask(parameters(64))).status, 200);
    for (const count of [65, 3_900]) {
      const detail = assertRefusal(await ask(parameters(count)), 414, 'uri-too-long');
      assert.match(detail, /more than 64 parameters/);
    }
  });

  it('is answered up to 16 KiB of URL and headers, and refused above with the way out', async () => {
    const url = urlOf(MAX_URL_BYTES);
    // What the parser counts: URL, names and values.
    const others = url.length + 'HostlocalhostConnectioncloseX-Big'.length;
    const headers = (bytes: number): string => `X-Big: ${'x'.repeat(bytes - others)}\r\n`;
    assert.equal((await ask(url, headers(MAX_HEAD_BYTES - 1))).status, 200);
    const detail = assertRefusal(await ask(url, headers(MAX_HEAD_BYTES)), 431, 'headers-too-large');
    assert.match(detail, /16384 bytes.*POST \/v1\/streams\/subscriptions/);
    assertRefusal(await ask(urlOf(MAX_HEAD_BYTES)), 431, 'headers-too-large');
  });

  it('is told so although it is far from sent', async () => {
    const answer = await ask('/healthz', `X-Big: ${'x'.repeat(8 * 2 ** 20)}\r\n`);
    const detail = assertRefusal(answer, 431, 'headers-too-large');
    assert.ok(!detail.includes('xxx'));
    const { requestId } = JSON.parse(answer.body);
    assert.ok(log.some((line) => line.requestId === requestId && line.status === 431));
  });

  it('is refused with a problem when it is no HTTP', async () => {
    assertRefusal(await rawRequest(app.url, 'nonsense\r\n\r\n'), 400, 'invalid-request');
  });

  it('does not write its refusal into an answer that is under way', async () => {
    const user = await app.user();
    const { hostname, port } = new URL(app.url);
    const socket: Socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    const inStep = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        said += chunk.toString();
        if (said.includes('event:ready')) resolve();
      });
    });
    socket.write(
      `GET /v1/streams?channels=ticker:* HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n\r\n`,
    );
    await inStep;
    socket.write(`GET ${urlOf(MAX_HEAD_BYTES)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await closed;
    assert.match(said, /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(said, /431|problem/);
  });
});
