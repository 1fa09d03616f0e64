import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { portfolioLog } from '../../../streams/channels/logs.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient, type StreamEvent } from '../../support/stream-client.ts';

/** What states a stream has told, by channel: the newest of each. */
function statesIn(events: readonly StreamEvent[]): Record<string, unknown> {
  const states: Record<string, unknown> = {};
  for (const { event, data } of events) {
    if (event === 'ticker') states[`ticker:${data.symbol}`] = data.price;
    if (event === 'candle') states[`candle:${data.symbol}:${data.interval}`] = data.close;
    if (event === 'pnl') states['pnl'] = data.equity;
    if (event === 'holdings') states['holdings'] = data.items.length;
  }
  return states;
}

onPostgres('streams of two nodes on a Redis that evicts', () => {
  let redis: RedisServer;
  let admin: Redis;
  let apps: TestApp[];
  let user: TestUser;
  let portfolioId: string;
  let path: string;

  before(async function () {
    if (!redisAvailable()) this.skip();
    redis = await startRedisServer();
    admin = new Redis(redis.url);
    const databaseUrl = await newPostgresDatabase();
    const env = { REDIS_URL: redis.url, HOLDINGS_INTERVAL_MS: '50', PNL_INTERVAL_MS: '20' };
    apps = [await startApp({ databaseUrl, env }), await startApp({ databaseUrl, env })];
    const [first] = apps;
    assert.ok(first);
    user = await first.user('admin');
    const body = { name: 'Mine', cashMode: 'untracked' };
    portfolioId = (await first.call('POST', '/v1/portfolios', { as: user, body })).body.id;
    const trade = { symbol: 'BTC/KRW', side: 'buy', quantity: '2', price: '50', time: Date.now() - 1_000 };
    const booked = await first.call('POST', `/v1/portfolios/${portfolioId}/trades`, {
      as: user,
      body: trade,
    });
    assert.equal(booked.status, 201, JSON.stringify(booked.body));
    for (const [symbol, price] of [
      ['BTC/KRW', '100'],
      ['ETH/KRW', '7'],
      ['BTC/KRW', '110'],
    ]) {
      const tick = { symbol, price, quantity: '1' };
      assert.equal((await first.call('POST', '/v1/market/ticks', { as: user, body: tick })).status, 200);
    }
    const names = ['ticker:*', 'candle:BTC/KRW:1m', 'candle:BTC/KRW:1d'];
    path = `/v1/streams?channels=${[...names, `pnl:${portfolioId}`, `holdings:${portfolioId}`].join(',')}`;
  });
  after(async () => {
    await Promise.all(apps.map((app) => app.close()));
    admin.disconnect();
    await redis.stop();
  });

  function open(node: number, lastEventId: string | null = null): StreamClient {
    const url = `${apps[node]?.url}${path}`;
    return new StreamClient(url, { headers: { authorization: user.authorization }, lastEventId });
  }

  const everything = { 'ticker:BTC/KRW': '110', 'ticker:ETH/KRW': '7', pnl: '220', holdings: 1 };
  const withCandles = { ...everything, 'candle:BTC/KRW:1m': '110', 'candle:BTC/KRW:1d': '110' };

  async function untilWhole(client: StreamClient, from = 0): Promise<void> {
    await client.until(() => {
      const states = statesIn(client.events.slice(from));
      return Object.entries(withCandles).every(([channel, state]) => states[channel] === state);
    }, 'the whole state');
  }

  for (const key of ['meta', 'ring', 'state'])
    for (const what of ['market', 'portfolio'])
      it(`tell the whole state without the ${key} of the ${what}, and a reset to those who read`, async () => {
        const reader = open(0);
        await untilWhole(reader);
        const seen = reader.events.length;
        const { lastEventId } = reader;
        const log = what === 'market' ? 'market' : portfolioLog(portfolioId);
        assert.equal(await admin.del(`marktide:{${log}}:${key}`), 1);
        const newcomer = open(1);
        await newcomer.ready();
        const begun = newcomer.events.findIndex(({ event }) => event === 'ready');
        const states = statesIn(newcomer.events.slice(0, begun));
        // Candles are told again by the node that makes them, within a second.
        for (const [channel, state] of Object.entries(everything))
          assert.equal(states[channel], state, `${channel} at the beginning`);
        await untilWhole(newcomer);
        assert.equal(newcomer.of('reset').length, 0);
        newcomer.cut();
        if (key !== 'ring') {
          const isReady = ({ event }: StreamEvent): boolean => event === 'ready';
          await reader.until(() => reader.events.slice(seen).some(isReady), 'the end of a reset');
          const anew = reader.events.slice(seen);
          const [reset] = anew.filter(({ event }) => event === 'reset');
          assert.equal(reset?.data.channels.includes('ticker:*'), what === 'market');
          const told = statesIn(anew.slice(anew.indexOf(reset), anew.findIndex(isReady)));
          if (what === 'market')
            assert.deepEqual([told['ticker:BTC/KRW'], told['ticker:ETH/KRW']], ['110', '7']);
          else assert.equal(told['pnl'], '220', 'before it is ready');
        }
        reader.cut();
        const resumed = open(1, lastEventId);
        await resumed.ready();
        if (key !== 'ring') assert.equal(resumed.of('reset').length, 1);
        resumed.cut();
      });
});
