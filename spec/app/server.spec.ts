import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import { systemClock } from '../../lib/clock.ts';
import { listen, stopListening } from '../../app/server.ts';
import { bodyTimeout } from '../../routes/http/body-timeout.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../support/app.ts';
import { quiet } from '../support/log-watch.ts';
import { SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HEADERS_MS = 300;
const REQUEST_MS = 900;
const UPLOAD_MS = 3_000;

describe('the patience of the server', () => {
  let app: TestApp;
  let user: TestUser;
  let admin: TestUser;

  before(async () => {
    const env = {
      HEADERS_TIMEOUT_MS: String(HEADERS_MS),
      REQUEST_TIMEOUT_MS: String(REQUEST_MS),
      UPLOAD_TIMEOUT_MS: String(UPLOAD_MS),
    };
    app = await startApp({ env });
    [user, admin] = [await app.user(), await app.user('admin')];
  });
  after(() => app.close());

  /** Sends the text, then a byte every now and then for ever. @returns all that came back, and how long it took */
  async function dribble(text: string, byte: string): Promise<{ said: string; ms: number }> {
    const { hostname, port } = new URL(app.url);
    const start = performance.now();
    const socket: Socket = connect({ host: hostname, port: Number(port) });
    let said = '';
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
    const timer = setInterval(() => byte !== '' && socket.write(byte), 40);
    await once(socket, 'close');
    clearInterval(timer);
    return { said, ms: performance.now() - start };
  }

  it('ends with who says nothing, or dribbles headers or body; streams that are open stay', async () => {
    const headers = { authorization: user.authorization };
    const sse = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, { headers });
    const ws = new SocketClient(`${app.url}/v1/ws?channels=ticker:*`, { headers });
    await Promise.all([sse.ready(), ws.ready()]);
    const post = `POST /v1/portfolios HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n`;
    const json = 'Content-Type: application/json\r\n';
    const [silent, heads, body, chunks] = await Promise.all([
      dribble('', ''),
      dribble('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'x'),
      dribble(`${post}${json}Content-Length: 10000\r\n\r\n{"name":"`, 'x'),
      dribble(`${post}${json}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    ]);
    for (const [{ said, ms }, limit] of [
      [silent, HEADERS_MS],
      [heads, HEADERS_MS],
      [body, REQUEST_MS],
      [chunks, REQUEST_MS],
    ] as const) {
      assert.match(said, /^(HTTP\/1\.1 408 |$)/);
      assert.ok(ms > limit * 0.9, `${ms} ms: before its time`);
    }
    for (const { said } of [heads, body, chunks]) {
      assert.match(said, /^HTTP\/1\.1 408 /);
      const [head = '', problem = ''] = said.split('\r\n\r\n');
      assert.match(head, /\r\nContent-Type: application\/problem\+json/);
      assert.equal((JSON.parse(problem) as { type: string }).type, '/problems/request-timeout');
    }

    const tick: Answer = await app.call('POST', '/v1/market/ticks', {
      as: admin,
      body: { symbol: 'BTC/KRW', price: '42' },
    });
    assert.equal(tick.status, 200);
    await sse.until(() => sse.of('ticker').some(({ data }) => data.price === '42'));
    await ws.until(() => ws.of('ticker').some(({ data }) => data.price === '42'));
    assert.deepEqual([sse.isClosed, ws.closeCode], [false, null]);
    sse.cut();
    ws.cut();
  });

  it('is not lost with what came while the process was held', async () => {
    const hold = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    const answer = new Koa();
    answer.use(bodyTimeout(systemClock, REQUEST_MS));
    answer.use(async (ctx) => {
      let body = '';
      for await (const chunk of ctx.req) body += String(chunk);
      ctx.body = `${ctx.method} ${body}`;
    });
    const { server, url } = await listen(
      answer,
      { host: '127.0.0.1', port: 0 },
      { headersMs: HEADERS_MS, requestMs: UPLOAD_MS },
      { clock: systemClock, logger: quiet },
    );
    const end = 'Host: localhost\r\nConnection: close\r\n';
    const requests: [first: string, rest: string, ms: number, answer: RegExp][] = [
      ['', `GET / HTTP/1.1\r\n${end}\r\n`, 2 * HEADERS_MS, /GET $/],
      ['GET / HT', `TP/1.1\r\n${end}\r\n`, 2 * HEADERS_MS, /GET $/],
      [`POST / HTTP/1.1\r\n${end}Content-Length: 9\r\n\r\n{`, '"is":"x"', 2 * REQUEST_MS, /POST {"is":"x"$/],
      ['', 'GET / HT', 2 * HEADERS_MS, /^HTTP\/1.1 408 /],
      [`POST / HTTP/1.1\r\n${end}Content-Length: 9\r\n\r\n{`, '"is":', 2 * REQUEST_MS, /^HTTP\/1.1 408 /],
    ];
    try {
      for (const [first, rest, ms, expected] of requests) {
        const { port } = server.address() as AddressInfo;
        const socket = connect({ port, host: '127.0.0.1' });
        const came = once(server, first.startsWith('POST') ? 'request' : 'connection');
        let said = '';
        socket.on('data', (chunk) => (said += chunk.toString()));
        const closed = once(socket, 'close');
        await once(socket, 'connect');
        socket.write(first);
        await came;
        socket.write(rest);
        hold(ms);
        await closed;
        assert.match(said, expected, `${first}|${rest} at ${url}`);
      }
    } finally {
      await stopListening(server, systemClock, 100);
    }
  });

  it('lasts longer for a file of trades, but not for ever', async () => {
    const importsOf = async (as: TestUser): Promise<string> =>
      `/v1/portfolios/${(await app.call('POST', '/v1/portfolios', { as, body: { name: 'Mine' } })).body.id}/trades/import`;
    const endless = dribble(
      `POST ${await importsOf(user)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n` +
        'Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\ntime,exchange,symbol,side,quantity,price\n',
      'x',
    );
    const start = performance.now();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('time,exchange,symbol,side,quantity,price,externalId\n');
      for (let n = 0; performance.now() - start < 1.5 * REQUEST_MS; n += 1) {
        yield Buffer.from(`2026-03-02T09:00:00Z,bot,BTC/KRW,buy,1,90000000,slow-${n}\n`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    const response = await fetch(app.url + (await importsOf(admin)), {
      method: 'POST',
      headers: { authorization: admin.authorization, 'content-type': 'text/csv' },
      body: ReadableStream.from(slowly()),
      duplex: 'half',
    });
    assert.equal(response.status, 201, await response.text());
    const { said, ms } = await endless;
    assert.match(said, /^HTTP\/1\.1 408 /);
    assert.ok(ms > UPLOAD_MS * 0.9, `${ms} ms`);
  });
});

describe('proxies in front', () => {
  it('are believed as far as they are ours: behind two of them the last address but one is the client', async () => {
    const app = await startApp({ env: { TRUST_PROXY: '2' } });
    try {
      const admin = await app.user('admin');
      const headers = { 'x-forwarded-for': '192.0.2.1, 198.51.100.2, 203.0.113.3' };
      const body = { email: 'nobody@example.com', password: 'wrong password' };
      await app.call('POST', '/v1/auth/login', { body, headers });
      const { body: audit } = await app.call('GET', '/v1/admin/audit?type=login-failed', { as: admin });
      assert.equal(audit.items[0].ip, '198.51.100.2');
    } finally {
      await app.close();
    }
  });
});

describe('a server that goes', () => {
  it('does not wait for a socket that was upgraded and stays', async () => {
    const server = createServer();
    const upgraded = once(server, 'upgrade');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [, socket] = (await upgraded) as [unknown, Duplex];
    const clock = new VirtualClock();
    let isOver = false;
    const stopping = stopListening(server, clock, 1_000).then(() => (isOver = true));
    await clock.advance(1_000);
    assert.equal(isOver, false);
    await clock.advance(1_000);
    await stopping;
    assert.equal(clock.pending, 0);
    socket.destroy();
    client.destroy();
  });

  it('first ends each connection with its answer; then hangs up on what may be repeated, and on nothing else', async () => {
    const app = new Koa();
    app.use((ctx) => {
      ctx.body = ctx.method;
    });
    const patience = { headersMs: 1_000, requestMs: 1_000 };
    const { server, url, treat } = await listen(app, { host: '127.0.0.1', port: 0 }, patience, {
      clock: systemClock,
      logger: quiet,
    });
    const ask = async (method: string): Promise<string> => {
      const response = await fetch(url, { method });
      await response.text();
      return `${response.status} ${response.headers.get('connection')}`;
    };
    try {
      assert.equal(await ask('GET'), '200 keep-alive');
      treat('leaving');
      assert.equal(await ask('GET'), '200 close');
      treat('gone');
      for (const method of ['GET', 'HEAD']) await assert.rejects(ask(method), method);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) assert.equal(await ask(method), '200 close');
    } finally {
      await stopListening(server, systemClock, 1_000);
    }
  });
});
