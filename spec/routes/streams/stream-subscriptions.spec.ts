import assert from 'node:assert/strict';
import {
  deleteExpiredSubscriptions,
  SUBSCRIPTION_LIFE_MS,
  UNOPENED_LIFE_MS,
} from '../../../db/users/stream-subscriptions.ts';
import { MAX_CHANNELS } from '../../../streams/core/channel.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { onFleet } from '../../support/fleet.ts';
import { share } from '../../support/share.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { NO_ID } from '../../support/routes/door.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const PATH = '/v1/streams/subscriptions';
const HOUR_MS = 3_600_000;

/** As long as names get, and as many as there may be. */
const LONGEST = Array.from(
  { length: MAX_CHANNELS },
  (_, index) => `candle:${`A${index}`.padEnd(20, 'X')}/${'Y'.repeat(20)}:15m`,
);

describe('a subscription', () => {
  let app: TestApp;
  let admin: TestUser;
  let user: TestUser;
  let key: { 'x-api-key': string };
  const clock = new ShiftedClock();
  const clients: { cut(): void }[] = [];

  before(async () => {
    app = await startApp({ clock, env: { PUBLIC_MARKET: 'true', STREAMS_PER_USER: '4' } });
    [admin, user] = [await app.user('admin'), await app.user()];
    // A login would not last for as long as the clock is turned.
    const body = { name: 'Reader', scopes: ['read'] };
    key = { 'x-api-key': (await app.call('POST', '/v1/api-keys', { as: user, body })).body.key };
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.cut();
    clock.shift = 0;
    await app.services.db('stream_subscriptions').delete();
  });
  after(() => app.close());

  async function subscribe(channels: readonly string[], as = user): Promise<Answer> {
    return await app.call('POST', PATH, { as, body: { channels } });
  }

  /** @returns its id */
  async function made(channels: readonly string[], as = user): Promise<string> {
    const answer = await subscribe(channels, as);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.id;
  }

  function open(query: string, headers: Record<string, string> = key): StreamClient {
    const client = new StreamClient(`${app.url}/v1/streams?${query}`, { headers });
    clients.push(client);
    return client;
  }

  async function statusOf(id: string, headers: Record<string, string> = key): Promise<number> {
    const client = open(`subscription=${id}`, headers);
    await client.until(() => client.status !== 0);
    client.cut();
    return client.status;
  }

  async function trade(price: string): Promise<void> {
    const body = { symbol: 'BTC/KRW', price, quantity: '1' };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body })).status, 200);
  }

  it('opens as many channels as there may be, of the longest names, where a URL holds far fewer', async () => {
    const { status, body } = await subscribe(LONGEST);
    assert.equal(status, 201);
    assert.equal(body.channelCount, 500);
    assert.equal(body.url, `/v1/streams?subscription=${body.id}`);
    const life = Date.parse(body.expiresAt) - Date.now();
    assert.ok(life > UNOPENED_LIFE_MS - 60_000 && life <= UNOPENED_LIFE_MS);
    const client = open(`subscription=${body.id}`);
    await client.ready();
    assert.deepEqual(client.of('ready')[0]?.data.channels, LONGEST);
    const named = await app.call('GET', `/v1/streams?channels=${LONGEST.join(',')}`);
    assert.equal(named.status, 431);
    const fewer = await app.call('GET', `/v1/streams?channels=${LONGEST.slice(0, 200).join(',')}`);
    assertProblem(fewer, 414, 'uri-too-long');
  });

  it('opens over every transport and by every credential of its user', async () => {
    const id = await made(['ticker:BTC/KRW', 'trade:BTC/KRW']);
    const { body } = await app.call('POST', '/v1/auth/stream-token', { as: user });
    const lines = open(`subscription=${id}`, {
      accept: 'application/x-ndjson',
      authorization: user.authorization,
    });
    const byToken = open(`subscription=${id}&token=${body.token}`, {});
    const byUrl = new SocketClient(`${app.url}/v1/ws?subscription=${id}`, { headers: key });
    const byMessage = new SocketClient(`${app.url}/v1/ws?token=${body.token}&channels=ticker:ETH/KRW`);
    clients.push(byUrl, byMessage);
    await Promise.all([byToken.ready(), byUrl.ready(), byMessage.ready()]);
    byMessage.send({ type: 'subscribe', subscription: id, ref: 1 });
    await byMessage.until(() => byMessage.of('subscribed').length === 1);
    assert.deepEqual(byMessage.of('subscribed')[0]?.data, {
      channels: ['ticker:ETH/KRW', 'ticker:BTC/KRW', 'trade:BTC/KRW'],
      ref: 1,
    });
    await lines.until(() => lines.body.includes('"ready"'));
    await trade('41');
    await lines.until(() => lines.body.includes('"price":"41"'));
    for (const client of [byToken, byUrl, byMessage]) {
      await client.until(() => client.of('trade').some(({ data }) => data.price === '41'));
    }
  });

  it('resumes where a stream on the same channels was cut, however that was opened', async () => {
    const channels = ['trade:BTC/KRW'];
    const id = await made(channels);
    const before = open(`channels=${channels.join()}`);
    await before.ready();
    await trade('1');
    await before.until(() => before.of('trade').length === 1);
    before.cut();
    await trade('2');
    await trade('3');
    const after = open(`subscription=${id}`, { ...key, 'last-event-id': before.lastEventId ?? '' });
    await after.ready();
    assert.deepEqual(
      after.events.map(({ event, data }) => data.price ?? event),
      ['2', '3', 'ready'],
    );
  });

  it('is for nobody else what is not there', async () => {
    const id = await made(['ticker:BTC/KRW']);
    const absent = await app.call('GET', `/v1/streams?subscription=${NO_ID}`, { as: admin });
    assertProblem(absent, 404, 'not-found');
    for (const as of [admin, await app.user(), await app.user('viewer')]) {
      const answer = await app.call('GET', `/v1/streams?subscription=${id}`, { as });
      assertProblem(answer, 404, 'not-found');
      assert.equal(answer.body.detail, absent.body.detail);
      const socket = new SocketClient(`${app.url}/v1/ws`, { headers: { authorization: as.authorization } });
      clients.push(socket);
      await socket.until(() => socket.of('welcome').length === 1);
      socket.send({ type: 'subscribe', subscription: id });
      await socket.until(() => socket.of('error').length === 1);
      assert.equal(socket.of('error')[0]?.data.status, 404);
    }
    // With PUBLIC_MARKET: the channels are for everybody, the name is not.
    assertProblem(await app.call('GET', `/v1/streams?subscription=${id}`), 404, 'not-found');
    assertProblem(await app.call('POST', PATH, { body: { channels: ['ticker:*'] } }), 401, 'unauthorized');
    assert.equal(await statusOf(id), 200);
  });

  it('gives no access: that is looked at each time it is opened', async () => {
    const reader = await app.user();
    const mine = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Mine' } });
    const portfolio = `/v1/portfolios/${mine.body.id}`;
    const channels = [`pnl:${mine.body.id}`, 'ticker:BTC/KRW'];
    assertProblem(await subscribe(channels, reader), 404, 'not-found');
    await share(app, { portfolioId: mine.body.id, owner: user, friend: reader });
    const id = await made(channels, reader);
    const headers = { authorization: reader.authorization };
    assert.equal(await statusOf(id, headers), 200);
    await app.call('DELETE', `${portfolio}/shares/${reader.id}`, { as: user });
    assert.equal(await statusOf(id, headers), 404);
  });

  it('is one for each list, in whatever order', async () => {
    const id = await made(['ticker:BTC/KRW', 'ticker:ETH/KRW', 'ticker:BTC/KRW']);
    clock.shift = HOUR_MS;
    const again = await app.call('POST', PATH, {
      headers: key,
      body: { channels: ['ticker:ETH/KRW', 'ticker:BTC/KRW'] },
    });
    assert.deepEqual([again.status, again.body.id, again.body.channelCount], [200, id, 2]);
    assert.ok(Date.parse(again.body.expiresAt) - Date.now() > UNOPENED_LIFE_MS);
    assert.equal(await statusOf(id), 200);
    const opened = await app.call('POST', PATH, {
      headers: key,
      body: { channels: ['ticker:BTC/KRW', 'ticker:ETH/KRW'] },
    });
    assert.ok(
      Date.parse(opened.body.expiresAt) - Date.now() > SUBSCRIPTION_LIFE_MS,
      'its life is not made shorter',
    );
    assert.notEqual(await made(['ticker:BTC/KRW'], admin), id);
  });

  it('lives for a week from its last use, or for an hour if it is never opened, and is then gone', async () => {
    const [used, unused] = [await made(['ticker:BTC/KRW']), await made(['ticker:ETH/KRW'])];
    assert.equal(await statusOf(used), 200);
    clock.shift = UNOPENED_LIFE_MS + 1_000;
    assert.equal(await statusOf(unused), 404);
    for (let day = 6; day <= 18; day += 6) {
      clock.shift = day * 24 * HOUR_MS;
      assert.equal(await statusOf(used), 200, `day ${day}`);
    }
    clock.shift += SUBSCRIPTION_LIFE_MS + 1;
    assert.equal(await statusOf(used), 404);
    await app.services.db('stream_subscriptions').insert({
      id: NO_ID,
      user_id: user.id,
      digest: 'still good',
      channels: 'ticker:*',
      expires_at: new Date(clock.now() + 1_000),
    });
    await deleteExpiredSubscriptions(app.services.db, { clock });
    const left = await app.services.db('stream_subscriptions').select('id');
    assert.deepEqual(left, [{ id: NO_ID }]);
  });

  it('takes the place of the one that its user has not used for longest, of none in use, and of nobody else’s', async () => {
    const headers = { authorization: admin.authorization };
    const other = await made(['ticker:BTC/KRW'], admin);
    const ids: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      clock.shift = n * 120_000;
      const id = await made([`ticker:A${n}/KRW`]);
      assert.equal(await statusOf(id), 200);
      ids.push(id);
    }
    const oneMore = (): Promise<Answer> =>
      app.call('POST', PATH, { headers: key, body: { channels: ['ticker:A9/KRW'] } });
    clock.shift = HOUR_MS;
    assertProblem(await oneMore(), 409, 'conflict');
    const [first = '', second = ''] = ids;
    assert.equal(await statusOf(first), 200);
    clock.shift = 3 * HOUR_MS;
    const { status, body } = await oneMore();
    assert.equal(status, 201);
    assert.equal(await statusOf(second), 404);
    for (const id of [first, ...ids.slice(2), body.id]) assert.equal(await statusOf(id), 200);
    clock.shift = 0;
    assert.equal(await statusOf(other, headers), 200);
  });

  it('takes the place of one that was never opened before any that was', async () => {
    const opened: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const id = await made([`ticker:A${n}/KRW`]);
      assert.equal(await statusOf(id), 200);
      opened.push(id);
    }
    const unopened = await made(['ticker:A7/KRW']);
    clock.shift = 60_000;
    const instead = await made(['ticker:A8/KRW']);
    assert.equal(await statusOf(unopened), 404);
    for (const id of [...opened, instead]) assert.equal(await statusOf(id), 200);
  });

  it('is refused by name for what is no list of channels', async () => {
    for (const [channels, pointer] of [
      [[], '/channels'],
      [['ticker'], '/channels'],
      [['ticker:BTC/KRW,ticker:ETH/KRW'], '/channels'],
      [[''], '/channels'],
      [[...LONGEST, 'ticker:*'], '/channels'],
      [
        Array.from({ length: 9 }, (_, n) => NO_ID.replace(/^./, String(n))).map((id) => `pnl:${id}`),
        '/channels',
      ],
      [['x'.repeat(101)], '/channels/0'],
    ] as const) {
      const answer = await subscribe(channels);
      assertProblem(answer, 400, 'invalid-request', JSON.stringify(channels).slice(0, 80));
      assertNames(answer, [pointer]);
    }
    for (const [query, name] of [
      ['', 'channels'],
      ['subscription=x', 'subscription'],
      [`channels=ticker:*&subscription=${NO_ID}`, 'subscription'],
    ] as const) {
      const answer = await app.call('GET', `/v1/streams?${query}`, { as: user });
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, [name]);
    }
    const socket = new SocketClient(`${app.url}/v1/ws`, { headers: key });
    clients.push(socket);
    await socket.until(() => socket.of('welcome').length === 1);
    socket.send({ type: 'subscribe', subscription: NO_ID, channels: ['ticker:*'] });
    socket.send({ type: 'subscribe' });
    await socket.until(() => socket.of('error').length === 2);
    for (const { data } of socket.of('error')) {
      assert.deepEqual([data.status, data.errors[0].pointer], [400, '/channels']);
    }
  });
});

describe('the number of subscriptions', () => {
  it('is limited in all, and one user cannot take all of them from the others', async () => {
    const clock = new ShiftedClock();
    const env = { STREAMS_MAX: '2', STREAMS_PER_USER: '2', ACCESS_TOKEN_TTL: '86400' };
    const app = await startApp({ clock, env });
    try {
      const greedy = await app.user();
      const save = async (as: TestUser, symbol: string): Promise<number> =>
        (await app.call('POST', PATH, { as, body: { channels: [`ticker:${symbol}/KRW`] } })).status;
      for (const symbol of ['A', 'B', 'C', 'D']) assert.equal(await save(greedy, symbol), 201);
      assert.equal(await save(await app.user(), 'E'), 503, 'those of the last minutes stay');
      clock.shift = 700_000;
      assert.equal(await save(greedy, 'D'), 200);
      for (const symbol of ['E', 'F']) assert.equal(await save(await app.user(), symbol), 201);
      // What was used last is what is left.
      assert.equal(await save(greedy, 'D'), 200);
    } finally {
      await app.close();
    }
  });

  it('is limited in all: one more is refused for the time being, until some have expired', async () => {
    const clock = new ShiftedClock();
    const app = await startApp({ clock, env: { STREAMS_MAX: '1', ACCESS_TOKEN_TTL: '86400' } });
    try {
      const users = [await app.user(), await app.user()];
      for (const [index, as] of users.entries()) {
        const body = { channels: [`ticker:A${index}/KRW`] };
        assert.equal((await app.call('POST', PATH, { as, body })).status, 201);
      }
      const [first] = users;
      const body = { channels: ['ticker:BTC/KRW'] };
      const refused = await app.call('POST', PATH, { as: await app.user(), body });
      assertProblem(refused, 503, 'unavailable');
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      assert.equal(
        (await app.call('POST', PATH, { as: first, body: { channels: ['ticker:A0/KRW'] } })).status,
        200,
      );
      clock.shift = SUBSCRIPTION_LIFE_MS + 1;
      assert.equal((await app.call('POST', PATH, { as: await app.user(), body })).status, 201);
    } finally {
      await app.close();
    }
  });
});

onFleet('a subscription', (fleet) => {
  it('that was made on one node opens on another', async () => {
    const { first, second } = fleet();
    const user = await first.user();
    const { body } = await first.call('POST', PATH, { as: user, body: { channels: LONGEST } });
    const headers = { authorization: user.authorization };
    const client = new StreamClient(second.url + body.url, { headers });
    await client.ready();
    assert.deepEqual(client.of('ready')[0]?.data.channels, LONGEST);
    client.cut();
  });

  it('is made once by many who ask for it at the same time', async () => {
    const { first, second } = fleet();
    const user = await first.user();
    const asked = Array.from({ length: 8 }, (_, n) =>
      (n % 2 === 0 ? first : second).call('POST', PATH, { as: user, body: { channels: ['ticker:*'] } }),
    );
    const answers = await Promise.all(asked);
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(7).fill(200), 201]);
  });
});
