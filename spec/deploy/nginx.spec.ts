import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../lib/config/config.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { API } from '../../openapi/documents.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { type Certificate, nginxAvailable, type Proxy, startNginx } from '../support/nginx.ts';
import { rawRequest } from '../support/routes/raw-request.ts';

const available = nginxAvailable();
/** The name in deploy/nginx/https.conf. */
const NAME = 'marktide.example.com';

function certificateFor(name: string, folder: string): Certificate {
  const [certificate, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const what = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const args = ['req', ...how, ...what, '-keyout', key, '-out', certificate];
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return { certificate, key };
}

/** An app with nginx in front of it, which takes it for both nodes. */
async function startBehindNginx(
  env: Record<string, string>,
  tls?: Certificate,
): Promise<{ app: TestApp; proxy: Proxy; stop: () => Promise<void> }> {
  const app = await startApp({ env: { TRUST_PROXY: '1', ...env } });
  const { host } = new URL(app.url);
  const proxy = await startNginx([host, host], tls);
  return {
    app,
    proxy,
    async stop() {
      await proxy.stop();
      await app.close();
    },
  };
}

type Ask = Omit<RequestOptions, 'headers'> & { headers?: Record<string, string> };

interface Told {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

(available ? describe : describe.skip)('the nginx example with TLS', function () {
  this.timeout(60_000);
  let folder: string;
  let ca: Buffer;
  let app: TestApp;
  let proxy: Proxy;
  let stop: (() => Promise<void>) | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-tls-'));
    const certificate = certificateFor(NAME, folder);
    ca = readFileSync(certificate.certificate);
    const env = { ALLOWED_HOSTS: NAME, PUBLIC_MARKET: 'true' };
    ({ app, proxy, stop } = await startBehindNginx(env, certificate));
  });
  after(async () => {
    await stop?.();
    await rm(folder, { recursive: true, force: true });
  });

  const optionsFor = (path: string, more: Ask = {}): RequestOptions => ({
    host: '127.0.0.1',
    port: new URL(proxy.url).port,
    path,
    ca,
    servername: NAME,
    agent: false,
    ...more,
    headers: { host: NAME, ...more.headers },
  });

  function ask(path: string, more: Ask = {}, body?: string): Promise<Told> {
    return new Promise((resolve, reject) => {
      const call = request(optionsFor(path, more), (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      });
      call.on('error', reject).end(body);
    });
  }

  it('answers under its name, and tells browsers to come by https only, whatever the answer', async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const answers = [
      await ask('/healthz'),
      await ask('/nowhere'),
      await ask('/metrics'),
      await ask('/v1/auth/login', post, `"${'x'.repeat(100_000)}"`),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 404, 413],
    );
    for (const { headers } of answers) {
      assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
      assert.equal(headers['server'], 'nginx', 'without its version');
    }
  });

  it('lets the nodes know that it was https: cookies are for https only', async () => {
    const { email } = await app.user();
    const headers = { 'content-type': 'application/json', origin: `https://${NAME}` };
    const body = JSON.stringify({ email, password: TEST_PASSWORD });
    const answer = await ask('/v1/auth/login', { method: 'POST', headers }, body);
    const cookies = [answer.headers['set-cookie']].flat().map(String);
    assert.equal(answer.status, 200, answer.body);
    assert.ok(cookies.length > 1);
    for (const cookie of cookies) assert.match(cookie, /; secure/i);
  });

  it('speaks HTTP/2, over which the name comes through as well', async () => {
    const session = connectHttp2(`https://127.0.0.1:${new URL(proxy.url).port}`, { ca, servername: NAME });
    try {
      const stream = session.request({ ':path': '/v1/market/tickers', ':authority': NAME });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      assert.equal(headers[':status'], 200);
      stream.close();
    } finally {
      session.close();
    }
  });

  it('passes events on as they come', async () => {
    const admin = await app.user('admin');
    const call = request(optionsFor('/v1/streams?channels=trade:BTC/KRW')).end();
    const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += String(chunk);
      if (/^event: ?ready$/m.test(text) && !text.includes('event:trade')) {
        const tick = { symbol: 'BTC/KRW', price: '1', quantity: '1' };
        await app.call('POST', '/v1/market/ticks', { as: admin, body: tick });
      }
      if (/^event: ?trade$/m.test(text)) break;
    }
    call.destroy();
    assert.match(text, /^event: ?trade$/m);
  });

  it('refuses other names: as that of a connection, and behind one with the right name', async () => {
    const servername = 'evil.example';
    await assert.rejects(ask('/healthz', { servername, rejectUnauthorized: false }), /alert|handshake/i);
    await assert.rejects(ask('/v1/market/tickers', { headers: { host: servername } }), /hang up|reset/i);
  });

  it('sends whoever comes by http to https, with the same method', async () => {
    const answer = await fetch(`${proxy.plainUrl}/v1/market/tickers?limit=1`, { redirect: 'manual' });
    assert.equal(answer.status, 308);
    assert.equal(answer.headers.get('location'), `https://${NAME}/v1/market/tickers?limit=1`);
  });
});

(available ? describe : describe.skip)('the nginx example', function () {
  this.timeout(60_000);
  let app: TestApp;
  let proxy: Proxy;
  let user: TestUser;
  let stop: (() => Promise<void>) | undefined;
  const sockets: Socket[] = [];

  before(async () => {
    const env = { PUBLIC_MARKET: 'true', STREAMS_PER_ADDRESS: '1000', IMPORT_LIMIT_MB: '64' };
    ({ app, proxy, stop } = await startBehindNginx(env));
    user = await app.user('admin');
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await stop?.();
  });

  /** A connection that has sent this much, and what has come back so far. */
  function open(text: string): {
    socket: Socket;
    said: () => string;
    until: (pattern: RegExp) => Promise<void>;
  } {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    sockets.push(socket);
    let said = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    socket.on('error', () => undefined);
    socket.write(text);
    return {
      socket,
      said: () => said,
      async until(pattern) {
        while (!pattern.test(said) && !socket.closed) {
          await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        }
      },
    };
  }

  async function post(path: string, body: string, type = 'application/json'): Promise<Response> {
    const headers = { 'content-type': type, authorization: user.authorization };
    return await fetch(proxy.url + path, { method: 'POST', headers, body });
  }

  it('takes small bodies, larger lists and whole files, each where they belong', async () => {
    const large = `{"x":"${'x'.repeat(200_000)}"}`;
    for (const path of ['/v1/auth/login', '/v1/users', '/v1/portfolios', '/v1/portfolios/x/trades/y']) {
      const answer = await post(path, large);
      assert.equal(answer.status, 413, path);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      const problem: { type: string; requestId: string } = JSON.parse(await answer.text());
      assert.equal(problem.type, '/problems/payload-too-large');
      assert.match(problem.requestId, /^[A-Za-z0-9._-]{8,64}$/);
    }
    const id = '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';
    const list = JSON.stringify(Array.from({ length: 900 }, () => ({ x: 'x'.repeat(1_000) })));
    for (const path of [
      `/v1/portfolios/${id}/trades`,
      `/v1/portfolios/${id}/transfers`,
      '/v1/market/ticks',
      '/v1/market/candles',
    ]) {
      const answer = await post(path, list);
      await answer.text();
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      // 400 of the node, which has read it.
      assert.ok(answer.headers.get('x-request-id'), path);
    }
    const file = await post(`/v1/portfolios/${id}/trades/import`, 'x'.repeat(9 * 2 ** 20), 'text/csv');
    assert.equal(file.status, 404, await file.text());
  });

  it('has the right place for every body that an endpoint takes', () => {
    const read = (name: string): string => readFileSync(join(PACKAGE_ROOT, 'deploy', 'nginx', name), 'utf8');
    const conf = read('locations.conf');
    const locations = [...conf.matchAll(/^location ~ (\S+) \{\n([\s\S]*?)^\}/gm)].map(
      ([, pattern = '', body]) => ({
        pattern: new RegExp(pattern),
        size: /client_max_body_size (\w+);/.exec(body ?? '')?.[1],
      }),
    );
    const general = /^client_max_body_size (\w+);/m.exec(read('server.conf'))?.[1];
    const { BODY_LIMIT_KB, IMPORT_LIMIT_MB } = readConfig({});
    const list = `${BODY_LIMIT_KB / 1_024}m`;
    const bodies = API.filter(({ body, consumes }) => body !== undefined || consumes === 'csv');
    const wanted = bodies.map(({ path, consumes, batch }) => {
      if (consumes === 'csv') return [path, `${IMPORT_LIMIT_MB}m`];
      return [path, batch === undefined ? general : list];
    });
    assert.ok(wanted.filter(([, size]) => size === list).length >= 4);
    const found = bodies.map(({ path }) => [
      path,
      locations.find(({ pattern }) => pattern.test(path))?.size ?? general,
    ]);
    assert.deepEqual(found, wanted);
    for (const { path, bodyLimitKb = 0 } of bodies)
      assert.ok(bodyLimitKb <= parseInt(general ?? '', 10), path);
  });

  it('keeps tokens out of its logs, whatever happens, and a Referer’s too', async () => {
    const secret = 'a-token-that-nobody-may-read';
    const streams = API.filter(({ streamToken }) => streamToken === true).map(({ path }) => path);
    assert.ok(streams.length >= 4);
    const head = `HTTP/1.1\r\nHost: localhost\r\nReferer: http://localhost/page?token=${secret}\r\nConnection: close\r\n\r\n`;
    for (const path of streams) await rawRequest(proxy.url, `GET ${path}?token=${secret} ${head}`);
    await rawRequest(proxy.url, `GET http://localhost/v1/streams?token=${secret} ${head}`);
    // Nobody is there, which is an error that nginx tells with the whole request.
    const lonely = await startNginx(['127.0.0.1:1', '127.0.0.1:1']);
    try {
      for (const path of streams) await rawRequest(lonely.url, `GET ${path}?token=${secret} ${head}`);
      await rawRequest(lonely.url, `GET /v1/portfolios ${head}`);
      assert.match(lonely.errors(), /connect\(\) failed .*\/v1\/portfolios/);
      // Its request is not a stream's, but its Referer is quoted.
      const lines = lonely
        .errors()
        .split('\n')
        .filter((line) => !line.includes('"GET /v1/portfolios '));
      assert.doesNotMatch(lines.join('\n'), new RegExp(secret));
      for (const log of [proxy.accesses(), proxy.errors(), lonely.accesses()])
        assert.ok(!log.includes(secret), log);
    } finally {
      await lonely.stop();
    }
    for (const path of streams) assert.ok(proxy.accesses().includes(`"GET ${path} HTTP/1.1" `), path);
    assert.match(proxy.accesses(), /"http:\/\/localhost\/page" /);
  });

  it('logs which node has answered, and the id under which that has logged the request', async () => {
    const answer = await fetch(`${proxy.url}/v1/market/tickers`);
    await answer.text();
    const id = answer.headers.get('x-request-id') ?? '';
    const line =
      proxy
        .accesses()
        .split('\n')
        .find((each) => each.endsWith(` ${id}`)) ?? '';
    assert.match(line, /^127\.0\.0\.1 \[\S+\] "GET \/v1\/market\/tickers HTTP\/1\.1" 200 \d+ /);
    assert.ok(line.includes(` ${new URL(app.url).host} 200 `), line);
  });

  it('has two files of one address on their way at a time', async () => {
    const path = '/v1/portfolios/0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80/trades/import';
    const begun =
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n` +
      'Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nbegun';
    const two = [open(begun), open(begun)];
    // They are counted when their headers are in; who is one too many is refused, and may try again.
    let third = open(begun);
    await third.until(/\r\n\r\n\{.*\}/);
    while (!third.said().startsWith('HTTP/1.1 429 ')) {
      third = open(begun);
      await third.until(/\r\n\r\n\{.*\}/);
    }
    assert.match(third.said(), /\r\nRetry-After: 1\r\n/);
    assert.match(third.said(), /"type":"\/problems\/rate-limited"/);
    for (const { socket, said } of two) {
      assert.equal(said(), '');
      socket.destroy();
    }
  });

  it('has 256 streams of one address, and hangs up on one more, which comes back', async () => {
    const line = 'GET /v1/streams?channels=ticker:* HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const streams = Array.from({ length: 256 }, () => open(line));
    for (const stream of streams) await stream.until(/event: ?ready/);
    assert.ok(streams.every(({ said }) => said().startsWith('HTTP/1.1 200 ')));
    const last = open(line);
    await last.until(/event: ?ready/);
    assert.equal(last.said(), '');
    const socket = open('GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await socket.until(/\r\n\r\n\{.*\}/);
    assert.match(socket.said(), /^HTTP\/1\.1 429 /);
    streams[0]?.socket.destroy();
    let next = open(line);
    await next.until(/event: ?ready/);
    // It takes nginx a moment to see that one has gone.
    while (next.said() === '') {
      next = open(line);
      await next.until(/event: ?ready/);
    }
    assert.match(next.said(), /^HTTP\/1\.1 200 /);
  });
});
