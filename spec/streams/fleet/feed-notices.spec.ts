import assert from 'node:assert/strict';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { redisAvailable, startRedisServer } from '../../support/redis-server.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient, type StreamEvent } from '../../support/stream-client.ts';
import { recorded, startUpbit, type UpbitMessage, type UpbitServer } from '../../support/upbit-server.ts';

const FEED = 'ccxt:upbit';

function trade(id: number, changes: Partial<UpbitMessage> = {}): UpbitMessage {
  const [, realtime] = recorded.trade;
  assert.ok(realtime !== undefined);
  const time = realtime.trade_timestamp + id;
  return { ...realtime, timestamp: time, trade_timestamp: time, sequential_id: `${time}0000`, ...changes };
}

const notices = (events: readonly StreamEvent[]): object[] =>
  events
    .filter(({ event, data }) => event === 'notice' && data.code.startsWith('feed-'))
    .map(({ data: { code, feed, channels } }) => ({ code, feed, channels }));

const statuses = (client: StreamClient): string[] =>
  client.of('ticker').map(({ data }) => `${data.symbol} ${data.price} ${data.status}`);

describe('a feed that gives no prices', () => {
  let upbit: UpbitServer;
  let clock: ShiftedClock;
  let app: TestApp;
  let user: TestUser;
  const open: { cut?: () => void; ws?: { terminate(): void } }[] = [];

  beforeEach(async () => {
    upbit = await startUpbit();
    clock = new ShiftedClock();
    app = await startApp({
      clock,
      env: {
        MARKET_FEED: `${FEED}?symbols=BTC/KRW,ETH/KRW&ws=${upbit.ws}&rest=${upbit.rest},push`,
        PUBLIC_METRICS: 'true',
      },
    });
    user = await app.user('admin');
  });
  afterEach(async () => {
    for (const { cut, ws } of open.splice(0)) {
      cut?.();
      ws?.terminate();
    }
    await app.close();
    await upbit.stop();
  });

  function stream(channels: string): StreamClient {
    const headers = { authorization: user.authorization };
    const client = new StreamClient(`${app.url}/v1/streams?channels=${channels}`, { headers });
    open.push({ cut: () => client.cut() });
    return client;
  }

  async function listed(): Promise<Record<string, string>> {
    const { body } = await app.call('GET', '/v1/market/tickers', { as: user });
    const items = body.items as { symbol: string; status: string; feed: string }[];
    return Object.fromEntries(items.map(({ symbol, status, feed }) => [symbol, `${status} ${feed}`]));
  }

  /** The feed has been away for longer than readers are left in the dark. */
  async function silence(): Promise<void> {
    await upbit.stop();
    await eventually(
      async () => (await app.call('GET', '/readyz')).body.feeds[0].state === 'retrying',
      'the failure',
    );
    clock.shift += 10_000;
    await eventually(async () => (await app.call('GET', '/readyz')).body.feeds[0].silentSince, 'the silence');
  }

  it('is told to the readers of its prices, once, and to those who come meanwhile', async () => {
    const own = stream('ticker:BTC/KRW,trade:BTC/KRW,candle:BTC/KRW:1m');
    const all = stream('ticker:*');
    const other = stream('ticker:SOL/KRW');
    const socket = new SocketClient(`${app.url}/v1/ws`, { headers: { authorization: user.authorization } });
    open.push({ ws: socket.ws });
    await socket.until(() => socket.events.some(({ event }) => event === 'welcome'), 'the welcome');
    socket.send({ type: 'subscribe', channels: ['ticker:BTC/KRW'] });
    await other.ready();
    await own.until(() => statuses(own).includes('BTC/KRW 89888000 live'), 'the first price');
    await socket.until(() => socket.events.some(({ event }) => event === 'ticker'), 'the first price');

    await silence();
    const silent = (channels: string[]): object => ({ code: 'feed-silent', feed: FEED, channels });
    const live = (channels: string[]): object => ({ code: 'feed-live', feed: FEED, channels });
    const channels = ['ticker:BTC/KRW', 'trade:BTC/KRW', 'candle:BTC/KRW:1m'];
    await own.until(() => notices(own.events).length > 0, 'the notice');
    await own.until(() => statuses(own).at(-1) === 'BTC/KRW 89888000 stale', 'the stale price');
    await all.until(() => notices(all.events).length > 0, 'the notice');
    await socket.until(() => notices(socket.events).length > 0, 'the notice');
    const since = own.of('notice')[0]?.data.since;
    assert.equal(since, (await app.call('GET', '/readyz')).body.feeds[0].silentSince);
    assert.deepEqual(await listed(), { 'BTC/KRW': `stale ${FEED}` });
    assert.equal(
      String((await app.call('GET', '/metrics')).body).includes(`marktide_feed_silent{feed="${FEED}"} 1`),
      true,
    );

    // A price of another feed is current, and its readers hear nothing of this one.
    const tick = { symbol: 'SOL/KRW', price: '280000', quantity: '1' };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: user, body: tick })).status, 200);
    await other.until(() => statuses(other).includes('SOL/KRW 280000 live'), 'the pushed price');
    assert.deepEqual((await listed())['SOL/KRW'], 'live push');

    const late = stream('ticker:BTC/KRW,ticker:ETH/KRW');
    await late.ready();
    assert.deepEqual(notices(late.events), [silent(['ticker:BTC/KRW', 'ticker:ETH/KRW'])]);
    assert.deepEqual(statuses(late), ['BTC/KRW 89888000 stale']);
    // Channels that are added are told of, and those that stay are not told again.
    socket.send({ type: 'subscribe', channels: ['trade:BTC/KRW', 'ticker:SOL/KRW'] });
    await socket.until(() => notices(socket.events).length > 1, 'the notice of the added channel');

    await upbit.restart();
    await upbit.subscribed(2);
    upbit.send(trade(1));
    for (const client of [own, all, late])
      await client.until(() => notices(client.events).length > 1, 'the end of the silence');
    await socket.until(() => notices(socket.events).length > 2, 'the end of the silence');
    await own.until(() => statuses(own).at(-1)?.endsWith('live') === true, 'the live price');
    assert.deepEqual(notices(own.events), [silent(channels), live(channels)]);
    assert.deepEqual(notices(all.events), [silent(['ticker:*']), live(['ticker:*'])]);
    assert.deepEqual(notices(socket.events), [
      silent(['ticker:BTC/KRW']),
      silent(['trade:BTC/KRW']),
      live(['ticker:BTC/KRW', 'trade:BTC/KRW']),
    ]);
    assert.deepEqual(notices(other.events), []);
    assert.equal((await listed())['BTC/KRW'], `live ${FEED}`);
  });

  it('warns of holdings that are valued at its last price, on the stream too', async () => {
    const { body: portfolio } = await app.call('POST', '/v1/portfolios', {
      as: user,
      body: { name: 'Books' },
    });
    const fill = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '1', time: '2026-08-01T00:00:00Z' };
    await app.call('POST', `/v1/portfolios/${portfolio.id}/trades`, { as: user, body: fill });
    const warnings = async (): Promise<string[]> => {
      const { body } = await app.call('GET', `/v1/portfolios/${portfolio.id}/pnl`, { as: user });
      return body.warnings.map(({ code, asset }: { code: string; asset: string }) => `${code} ${asset}`);
    };
    const first = stream('ticker:BTC/KRW');
    await first.until(() => statuses(first).length > 0, 'the first price');
    assert.equal((await warnings()).includes('stale-price BTC'), false);
    const client = stream(`pnl:${portfolio.id}`);
    await client.ready();
    await silence();
    await client.until(
      () =>
        client
          .of('pnl')
          .at(-1)
          ?.data.warnings.some(({ code }: { code: string }) => code === 'stale-price'),
      'the warning',
    );
    assert.equal((await warnings()).includes('stale-price BTC'), true);
    assert.deepEqual(notices(client.events), [], 'figures say it themselves');
  });

  it('calls a symbol stale that has stopped, though its feed is live', async () => {
    const client = stream('ticker:*');
    await client.until(() => statuses(client).length > 0, 'the first price');
    upbit.send(trade(1, { code: 'KRW-ETH', trade_price: 2_500_000 }));
    await client.until(() => statuses(client).includes('ETH/KRW 2500000 live'), 'the other price');
    for (const id of [2, 3, 4]) {
      clock.shift += 21_000;
      const price = 2_500_000 + id;
      upbit.send(trade(id, { code: 'KRW-ETH', trade_price: price }));
      await client.until(() => statuses(client).includes(`ETH/KRW ${price} live`), 'the other price');
    }
    await client.until(() => statuses(client).includes('BTC/KRW 89888000 stale'), 'the stale price');
    assert.deepEqual(await listed(), { 'BTC/KRW': `stale ${FEED}`, 'ETH/KRW': `live ${FEED}` });
    assert.deepEqual(notices(client.events), []);
    upbit.send(trade(5));
    await client.until(() => statuses(client).at(-1) === 'BTC/KRW 89888000 live', 'the price');
  });
});

onPostgres('a fleet whose feed gives no prices', function () {
  if (!redisAvailable()) return;

  it('says so on every node, and goes on saying it when another node takes over', async function () {
    const redis = await startRedisServer();
    const upbit = await startUpbit();
    const clock = new ShiftedClock();
    const databaseUrl = await newPostgresDatabase();
    const env = {
      REDIS_URL: redis.url,
      MARKET_FEED: `${FEED}?symbols=BTC/KRW&ws=${upbit.ws}&rest=${upbit.rest}`,
    };
    const first = await startApp({ clock, databaseUrl, env });
    let second: TestApp | null = null;
    let isFirstOpen = true;
    try {
      await upbit.subscribed(1);
      second = await startApp({ clock, databaseUrl, env });
      const user = await second.user('admin');
      const feedOf = async (node: TestApp): Promise<Record<string, unknown>> =>
        (await node.call('GET', '/readyz')).body.feeds[0];
      const client = new StreamClient(`${second.url}/v1/streams?channels=ticker:BTC/KRW`, {
        headers: { authorization: user.authorization },
      });
      await client.until(() => statuses(client).includes('BTC/KRW 89888000 live'), 'the first price');
      assert.equal((await feedOf(second))['isHere'], false);
      await upbit.stop();
      await eventually(async () => (await feedOf(first))['state'] === 'retrying', 'the failure');
      clock.shift += 10_000;
      await client.until(() => notices(client.events).length > 0, 'the notice');
      await client.until(() => statuses(client).at(-1) === 'BTC/KRW 89888000 stale', 'the stale price');
      const { silentSince, state } = await feedOf(second);
      assert.deepEqual([silentSince, state], [(await feedOf(first))['silentSince'], 'retrying']);
      await first.close();
      isFirstOpen = false;
      await eventually(async () => (await feedOf(second ?? first))['isHere'], 'the other node to take over');
      assert.equal((await feedOf(second))['silentSince'], silentSince);
      await upbit.restart();
      await upbit.subscribed(2);
      upbit.send(trade(1));
      await client.until(() => notices(client.events).length > 1, 'the end of the silence');
      await client.until(() => statuses(client).at(-1)?.endsWith('live') === true, 'the live price');
      assert.equal(notices(client.events).length, 2);
      client.cut();
    } finally {
      if (isFirstOpen) await first.close();
      await second?.close();
      await upbit.stop();
      await redis.stop();
    }
  });
});
