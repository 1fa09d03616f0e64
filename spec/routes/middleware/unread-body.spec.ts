import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import Koa from 'koa';
import { endUnreadBodies } from '../../../routes/middleware/unread-body.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually, within } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** More than Node.js reads ahead of a handler, and more than a JSON body may have. */
const LARGE = 200_000;

/** A request by its line and headers, without those that frame its body. */
interface Refusal {
  what: string;
  status: number;
  head: string;
}

/** A client on a bare socket that reads answers one by one. */
class BareClient {
  readonly #socket: Socket;
  #text = '';
  /** Whether the last request was one whose answer has no body. */
  #isHead = false;
  isClosed = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => (this.#text += text));
    this.#socket.on('error', () => undefined);
    this.#socket.once('end', () => (this.isClosed = true));
    this.#socket.once('close', () => (this.isClosed = true));
  }

  send(text: string): void {
    this.#isHead = text.startsWith('HEAD');
    if (this.#socket.writable) this.#socket.write(text);
  }

  /** Waits for something to come, or for the end. */
  async #more(): Promise<void> {
    const waits = new AbortController();
    const { signal } = waits;
    await Promise.race(['data', 'end', 'close'].map((name) => once(this.#socket, name, { signal }))).catch(
      () => undefined,
    );
    waits.abort();
  }

  /** The next answer, body and all. @throws when the connection ends before it */
  async answer(): Promise<{ status: number; head: string; body: string }> {
    for (;;) {
      const end = this.#text.indexOf('\r\n\r\n');
      const head = this.#text.slice(0, end);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
      const length = this.#isHead ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (end !== -1 && this.#text.length >= end + 4 + length) {
        const body = this.#text.slice(end + 4, end + 4 + length);
        this.#text = this.#text.slice(end + 4 + length);
        return { status, head, body };
      }
      if (this.isClosed) throw new Error(`the connection ended with ${JSON.stringify(this.#text)}`);
      await this.#more();
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#more();
  }

  end(): void {
    this.#socket.destroy();
  }
}

describe('an answer that is given before its body was read', () => {
  let app: TestApp;
  let limited: TestApp;
  let user: TestUser;
  let viewer: TestUser;
  let trades: string;
  let refusals: Refusal[];

  const clients: BareClient[] = [];
  const connected = (url: string): BareClient => {
    const client = new BareClient(url);
    clients.push(client);
    return client;
  };
  afterEach(() => {
    for (const client of clients.splice(0)) client.end();
  });

  before(async () => {
    app = await startApp({ env: { CORS_ORIGINS: 'https://app.example.com' } });
    limited = await startApp({ env: { RATE_LIMIT_ADDRESS: '1' } });
    await limited.call('GET', '/v1/portfolios');
    user = await app.user();
    viewer = await app.user('viewer');
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    trades = `/v1/portfolios/${body.id}/trades`;
    const as = (who: TestUser): string => `Authorization: ${who.authorization}\r\n`;
    const json = 'Content-Type: application/json\r\n';
    const csv = 'Content-Type: text/csv\r\n';
    const websocket =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    refusals = [
      { what: '401', status: 401, head: `POST ${trades} HTTP/1.1\r\n${json}` },
      { what: '401 of an import', status: 401, head: `POST ${trades}/import HTTP/1.1\r\n${csv}` },
      { what: '403', status: 403, head: `POST /v1/market/ticks HTTP/1.1\r\n${as(viewer)}${json}` },
      { what: '404', status: 404, head: `POST /nothing HTTP/1.1\r\n${as(user)}${json}` },
      { what: '405', status: 405, head: `PUT ${trades} HTTP/1.1\r\n${as(user)}${json}` },
      { what: '413', status: 413, head: `POST /v1/portfolios HTTP/1.1\r\n${as(user)}${json}` },
      { what: '413 of anybody', status: 413, head: `POST /v1/auth/login HTTP/1.1\r\n${json}` },
      {
        what: '415',
        status: 415,
        head: `POST ${trades} HTTP/1.1\r\n${as(user)}Content-Type: text/plain\r\n`,
      },
      {
        what: '415 of a charset',
        status: 415,
        head: `POST ${trades} HTTP/1.1\r\n${as(user)}Content-Type: application/json; charset=x\r\n`,
      },
      {
        what: '415 of an encoding',
        status: 415,
        head: `POST ${trades} HTTP/1.1\r\n${as(user)}${json}Content-Encoding: gzip\r\n`,
      },
      {
        what: '415 of an import',
        status: 415,
        head: `POST ${trades}/import HTTP/1.1\r\n${as(user)}${json}`,
      },
      { what: '400 of an import', status: 400, head: `POST ${trades}/import HTTP/1.1\r\n${as(user)}${csv}` },
      { what: '400 of a query', status: 400, head: `POST ${trades}?x=1 HTTP/1.1\r\n${as(user)}${json}` },
      { what: 'GET', status: 200, head: `GET /healthz HTTP/1.1\r\n` },
      { what: 'HEAD', status: 200, head: `HEAD /healthz HTTP/1.1\r\n` },
      { what: 'DELETE', status: 404, head: `DELETE ${trades}/${user.id} HTTP/1.1\r\n${as(user)}` },
      {
        what: 'a preflight',
        status: 204,
        head: `OPTIONS ${trades} HTTP/1.1\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: POST\r\n`,
      },
      { what: 'OPTIONS', status: 204, head: `OPTIONS ${trades} HTTP/1.1\r\n` },
      { what: 'a file of the page', status: 200, head: `GET /favicon.svg HTTP/1.1\r\n` },
      { what: 'a stream', status: 400, head: `GET /v1/streams?channels=ticker:* HTTP/1.1\r\n${as(user)}` },
      { what: 'a stream of nobody', status: 400, head: `GET /v1/streams HTTP/1.1\r\n` },
      { what: 'a WebSocket', status: 400, head: `GET /v1/ws HTTP/1.1\r\n${as(user)}${websocket}` },
      { what: 'no WebSocket', status: 400, head: `GET /v1/ws HTTP/1.1\r\n${as(user)}` },
    ];
  });
  after(() => Promise.all([app?.close(), limited?.close()]));

  const sized = (length: number): string => `Content-Length: ${length}\r\n\r\n`;

  /** After an answer the next request is answered, or the client has been told that there is no next one. */
  async function goesOn(client: BareClient, { what, status }: Refusal): Promise<void> {
    const first = await client.answer();
    assert.equal(first.status, status, `${what}: ${first.head} ${first.body}`);
    const isLast = /\r\nconnection: [^\r]*close/i.test(first.head);
    if (!isLast) {
      client.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.equal((await client.answer()).status, 200, `${what}: the next request`);
    } else {
      await client.closed();
    }
  }

  it('leaves a connection that still works, or none, when the whole body has been sent', async () => {
    for (const refusal of refusals) {
      for (const length of [1, 20_000, LARGE]) {
        // Small bodies are read, and found to be wrong.
        if (length !== LARGE && refusal.what.startsWith('413')) continue;
        const client = connected(app.url);
        client.send(`${refusal.head}Host: localhost\r\n${sized(length)}${'\u0001'.repeat(length)}`);
        await goesOn(client, refusal);
      }
    }
  });

  it('leaves none when the body has not come, and says so', async () => {
    for (const refusal of refusals) {
      // Of an import, nothing is known before something has come.
      const sent = refusal.what === '400 of an import' ? '\u0000'.repeat(LARGE) : '{';
      for (const framing of [
        `${sized(2 * LARGE)}${sent}`,
        `Transfer-Encoding: chunked\r\n\r\n${sent.length.toString(16)}\r\n${sent}`,
      ]) {
        // A chunked body has no size to refuse.
        if (framing.startsWith('Transfer') && refusal.what.startsWith('413')) continue;
        const client = connected(app.url);
        client.send(`${refusal.head}Host: localhost\r\n${framing}`);
        const { status, head } = await client.answer();
        assert.equal(status, refusal.status, `${refusal.what}: ${head}`);
        assert.match(head, /\r\nconnection: [^\r]*close/i, refusal.what);
        await client.closed();
      }
    }
  });

  it('leaves none when a chunked body goes beyond its limit', async () => {
    const client = connected(app.url);
    client.send(
      'POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    client.send(`${LARGE.toString(16)}\r\n${' '.repeat(LARGE)}`);
    const { status, head } = await client.answer();
    assert.equal(status, 413);
    assert.match(head, /\r\nconnection: close/i);
    await client.closed();
  });

  it('is the same for who has asked too often', async () => {
    for (const length of [10, LARGE]) {
      const client = connected(limited.url);
      client.send(
        `POST ${trades} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${sized(2 * length)}${' '.repeat(length)}`,
      );
      const { status, head } = await client.answer();
      assert.equal(status, 429);
      assert.match(head, /\r\nconnection: close/i);
      await client.closed();
    }
  });

  it('comes without a 100 Continue, which only a body that is wanted gets', async () => {
    const expecting = (head: string): BareClient => {
      const client = connected(app.url);
      client.send(
        `${head}Host: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n${sized(12)}`,
      );
      return client;
    };
    const refused = expecting('POST /v1/portfolios HTTP/1.1\r\n');
    const { status, head } = await refused.answer();
    assert.equal(status, 401);
    assert.match(head, /\r\nconnection: close/i);
    await refused.closed();
    const wanted = expecting(`POST /v1/portfolios HTTP/1.1\r\nAuthorization: ${user.authorization}\r\n`);
    assert.equal((await wanted.answer()).status, 100);
    wanted.send('{"name":"x"}');
    assert.equal((await wanted.answer()).status, 201);
  });

  it('reaches a client that goes on sending: what it sends is dropped', async () => {
    const client = connected(app.url);
    const { what, status, head } = refusals[0] as Refusal;
    client.send(`${head}Host: localhost\r\n${sized(20 * LARGE)}`);
    for (let n = 0; n < 20; n += 1) client.send(' '.repeat(LARGE));
    assert.equal((await client.answer()).status, status, what);
    await client.closed();
  });

  it('is the last: a request behind the body is not carried out', async () => {
    const client = connected(app.url);
    client.send(`DELETE ${trades} HTTP/1.1\r\nHost: localhost\r\n${sized(10)}`);
    assert.equal((await client.answer()).status, 405);
    const create = `POST /v1/portfolios HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.authorization}\r\n`;
    client.send(`${' '.repeat(10)}${create}Content-Type: application/json\r\n${sized(15)}{"name":"behind"}`);
    await client.closed();
    const { body } = await app.call('GET', '/v1/portfolios', { as: user });
    assert.ok(!JSON.stringify(body).includes('behind'));
  });
});

describe('what is left of a body when the answer is given', () => {
  /** More than the kernel keeps on both sides of a connection. */
  const BODY = 32 * 2 ** 20;

  for (const framing of ['Content-Length', 'Transfer-Encoding']) {
    it(`is taken from a client that reads only when it has sent all (${framing})`, async () => {
      const clock = new VirtualClock();
      const app = new Koa();
      app.use(endUnreadBodies(clock));
      app.use(async (ctx) => {
        // Nobody reads, so Node.js has stopped reading from the connection.
        await eventually(() => ctx.req.socket.isPaused(), 'the connection to be paused');
        ctx.status = 403;
      });
      const server = createServer(app.callback()).listen(0);
      await once(server, 'listening');
      const client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
      try {
        const head = `POST / HTTP/1.1\r\nHost: localhost\r\n`;
        const body = Buffer.alloc(BODY, ' ');
        if (framing === 'Content-Length') client.write(`${head}${framing}: ${BODY}\r\n\r\n`);
        else client.write(`${head}${framing}: chunked\r\n\r\n${BODY.toString(16)}\r\n`);
        const sent = new Promise<void>((resolve, reject) => {
          client.once('error', reject);
          client.write(body, () =>
            client.write(framing === 'Content-Length' ? '' : '\r\n0\r\n\r\n', () => resolve()),
          );
        });
        await within(sent, 'sending the body', 20_000);
        let answer = '';
        client.setEncoding('latin1').on('data', (text: string) => (answer += text));
        await once(client, 'end');
        assert.match(answer, /^HTTP\/1\.1 403 [^]*\r\nconnection: close/i);
      } finally {
        client.destroy();
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
      await eventually(() => clock.pending === 0, 'the timers to be cancelled');
    });
  }
});
