import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { rawRequest } from '../../support/routes/raw-request.ts';

const HOST = 'Host: localhost\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

describe('the head of a request', () => {
  let app: TestApp;
  let user: TestUser;
  let other: TestUser;
  before(async () => {
    app = await startApp();
    user = await app.user();
    other = await app.user();
  });
  after(() => app?.close());

  /** @returns status, and the detail of a problem */
  async function ask(line: string, headers: string, body = ''): Promise<string> {
    const answer = await rawRequest(app.url, `${line}\r\nConnection: close\r\n${headers}\r\n${body}`);
    const detail: unknown = answer.status === 400 ? JSON.parse(answer.body).detail : '';
    return `${answer.status} ${String(detail)}`.trim();
  }
  const health = (headers: string, version = '1.1'): Promise<string> =>
    ask(`GET /healthz HTTP/${version}`, headers);
  const create = (headers: string, body: string): Promise<string> =>
    ask('POST /v1/portfolios HTTP/1.1', `${HOST}Authorization: ${user.authorization}\r\n${headers}`, body);

  it('has one Host', async () => {
    assert.equal(await health(HOST), '200');
    assert.equal(await health(''), '400 The request must have a Host header.');
    assert.equal(await health('', '1.0'), '200');
    for (const second of [HOST, 'host: localhost\r\n', 'HOST: elsewhere\r\n', 'Host:\r\n']) {
      for (const version of ['1.0', '1.1']) {
        assert.match(await health(`${HOST}${second}`, version), /^400 .* only one host header\.$/i);
      }
    }
  });

  it('has a Host that is a name or an address', async () => {
    for (const host of [
      '',
      'a.example',
      'a_b',
      'a.b:80',
      '127.0.0.1:3000',
      '[::1]',
      '[::1]:80',
      'x:',
      '%41',
    ]) {
      assert.equal(await health(`Host: ${host}\r\n`), '200', host);
    }
    for (const host of [
      'a b',
      'a, b',
      'a/b',
      'u@a',
      'a:b',
      'a:1:2',
      '::1',
      '[::1',
      'http://a',
      '%4',
      'a\\b',
      'é',
    ]) {
      assert.match(await health(`Host: ${host}\r\n`), /^400 The Host header must be/, host);
    }
  });

  it('has one credential', async () => {
    const as = ({ authorization }: TestUser): string => `Authorization: ${authorization}\r\n`;
    for (const headers of [as(user) + as(other), as(user) + as(user), `Authorization: x\r\n${as(user)}`]) {
      const refused = '400 The request must have only one Authorization header.';
      assert.equal(await ask('GET /v1/auth/me HTTP/1.1', HOST + headers), refused);
    }
  });

  it('has one place to resume from', async () => {
    const refused = '400 The request must have only one Last-Event-ID header.';
    const ids = `Authorization: ${user.authorization}\r\nLast-Event-ID: a\r\nLast-Event-ID: b\r\n`;
    assert.equal(await ask('GET /v1/streams?channels=ticker:* HTTP/1.1', HOST + ids), refused);
    const handshake =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    assert.equal(await ask('GET /v1/ws HTTP/1.1', HOST + handshake + ids), refused);
  });

  it('says once of what type, length and coding the body is', async () => {
    const body = '{"name":"P"}';
    const length = `Content-Length: ${body.length}\r\n`;
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    assert.equal(await create(JSON_TYPE + length, body), '201');
    assert.equal(await create(`${JSON_TYPE}Transfer-Encoding: Chunked\r\n`, chunks), '201');
    for (const second of [JSON_TYPE, 'content-type: text/plain\r\n']) {
      assert.match(
        await create(JSON_TYPE + second + length, body),
        /^400 .* only one content-type header\.$/i,
      );
    }
    for (const framing of [length + length, `${length}Content-Length: 1\r\n`, 'Content-Length: 12, 12\r\n']) {
      assert.equal(await create(JSON_TYPE + framing, body), '400 The request is not valid HTTP/1.1.');
    }
    const codings = [
      'gzip, chunked',
      'identity, chunked',
      'chunked, chunked',
      'chunked\r\nTransfer-Encoding: chunked',
    ];
    for (const coding of [...codings, `chunked\r\n${length.trim()}`, 'gzip', 'identity']) {
      const answer = await create(`${JSON_TYPE}Transfer-Encoding: ${coding}\r\n`, chunks);
      assert.match(answer, /^400 The (?:transfer coding of the body must|request is not valid HTTP)/, coding);
    }
  });

  it('may list what is a list in several lines', async () => {
    const as = `Authorization: ${user.authorization}\r\n`;
    const first = await rawRequest(
      app.url,
      `GET /v1/auth/me HTTP/1.1\r\n${HOST}${as}Connection: close\r\n\r\n`,
    );
    const tag = /\r\netag: ([^\r]+)/i.exec(first.head)?.[1];
    const tags = `If-None-Match: "other"\r\nIf-None-Match: ${tag}\r\n`;
    assert.equal(await ask('GET /v1/auth/me HTTP/1.1', HOST + as + tags), '304');
    const accepts = 'Accept: text/plain\r\nAccept: application/json\r\n';
    assert.equal(await ask('GET /v1/auth/me HTTP/1.1', HOST + as + accepts), '200');
  });
});
