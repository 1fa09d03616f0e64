import assert from 'node:assert/strict';
import { systemClock } from '../../../lib/clock.ts';
import { newId } from '../../../lib/id.ts';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

interface Session {
  id: string;
  userId: string;
  transport: string;
  channels: string[];
  openedAt: string;
  ageMs: number;
  queuedBytes: number;
  sentEvents: number;
  conflated: number;
  lag: number;
}

async function sessionsOf(app: TestApp, as: TestUser, query = ''): Promise<Session[]> {
  const { status, body } = await app.call('GET', `/v1/streams/sessions${query}`, { as });
  assert.equal(status, 200, JSON.stringify(body));
  return body.items;
}

function market(app: TestApp, user: TestUser): StreamClient {
  return new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
    headers: { authorization: user.authorization },
  });
}

describe('stream sessions', () => {
  let app: TestApp;
  let admin: TestUser;
  let user: TestUser;
  let other: TestUser;

  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
    user = await app.user();
    other = await app.user();
  });
  after(() => app.close());

  it('are listed to their user, and all of them to an administrator', async () => {
    const symbols = ['BTC/KRW', 'ETH/KRW'];
    const items = symbols.map((symbol) => ({ symbol, price: '5', quantity: '1', side: 'buy' }));
    await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    const sse = market(app, user);
    await sse.ready();
    const ndjson = new StreamClient(`${app.url}/v1/streams?channels=trade:*`, {
      headers: { authorization: user.authorization, accept: 'application/x-ndjson' },
    });
    await ndjson.until(() => ndjson.body.includes('ready'));
    const ws = new SocketClient(`${app.url}/v1/ws?channels=trade:BTC/KRW`, {
      headers: { authorization: other.authorization },
    });
    await ws.ready();
    ws.send({ type: 'subscribe', channels: ['ticker:BTC/KRW'] });
    await ws.ready(2);

    const asked = Date.now();
    const mine = await sessionsOf(app, user);
    const answered = Date.now();
    assert.deepEqual(
      mine.map(({ transport, channels, userId, sentEvents }) => [transport, channels, userId, sentEvents]),
      [
        ['sse', ['ticker:*'], user.id, 2],
        ['ndjson', ['trade:*'], user.id, 0],
      ],
    );
    for (const { openedAt, ageMs, queuedBytes, conflated, lag } of mine) {
      const at = Date.parse(openedAt) + ageMs;
      assert.ok(at >= asked && at <= answered, `${openedAt} + ${ageMs} ms`);
      assert.deepEqual([queuedBytes, conflated, lag], [0, 0, 0]);
    }
    const [theirs] = await sessionsOf(app, other);
    assert.deepEqual(theirs?.channels, ['trade:BTC/KRW', 'ticker:BTC/KRW']);
    assert.equal(theirs?.id, ws.of('welcome')[0]?.data.id);
    assert.equal((await sessionsOf(app, admin)).length, 3);

    const first = await app.call('GET', '/v1/streams/sessions?limit=2', { as: admin });
    assert.equal(first.body.items.length, 2);
    const rest = await sessionsOf(app, admin, `?limit=2&cursor=${first.body.nextCursor}`);
    assert.deepEqual(
      rest.map(({ id }) => id),
      [theirs?.id],
    );
    for (const client of [sse, ndjson, ws]) client.cut();
  });

  it('show how far a reader that does not read is behind', async () => {
    const slow = new StreamClient(`${app.url}/v1/streams?channels=ticker:*,trade:*`, {
      headers: { authorization: user.authorization },
    });
    await slow.ready();
    slow.pause();
    const items = Array.from({ length: 1_000 }, (_, index) => ({
      symbol: 'BTC/KRW',
      price: String(1 + index),
      quantity: '1',
      side: 'buy',
    }));
    let session: Session | undefined;
    for (let round = 0; round < 30 && !(session && session.lag > 0); round += 1) {
      await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
      session = (await sessionsOf(app, user)).find(({ channels }) => channels.length === 2);
      if (session === undefined) break;
    }
    assert.ok(session !== undefined && session.lag > 0 && session.queuedBytes > 10_000);
    assert.ok(session.conflated > 0);
    slow.cut();
  });

  it("end on request: their own, or any for an administrator; another's are as none", async () => {
    const [mine, theirs] = [market(app, user), market(app, other)];
    await Promise.all([mine.ready(), theirs.ready()]);
    const id = async (as: TestUser): Promise<string> => (await sessionsOf(app, as)).at(-1)?.id ?? '';
    const end = async (sessionId: string, as: TestUser): Promise<number> =>
      (await app.call('DELETE', `/v1/streams/sessions/${sessionId}`, { as })).status;
    const [mineId, theirsId] = [await id(user), await id(other)];
    assert.equal(await end(theirsId, user), 404);
    assert.equal(await end(newId(systemClock), admin), 404);
    assert.equal(await end('nonsense', admin), 404);
    assert.equal(theirs.isClosed, false);
    assert.equal(await end(mineId, user), 204);
    await mine.closed();
    assert.equal(mine.of('notice')[0]?.data.code, 'ended');
    assert.equal(await end(mineId, user), 404);
    assert.equal(await end(theirsId, admin), 204);
    await theirs.closed();
  });

  it('close a WebSocket with 1000', async () => {
    const ws = new SocketClient(`${app.url}/v1/ws`, { headers: { authorization: user.authorization } });
    await ws.until(() => ws.of('welcome').length === 1);
    const { id } = ws.of('welcome')[0]?.data;
    assert.equal((await app.call('DELETE', `/v1/streams/sessions/${id}`, { as: user })).status, 204);
    await ws.closed();
    assert.deepEqual([ws.closeCode, ws.closeReason], [1000, 'ended']);
  });
});

(redisAvailable() && postgresAvailable() ? describe : describe.skip)(
  'stream sessions of two nodes on one Redis',
  () => {
    let redis: RedisServer;
    let one: TestApp;
    let two: TestApp;

    before(async () => {
      redis = await startRedisServer();
      const options = { env: { REDIS_URL: redis.url }, databaseUrl: await newPostgresDatabase() };
      one = await startApp(options);
      two = await startApp(options);
    });
    after(async () => {
      await one?.close();
      await two?.close();
      await redis?.stop();
    });

    it('are listed by either node, in pages over both', async () => {
      const [reader, admin, stranger] = [await one.user(), await two.user('admin'), await two.user()];
      const clients: StreamClient[] = [];
      for (const [app, user] of [
        [one, reader],
        [two, stranger],
        [one, reader],
        [two, admin],
      ] as const) {
        const client = market(app, user);
        await client.ready();
        clients.push(client);
      }
      const ids = (await sessionsOf(two, admin)).map(({ id }) => id);
      assert.equal(ids.length, 4);
      assert.deepEqual(ids, [...ids].sort());
      const { body } = await two.call('GET', '/v1/streams/sessions?limit=2', { as: admin });
      assert.equal(body.silentNodes, 0);
      const rest = await sessionsOf(two, admin, `?limit=2&cursor=${body.nextCursor}`);
      assert.deepEqual(
        [...body.items, ...rest].map(({ id }) => id),
        ids,
      );
      assert.equal((await sessionsOf(one, reader)).length, 2);
      assert.equal((await sessionsOf(two, stranger)).length, 1);
      for (const client of clients) client.cut();
      await Promise.all(clients.map((client) => client.closed()));
      await eventually(async () => (await sessionsOf(two, admin)).length === 0, 'the end of all streams');
    });

    it('are ended by a node that does not serve them', async () => {
      // Each node has a database of its own here; an administrator of either may end any stream.
      const [reader, admin, stranger] = [await one.user(), await two.user('admin'), await two.user()];
      const client = market(one, reader);
      await client.ready();
      const [session] = await sessionsOf(one, reader);
      const path = `/v1/streams/sessions/${session?.id}`;
      assert.deepEqual(await sessionsOf(two, stranger), []);
      assert.deepEqual(
        (await sessionsOf(two, admin)).map(({ id }) => id),
        [session?.id],
      );
      assert.equal((await two.call('DELETE', path, { as: stranger })).status, 404);
      assert.equal(client.isClosed, false);
      assert.equal((await two.call('DELETE', path, { as: admin })).status, 204);
      await client.closed();
      assert.equal(client.of('notice')[0]?.data.code, 'ended');
      assert.equal((await two.call('DELETE', path, { as: admin })).status, 404);
    });
  },
);
