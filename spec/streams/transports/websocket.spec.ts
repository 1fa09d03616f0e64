import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

const ALLOWED = 'https://app.example.com';

function tick(index: number, symbol: string): object {
  return { symbol, price: String(1_000_000 + index), quantity: '0.01', side: 'buy' };
}

describe('WebSocket', () => {
  let app: TestApp;
  let admin: TestUser;
  let reader: TestUser;
  let portfolioId: string;
  const logged: string[] = [];
  const clients: SocketClient[] = [];

  before(async () => {
    const log = (line: string): void => void logged.push(line);
    app = await startApp({ log, env: { CORS_ORIGINS: ALLOWED, STREAM_QUEUE_KB: '64' } });
    admin = await app.user('admin');
    reader = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: reader, body: { name: 'Mine' } });
    portfolioId = body.id;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.cut();
  });
  after(() => app.close());

  async function push(from: number, count: number, symbol = 'BTC/KRW'): Promise<void> {
    const items = Array.from({ length: count }, (_, index) => tick(from + index, symbol));
    const answer = await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  function open(
    query = '',
    headers: Record<string, string> = { authorization: reader.authorization },
    options: { autoPong?: boolean } = {},
  ): SocketClient {
    const client = new SocketClient(`${app.url}/v1/ws${query}`, { headers, ...options });
    clients.push(client);
    return client;
  }

  async function login(): Promise<TestUser> {
    return await app.user();
  }

  const prices = (client: SocketClient, event: string): string[] =>
    client.of(event).map(({ data }) => data.price);

  describe('opening', () => {
    for (const [what, headers] of [
      ['nothing', {}],
      ['garbage', { authorization: 'Bearer garbage' }],
      ['a bad token in spite of a good cookie', { authorization: 'Bearer garbage', cookie: 'good' }],
    ] as [string, Record<string, string>][]) {
      it(`401 as a problem, before the upgrade, with ${what}`, async () => {
        const cookie = { cookie: `marktide_access=${reader.accessToken}` };
        const client = open('', 'cookie' in headers ? { ...headers, ...cookie } : headers);
        const { status, headers: answered, body } = await client.refused();
        assert.equal(status, 401);
        assert.equal(answered['content-type'], 'application/problem+json');
        assert.match(answered['www-authenticate'] ?? '', /^Bearer /);
        assert.equal(body.type, '/problems/unauthorized');
        assert.equal(answered['x-request-id'], body.requestId);
      });
    }

    it("404 for another's portfolio, 400 for what is no channel", async () => {
      const foreign = await open(`?channels=pnl:${portfolioId}`, {
        authorization: admin.authorization,
      }).refused();
      assert.equal(foreign.status, 404);
      const nonsense = await open('?channels=tickle:BTC').refused();
      assert.equal(nonsense.status, 400);
      assert.match(nonsense.body.detail ?? '', /is not a channel/);
    });

    it('the cookie counts from a page of this origin or an allowed one, and from no other', async () => {
      const cookie = `marktide_access=${reader.accessToken}`;
      for (const origin of [app.url, ALLOWED]) {
        await open('?channels=ticker:BTC/KRW', { cookie, origin }).ready();
      }
      for (const origin of ['https://evil.example', 'null', `${app.url}.evil.example`]) {
        assert.equal((await open('', { cookie, origin }).refused()).status, 401, origin);
      }
      assert.equal((await open('', { cookie }).refused()).status, 401, 'no origin');
      // A token is no cookie: a page elsewhere that has one was given it.
      const { authorization } = reader;
      await open('?channels=ticker:BTC/KRW', { authorization, origin: 'https://other.example' }).ready();
    });

    it('426 for a request without an upgrade, 400 for half a handshake, 404 for another path', async () => {
      const plain = await app.call('GET', '/v1/ws', { as: reader });
      assert.equal(plain.status, 426);
      assert.equal(plain.headers.get('upgrade'), 'websocket');
      const { authorization } = reader;
      const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', `Authorization: ${authorization}`];
      const v13 = 'Sec-WebSocket-Version: 13';
      assert.match(await raw('GET /v1/ws HTTP/1.1', [...upgrade, v13]), /^HTTP\/1.1 400 /);
      assert.match(await raw('GET /v1/nowhere HTTP/1.1', [...upgrade, v13]), /^HTTP\/1.1 404 /);
      assert.match(await raw('GET /v1/ws HTTP/1.1', upgrade), /^HTTP\/1.1 426 /);
    });

    it('an offer of HTTP/2 is ignored, body and keep-alive included', async () => {
      const body = JSON.stringify({ email: reader.email, password: 'wrong password' });
      const answer = await raw(
        'POST /v1/auth/login HTTP/1.1',
        [
          'Connection: Upgrade, HTTP2-Settings, close',
          'Upgrade: h2c',
          'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
        ],
        body,
      );
      assert.match(answer, /^HTTP\/1.1 401 /);
      assert.match(answer, /invalid-credentials/);
    });

    async function raw(line: string, headers: string[], body = ''): Promise<string> {
      const { port, hostname } = new URL(app.url);
      const socket = connect(Number(port), hostname);
      socket.setEncoding('utf8');
      let text = '';
      socket.on('data', (chunk: string) => {
        text += chunk;
      });
      socket.write([line, `Host: ${hostname}:${port}`, ...headers, '', body].join('\r\n'));
      await once(socket, 'close');
      return text;
    }
  });

  describe('channels', () => {
    it('by URL: state, ready with an id, then events in order, as over SSE', async () => {
      await push(0, 1);
      const client = open('?channels=ticker:BTC/KRW,trade:BTC/KRW');
      await client.ready();
      assert.deepEqual(
        client.events.map(({ event }) => event),
        ['welcome', 'ticker', 'ready'],
      );
      await push(1, 3);
      await client.until(() => client.of('trade').length === 3);
      assert.deepEqual(prices(client, 'trade'), ['1000001', '1000002', '1000003']);
      assert.match(client.lastEventId ?? '', /^[A-Za-z0-9._~-]{1,128}$/);
    });

    it('by message: the answer carries the ref and all channels', async () => {
      const client = open();
      await client.until(() => client.of('welcome').length === 1);
      client.send({ type: 'subscribe', channels: ['trade:BTC/KRW'], ref: 7 });
      await client.ready();
      assert.deepEqual(client.of('subscribed')[0]?.data, { channels: ['trade:BTC/KRW'], ref: 7 });
      client.send({ type: 'subscribe', channels: ['ticker:BTC/KRW'], ref: 'b' });
      await client.ready(2);
      assert.deepEqual(client.of('subscribed')[1]?.data.channels, ['trade:BTC/KRW', 'ticker:BTC/KRW']);
      client.send({ type: 'unsubscribe', channels: ['trade:BTC/KRW', 'ticker:BTC/KRW'], ref: 'c' });
      await client.until(() => client.of('unsubscribed').length === 1);
      await push(10, 1);
      client.send({ type: 'ping', ref: 1 });
      await client.until(() => client.of('pong').length === 1);
      assert.deepEqual(prices(client, 'trade'), []);
      assert.deepEqual(client.of('pong')[0]?.data, { ref: 1 });
    });

    it('resumes after a cut with the last id, also one that came over SSE', async () => {
      const channels = ['trade:BTC/KRW', `fills:${portfolioId}`];
      const first = open(`?channels=${channels.join(',')}`);
      await first.ready();
      await push(100, 5);
      await first.until(() => first.of('trade').length === 5);
      first.cut();
      await push(105, 5);
      const second = open();
      await second.until(() => second.of('welcome').length === 1);
      second.send({ type: 'subscribe', channels, lastEventId: first.lastEventId });
      await second.ready();
      assert.deepEqual(prices(second, 'trade'), ['1000105', '1000106', '1000107', '1000108', '1000109']);
      assert.equal(second.of('reset').length, 0);

      const sse = new StreamClient(`${app.url}/v1/streams?channels=${channels.join(',')}`, {
        headers: { authorization: reader.authorization },
        lastEventId: first.lastEventId,
      });
      await sse.ready();
      assert.deepEqual(
        sse.of('trade').map(({ data }) => data.price),
        prices(second, 'trade'),
      );
      sse.cut();
      await push(110, 1);
      const third = open(`?channels=${channels.join(',')}&lastEventId=${sse.lastEventId}`);
      await third.ready();
      assert.deepEqual(prices(third, 'trade'), ['1000110']);
    });

    it('resets on an id that is not one of ours, then sends the state', async () => {
      const client = open('?channels=ticker:BTC/KRW&lastEventId=nonsense');
      await client.ready();
      assert.deepEqual(
        client.events.map(({ event }) => event),
        ['welcome', 'reset', 'ticker', 'ready'],
      );
      assert.equal(client.of('reset')[0]?.data.reason, 'garbled');
      client.send({ type: 'subscribe', channels: ['trade:BTC/KRW'], lastEventId: 'nonsense', ref: 1 });
      await client.until(() => client.of('error').length === 1);
      assert.equal(client.of('error')[0]?.data.type, '/problems/invalid-cursor');
    });

    it('a change of channels loses and repeats nothing on those that stay', async () => {
      await push(200, 1, 'ETH/KRW');
      await push(200, 1, 'XRP/KRW');
      const client = open('?channels=trade:BTC/KRW,ticker:ETH/KRW');
      await client.ready();
      const rounds = 30;
      const pushing = (async () => {
        for (let round = 0; round < rounds * 4; round += 1) await push(1_000 + round * 5, 5);
      })();
      for (let round = 0; round < rounds; round += 1) {
        const channels = round % 3 === 2 ? [`pnl:${portfolioId}`] : ['trade:ETH/KRW', 'ticker:XRP/KRW'];
        client.send({ type: 'subscribe', channels });
        client.send({ type: 'unsubscribe', channels });
        await client.until(() => client.of('unsubscribed').length === round + 1);
      }
      await pushing;
      const total = rounds * 4 * 5;
      await client.until(() => client.of('trade').length >= total);
      assert.deepEqual(
        prices(client, 'trade'),
        Array.from({ length: total }, (_, index) => String(1_001_000 + index)),
      );
      const states = client.of('ticker').map(({ data }) => data.symbol);
      assert.equal(states.filter((symbol) => symbol === 'ETH/KRW').length, 1, 'known state is not repeated');
      assert.ok(states.includes('XRP/KRW'), 'a new channel gets its state');
      assert.equal(client.of('reset').length, 0);
    });

    it('messages sent at once are worked off in order, also before the first log is open', async () => {
      const client = open('?channels=trade:BTC/KRW');
      await once(client.ws, 'open');
      client.send({ type: 'subscribe', channels: [`pnl:${portfolioId}`], ref: 1 });
      client.send({ type: 'subscribe', channels: ['ticker:BTC/KRW'], ref: 2 });
      client.send({ type: 'unsubscribe', channels: ['trade:BTC/KRW'], ref: 3 });
      await client.until(() => client.of('unsubscribed').length === 1 && client.of('pnl').length > 0);
      assert.deepEqual(client.of('unsubscribed')[0]?.data.channels, [`pnl:${portfolioId}`, 'ticker:BTC/KRW']);
      await client.until(() => client.of('ticker').length > 0);
      assert.equal(client.of('pnl')[0]?.data.portfolioId, portfolioId);
    });

    it('a change before the first log is open keeps the id that the URL brought', async () => {
      const first = open('?channels=trade:BTC/KRW');
      await first.ready();
      const { lastEventId } = first;
      await push(400, 3);
      const client = open(`?channels=trade:BTC/KRW&lastEventId=${lastEventId}`);
      await once(client.ws, 'open');
      client.send({ type: 'subscribe', channels: [`pnl:${portfolioId}`] });
      await client.until(() => client.of('pnl').length > 0);
      assert.deepEqual(prices(client, 'trade'), ['1000400', '1000401', '1000402']);
    });

    it("an error, and no channel, for another's portfolio", async () => {
      const client = open('?channels=trade:BTC/KRW', { authorization: admin.authorization });
      await client.ready();
      client.send({ type: 'subscribe', channels: [`pnl:${portfolioId}`], ref: 'x' });
      await client.until(() => client.of('error').length === 1);
      const { type, status, ref } = client.of('error')[0]?.data;
      assert.deepEqual([type, status, ref], ['/problems/not-found', 404, 'x']);
      const [stream] = app.services.hub.streams().filter(({ owner }) => owner.userId === admin.id);
      assert.deepEqual(
        stream?.subscriber.channels.map(({ name }) => name),
        ['trade:BTC/KRW'],
      );
    });
  });

  describe('bad messages', () => {
    it('are answered with a problem; after ten in a row the socket is closed with 1008', async () => {
      const client = open('?channels=trade:BTC/KRW');
      await client.ready();
      const bad = ['{', '[]', '{"type":"shout"}', '{"type":"subscribe"}', '{"type":"ping","more":1}'];
      for (const text of bad) client.send(text);
      client.send({ type: 'subscribe', channels: ['nothing'], ref: 9 });
      await client.until(() => client.of('error').length === 6);
      assert.deepEqual(
        client.of('error').map(({ data }) => data.type.slice('/problems/'.length)),
        ['malformed-json', ...Array.from({ length: 5 }, () => 'invalid-request')],
      );
      assert.equal(client.of('error')[5]?.data.ref, 9);
      await push(300, 1);
      await client.until(() => client.of('trade').length === 1);
      for (let i = 0; i < 4; i += 1) client.send('{');
      await client.closed();
      assert.equal(client.closeCode, 1008);
    });

    it('binary ones close with 1003, too large ones with 1009, too many at once with 1008', async () => {
      const binary = open('?channels=trade:BTC/KRW');
      await binary.ready();
      binary.ws.send(Buffer.from('{"type":"ping"}'));
      await binary.closed();
      assert.equal(binary.closeCode, 1003);

      const large = open('?channels=trade:BTC/KRW');
      await large.ready();
      large.send('x'.repeat(64 * 1024 + 1));
      await large.closed();
      assert.equal(large.closeCode, 1009);

      const many = open('?channels=trade:BTC/KRW');
      await many.ready();
      for (let i = 0; i < 200; i += 1) many.send({ type: 'subscribe', channels: [`pnl:${portfolioId}`] });
      await many.closed();
      assert.equal(many.closeCode, 1008);
    });
  });

  describe('the end', () => {
    it('4401 when the session is revoked', async () => {
      const user = await login();
      const client = open('?channels=trade:BTC/KRW', { authorization: user.authorization });
      await client.ready();
      await app.call('POST', '/v1/auth/logout', { as: user });
      await client.closed();
      assert.deepEqual([client.closeCode, client.closeReason], [4401, 'revoked']);
      assert.equal(client.of('notice')[0]?.data.code, 'revoked');
      assert.ok(client.of('retry')[0]?.data.ms > 0);
    });

    it('4403 when a portfolio is deleted', async () => {
      const user = await login();
      const created = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Short' } });
      const client = open(`?channels=pnl:${created.body.id}`, { authorization: user.authorization });
      await client.ready();
      await app.call('DELETE', `/v1/portfolios/${created.body.id}`, { as: user });
      await client.closed();
      assert.equal(client.closeCode, 4403);
    });

    it('4408 for a reader that is too slow, and it resumes whole', async () => {
      const client = open('?channels=trade:BTC/KRW');
      await client.ready();
      const before = client.lastEventId;
      client.ws.pause();
      let pushed = 0;
      const isOpen = (): boolean =>
        app.services.hub.streams().some(({ owner }) => owner.userId === reader.id);
      while (isOpen()) {
        await push(10_000 + pushed, 500);
        pushed += 500;
        assert.ok(pushed < 100_000, 'it was never cut');
      }
      client.ws.resume();
      await client.closed();
      assert.equal(client.closeCode, 4408);
      const again = open(`?channels=trade:BTC/KRW&lastEventId=${client.lastEventId ?? before}`);
      await again.ready();
      assert.deepEqual(
        [...prices(client, 'trade'), ...prices(again, 'trade')],
        Array.from({ length: pushed }, (_, index) => String(1_010_000 + index)),
      );
    });

    it('leaves nothing behind in the hub', async () => {
      const client = open('?channels=trade:BTC/KRW');
      await client.ready();
      client.cut();
      await eventually(() => app.services.hub.streams().length === 0, 'the end of the stream');
    });
  });

  it('logs the request with its status and path, and never the query', async () => {
    logged.length = 0;
    const { body } = await app.call('POST', '/v1/auth/stream-token', { as: reader });
    const client = open(`?channels=trade:BTC/KRW&token=${body.token}`, {});
    await client.ready();
    const lines = logged.filter((line) => line.includes('/v1/ws'));
    assert.equal(lines.length, 1);
    assert.equal(JSON.parse(lines[0] ?? '').status, 101);
    assert.ok(!logged.join('').includes(body.token));
  });
});

describe('WebSocket limits and life', () => {
  async function withApp(env: Record<string, string>, body: (app: TestApp) => Promise<void>): Promise<void> {
    const app = await startApp({ env });
    try {
      await body(app);
    } finally {
      await app.close();
    }
  }

  function open(app: TestApp, user: TestUser, query = '?channels=ticker:*'): SocketClient {
    return new SocketClient(`${app.url}/v1/ws${query}`, { headers: { authorization: user.authorization } });
  }

  it('counts with the other streams of a user: 429 before the upgrade', () =>
    withApp({ STREAMS_PER_USER: '2' }, async (app) => {
      const user = await app.user();
      const sse = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
        headers: { authorization: user.authorization },
      });
      await sse.ready();
      // Without channels it counts all the same.
      const idle = open(app, user, '');
      await idle.until(() => idle.of('welcome').length === 1);
      const third = await open(app, user).refused();
      assert.equal(third.status, 429);
      assert.equal(third.headers['retry-after'], '5');
      idle.cut();
      sse.cut();
    }));

  it('ends when its access token expires: 4401', () =>
    withApp({ ACCESS_TOKEN_TTL: '2' }, async (app) => {
      const client = open(app, await app.user());
      await client.ready();
      await client.closed();
      assert.deepEqual([client.closeCode, client.closeReason], [4401, 'token-expired']);
    }));

  it('ends at its maximum age: 1001, however often the channels change', () =>
    withApp({ STREAM_MAX_AGE_MS: '1000' }, async (app) => {
      const client = open(app, await app.user());
      await client.ready();
      for (let i = 0; client.closeCode === null; i += 1) {
        client.send({ type: i % 2 === 0 ? 'subscribe' : 'unsubscribe', channels: ['trade:*'] });
        await Promise.race([client.ready(i + 2).catch(() => undefined), client.closed()]);
      }
      assert.equal(client.closeCode, 1001);
    }));

  it('cuts a peer that does not answer pings, and sends heartbeats to one that does', () =>
    withApp({ STREAM_HEARTBEAT_MS: '200' }, async (app) => {
      const user = await app.user();
      const alive = open(app, user);
      await alive.ready();
      const dead = new SocketClient(`${app.url}/v1/ws?channels=ticker:*`, {
        headers: { authorization: user.authorization },
        autoPong: false,
      });
      await dead.closed();
      assert.equal(dead.closeCode, 1006);
      await alive.until(() => alive.of('heartbeat').length > 2);
      assert.equal(app.services.hub.streams().length, 1);
      alive.cut();
    }));

  it('closes with 1012 and a retry time when the server goes down', () =>
    withApp({}, async (app) => {
      const user = await app.user();
      const client = open(app, user);
      await client.ready();
      const idle = open(app, user, '');
      await idle.until(() => idle.of('welcome').length === 1);
      await app.services.hub.drain(0);
      await client.closed();
      await idle.closed();
      assert.deepEqual([client.closeCode, idle.closeCode], [1012, 1012]);
      assert.ok(client.of('retry')[0]?.data.ms >= 1_000);
      const late = open(app, user);
      await late.closed();
      assert.equal(late.closeCode, 1012);
    }));

  it('market data alone is open to anybody with PUBLIC_MARKET, and a page elsewhere gains nothing', () =>
    withApp({ PUBLIC_MARKET: 'true' }, async (app) => {
      const user = await app.user();
      const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Mine' } });
      const client = new SocketClient(`${app.url}/v1/ws?channels=ticker:*`);
      await client.ready();
      client.send({ type: 'subscribe', channels: [`pnl:${body.id}`] });
      await client.until(() => client.of('error').length === 1);
      assert.equal(client.of('error')[0]?.data.status, 401);
      client.cut();
      const evil = new SocketClient(`${app.url}/v1/ws?channels=pnl:${body.id}`, {
        headers: { cookie: `marktide_access=${user.accessToken}`, origin: 'https://evil.example' },
      });
      assert.equal((await evil.refused()).status, 401);
      const own = new SocketClient(`${app.url}/v1/ws?channels=pnl:${body.id}`, {
        headers: { cookie: `marktide_access=${user.accessToken}`, origin: app.url },
      });
      await own.ready();
      own.cut();
    }));

  it('is not there with WEBSOCKET=false', () =>
    withApp({ WEBSOCKET: 'false' }, async (app) => {
      assert.equal((await open(app, await app.user()).refused()).status, 404);
    }));
});
