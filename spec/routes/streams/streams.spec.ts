import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { EVENT_SOURCE, StreamClient } from '../../support/stream-client.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

describe('a stream over HTTP', () => {
  let app: TestApp;
  let admin: TestUser;
  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
  });
  after(() => app.close());

  async function push(...ticks: [symbol: string, price: number][]): Promise<void> {
    const items = ticks.map(([symbol, price]) => ({ symbol, price: String(price), quantity: '1' }));
    const { status } = await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    assert.equal(status, 200);
  }

  function open(path: string, headers: Record<string, string> = {}): StreamClient {
    return new StreamClient(app.url + path, { headers: { authorization: admin.authorization, ...headers } });
  }

  const lines = (client: StreamClient): { event: string; id?: string; data?: unknown }[] =>
    client.body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('is kept from being stored, changed or gathered on its way', async () => {
    const client = open('/v1/streams?channels=trade:*');
    await client.ready();
    assert.equal(client.headers['content-type'], 'text/event-stream');
    assert.equal(client.headers['cache-control'], 'no-store, no-transform');
    assert.equal(client.headers['x-accel-buffering'], 'no');
    assert.equal(client.headers['content-encoding'], undefined);
    client.cut();
  });

  it('is one JSON object a line for who accepts NDJSON, and resumes from the id in the query', async () => {
    const path = '/v1/streams?channels=trade:LINE/KRW';
    const accept = 'application/x-ndjson';
    const client = open(path, { accept });
    await client.until(() => client.body.includes('"ready"'), 'ready');
    assert.equal(client.headers['content-type'], accept);
    await push(['LINE/KRW', 1], ['LINE/KRW', 2], ['LINE/KRW', 3]);
    const trades = (from: StreamClient): { price: string }[] =>
      lines(from)
        .filter(({ event }) => event === 'trade')
        .map(({ data }) => data as { price: string });
    await client.until(() => trades(client).length === 3, 'three trades');
    const second = lines(client).filter(({ event }) => event === 'trade')[1]?.id ?? '';
    client.cut();
    const again = open(`${path}&lastEventId=${second}`, { accept });
    await again.until(() => again.body.includes('"ready"'), 'ready');
    assert.deepEqual(
      trades(again).map(({ price }) => price),
      ['3'],
    );
    again.cut();
  });

  for (const accept of ['text/csv', 'text/event-stream;q=0', 'text/event-stream; charset=utf-8; q=0']) {
    it(`406 for a client that accepts ${accept}`, async () => {
      const answer = await app.call('GET', '/v1/streams?channels=trade:*', {
        as: admin,
        headers: { accept },
      });
      assertProblem(answer, 406, 'not-acceptable');
    });
  }

  for (const [accept, type] of [
    ['text/event-stream; charset=utf-8', 'text/event-stream'],
    ['TEXT/Event-Stream;Charset="utf-8";q=0.9', 'text/event-stream'],
    ['text/*', 'text/event-stream'],
    ['application/x-ndjson; version=1', 'application/x-ndjson'],
    ['text/event-stream;charset=utf-8;q=0.5, application/x-ndjson', 'application/x-ndjson'],
    ['application/x-ndjson;q=0.5, text/event-stream;charset=utf-8', 'text/event-stream'],
    ['text/event-stream;q=0, application/x-ndjson;q=0.1', 'application/x-ndjson'],
  ] as const) {
    it(`${type} for a client that accepts ${accept}`, async () => {
      const client = open('/v1/streams?channels=trade:*', { accept });
      await client.until(() => client.body.includes('ready'), 'ready');
      assert.equal(client.headers['content-type'], type);
      client.cut();
    });
  }

  it('with replay=latest leaves out the states in between, but no event', async () => {
    const path = '/v1/streams?channels=ticker:LAST/KRW,ticker:OTHER/KRW,trade:LAST/KRW';
    const before = open(path);
    await before.ready();
    await push(['LAST/KRW', 1], ['OTHER/KRW', 1]);
    await before.until(() => before.of('ticker').length === 2, 'the first prices');
    before.cut();
    const missed = Array.from({ length: 40 }, (_, index): [string, number] => ['LAST/KRW', 2 + index]);
    await push(...missed);
    const id = encodeURIComponent(before.lastEventId ?? '');
    const prices = (client: StreamClient, event: string): string[] =>
      client.of(event).map(({ data }) => `${data.symbol} ${data.price}`);
    const latest = open(`${path}&replay=latest&lastEventId=${id}`);
    const full = open(`${path}&lastEventId=${id}`);
    for (const client of [latest, full]) {
      await client.ready();
      assert.equal(client.of('reset').length, 0);
      assert.deepEqual(
        prices(client, 'trade'),
        missed.map(([symbol, price]) => `${symbol} ${price}`),
      );
    }
    // The other symbol has not moved: its state is known to the client.
    assert.deepEqual(prices(latest, 'ticker'), ['LAST/KRW 41']);
    assert.deepEqual(
      prices(full, 'ticker'),
      missed.map(([symbol, price]) => `${symbol} ${price}`),
    );
    await push(['OTHER/KRW', 2]);
    await latest.until(() => prices(latest, 'ticker').at(-1) === 'OTHER/KRW 2', 'what is live');
    for (const client of [latest, full]) client.cut();
  });

  it('gathers as long as ?flush= says, on every transport', async () => {
    const flushOf = (id: string): number | null | undefined =>
      app.services.hub.streams().find((stream) => stream.id === id)?.subscriber.flushMs;
    const known = new Set(app.services.hub.streams().map(({ id }) => id));
    const client = open('/v1/streams/market?flush=250');
    await client.ready();
    const [stream] = app.services.hub.streams().filter(({ id }) => !known.has(id));
    assert.equal(flushOf(stream?.id ?? ''), 250);
    const socket = new SocketClient(`${app.url}/v1/ws?channels=trade:*&flush=0`, {
      headers: { authorization: admin.authorization },
    });
    await socket.until(() => socket.of('ready').length > 0, 'ready');
    const id: string = socket.of('welcome')[0]?.data.id;
    assert.equal(flushOf(id), 0);
    socket.send({ type: 'subscribe', channels: ['ticker:*'] });
    await socket.until(() => socket.of('subscribed').length > 0, 'subscribed');
    assert.equal(flushOf(id), 0, 'a change of channels leaves it as it is');
    client.cut();
    socket.cut();
    for (const value of ['-1', '1001', '1.5', 'x']) {
      const answer = await app.call('GET', `/v1/streams/market?flush=${value}`, { as: admin });
      assertProblem(answer, 400, 'invalid-request', value);
      assertNames(answer, ['flush'], value);
    }
  });
});

describe('the number of streams of those who have not logged in', () => {
  let app: TestApp;
  before(async () => {
    const env = { PUBLIC_MARKET: 'true', TRUST_PROXY: '1', STREAMS_PER_ADDRESS: '2', STREAMS_PER_USER: '1' };
    app = await startApp({ env });
  });
  after(() => app.close());

  async function open(address: string): Promise<StreamClient> {
    const client = new StreamClient(`${app.url}/v1/streams/market`, {
      headers: { 'x-forwarded-for': address },
    });
    await client.until(() => client.status !== 0, 'an answer');
    return client;
  }

  it('is limited per address, a /64 of IPv6 being one, whatever the transport; places are given back', async () => {
    const [first, second] = [await open('203.0.113.1'), await open('203.0.113.1')];
    const refused = await open('203.0.113.1');
    assert.deepEqual([first.status, second.status, refused.status], [200, 200, 429]);
    assert.equal(refused.headers['retry-after'], '5');
    const headers = { 'x-forwarded-for': '203.0.113.1' };
    const socket = new SocketClient(`${app.url}/v1/ws`, { headers });
    await socket.closed();
    assert.equal(socket.refusal?.status, 429);
    const others = await Promise.all(['203.0.113.2', '2001:db8::1', '2001:db8::2'].map(open));
    assert.deepEqual(
      others.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal((await open('2001:db8::3')).status, 429);
    first.cut();
    const { hub } = app.services;
    await eventually(() => hub.streams().length <= 4, 'the end of a stream');
    const again = await open('203.0.113.1');
    assert.equal(again.status, 200);
    // Who logs in counts as who they are.
    const { authorization } = await app.user();
    const own = new StreamClient(`${app.url}/v1/streams/market`, { headers: { ...headers, authorization } });
    await own.ready();
    for (const client of [second, again, own, ...others]) client.cut();
  });
});

describe('the number of streams', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({ env: { STREAMS_PER_USER: '3', STREAMS_MAX: '5' } });
  });
  after(() => app.close());

  const path = '/v1/streams?channels=trade:*';

  async function openAtOnce(user: TestUser, count: number): Promise<StreamClient[]> {
    const clients = Array.from(
      { length: count },
      () => new StreamClient(app.url + path, { headers: { authorization: user.authorization } }),
    );
    for (const client of clients) await client.until(() => client.status !== 0, 'an answer');
    return clients;
  }

  const statuses = (clients: readonly StreamClient[]): number[] =>
    clients.map(({ status }) => status).sort((a, b) => a - b);

  /** An `EventSource` would be dead for good after 429 or 503. */
  async function assertToldToComeBack(
    user: TestUser,
    code: string,
    asked: { accept: string } = EVENT_SOURCE,
  ): Promise<void> {
    const headers = { ...asked, authorization: user.authorization };
    const source = new StreamClient(app.url + path, { headers });
    await source.closed();
    assert.deepEqual([source.status, source.headers['content-type']], [200, 'text/event-stream']);
    assert.equal(source.headers['cache-control'], 'no-store, no-transform');
    assert.deepEqual(
      source.events.map(({ event, id, data }) => [event, id, data.code]),
      [['notice', null, code]],
    );
    assert.ok((source.retry ?? 0) > 5_000, `retry: ${source.retry}`);
  }

  it('is limited per user and per process, also for many who come at once, and places are given back', async () => {
    const [first, second] = [await app.user(), await app.user()];
    // Neither takes a place: one is over at once, the other one never begins.
    assert.equal((await app.call('HEAD', path, { as: first })).status, 200);
    assert.equal((await app.call('GET', path, { as: first, headers: { accept: 'text/csv' } })).status, 406);
    const own = await openAtOnce(first, 12);
    assert.deepEqual(statuses(own), [...Array(3).fill(200), ...Array(9).fill(429)]);
    await assertToldToComeBack(first, 'rate-limited');
    await assertToldToComeBack(first, 'rate-limited', { accept: 'text/event-stream; charset=utf-8' });
    const others = await openAtOnce(second, 3);
    assert.deepEqual(statuses(others), [200, 200, 503]);
    await assertToldToComeBack(second, 'unavailable');

    // What does not go by with time ends it, as it should.
    const stranger = new StreamClient(app.url + path, { headers: EVENT_SOURCE });
    await stranger.closed();
    assert.equal(stranger.status, 401);

    for (const client of own) client.cut();
    const { hub } = app.services;
    await eventually(() => hub.streams().length <= 2, 'the end of the streams');
    const again = await openAtOnce(second, 2);
    assert.deepEqual(statuses(again), [200, 429]);
    for (const client of [...others, ...again]) client.cut();
  });
});

describe('streams of one user that resume', () => {
  let app: TestApp;
  let user: TestUser;
  let friend: TestUser;
  before(async () => {
    app = await startApp({ env: { REPLAYS_PER_USER: '1' } });
    [user, friend] = [await app.user(), await app.user()];
  });
  after(() => app.close());

  it('wait for each other over every transport, and hold no other user up', async () => {
    const { replays } = app.services.hub;
    const path = '/v1/streams?channels=trade:*';
    const open = ({ authorization }: TestUser, lastEventId?: string): StreamClient =>
      new StreamClient(app.url + path, {
        headers: { authorization, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
      });
    const first = open(user);
    await first.ready();
    const { lastEventId: lastId } = first;
    assert.ok(lastId);
    first.cut();

    const slot = replays.take(user.id);
    const again = open(user, lastId);
    const socket = new SocketClient(app.url + path.replace('streams', 'ws') + `&lastEventId=${lastId}`, {
      headers: { authorization: user.authorization },
    });
    await again.until(() => again.status === 200, 'the head');
    await socket.until(() => socket.of('welcome').length > 0, 'welcome');
    const theirs = open(friend, lastId);
    await theirs.ready();
    // Neither a stream without an id waits.
    const fresh = open(user);
    await fresh.ready();
    assert.deepEqual([again.of('ready').length, socket.of('ready').length, replays.size], [0, 0, 1]);
    slot.release();
    await again.ready();
    await socket.until(() => socket.of('ready').length > 0, 'ready');
    for (const client of [again, theirs, fresh, socket]) client.cut();
  });
});
