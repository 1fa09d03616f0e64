import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { newPostgresDatabase } from '../../support/databases.ts';
import { logIn, type NodeProcess, startNode } from '../../support/node-process.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient } from '../../support/stream-client.ts';

const RECORDED = 'spec/fixtures/binance-XRP-ETH-trades-2019-10-11.csv';

interface Row {
  tradeId: string;
  side: string;
  price: string;
  amount: string;
}

function recordedRows(): Row[] {
  const lines = readFileSync(RECORDED, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => {
    const [, tradeId = '', side = '', price = '', amount = ''] = line.split(',');
    return { tradeId, side, price, amount };
  });
}

/** Decimal text as an integer of 10⁻¹⁶: the recorded prices and amounts have eight decimals each. */
function scaled(text: string, decimals: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'two processes on one PostgreSQL and one Redis',
  function () {
    this.timeout(120_000);
    let redis: RedisServer;
    let env: Record<string, string>;
    let first: NodeProcess;
    let token: string;
    let portfolioId: string;
    const rows = recordedRows();

    async function call(
      url: string,
      method: string,
      path: string,
      body?: unknown,
    ): Promise<Record<string, unknown>> {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: token,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      assert.ok(response.ok, JSON.stringify(answer));
      return answer;
    }

    function open(url: string, path: string, lastEventId: string | null = null): StreamClient {
      return new StreamClient(url + path, { headers: { authorization: token }, lastEventId });
    }

    before(async () => {
      redis = await startRedisServer();
      env = { DATABASE_URL: await newPostgresDatabase(), REDIS_URL: redis.url, MARKET_FEED: 'none' };
      first = await startNode(env);
      token = await logIn(first.url);
      const portfolio = await call(first.url, 'POST', '/v1/portfolios', {
        name: 'XRP',
        baseCurrency: 'ETH',
        cashMode: 'untracked',
      });
      portfolioId = String(portfolio['id']);
    });
    after(async () => {
      await first?.end('SIGTERM');
      await redis?.stop();
    });

    it('a recorded file, replayed by one as fast as it goes, reaches a subscriber of the other whole', async () => {
      const subscriber = open(first.url, '/v1/streams?channels=trade:XRP/ETH');
      await subscriber.ready();
      const replaying = await startNode({
        ...env,
        MARKET_FEED: `replay:${RECORDED}?symbol=XRP/ETH&exchange=binance`,
        REPLAY_SPEED: 'max',
      });
      try {
        await subscriber.until(() => subscriber.of('trade').length >= rows.length, 'the last trade');
        const trades = subscriber.of('trade');
        assert.deepEqual(
          trades.map(({ data }) => data.tradeId),
          rows.map(({ tradeId }) => tradeId),
        );
        assert.equal(new Set(trades.map(({ id }) => id)).size, rows.length);
        subscriber.cut();

        // Cut on one, resume on the other: from the thousandth event on.
        const resumed = open(replaying.url, '/v1/streams?channels=trade:XRP/ETH', trades[999]?.id ?? null);
        await resumed.ready();
        assert.deepEqual(
          resumed.of('trade').map(({ data }) => data.tradeId),
          rows.slice(1000).map(({ tradeId }) => tradeId),
        );
        resumed.cut();
      } finally {
        assert.equal(await replaying.end('SIGTERM'), 0);
      }
    });

    it('PnL on the last recorded price agrees with an independent sum, by REST and by stream on both', async () => {
      const second = await startNode(env);
      try {
        const stream = open(second.url, `/v1/streams/pnl?portfolioId=${portfolioId}`);
        await stream.ready();
        // What somebody who was on the other side of each of the first 200 trades would have booked.
        const fills = rows.slice(0, 200);
        await call(first.url, 'POST', `/v1/portfolios/${portfolioId}/trades`, {
          items: fills.map(({ tradeId, price, amount }) => ({
            externalId: tradeId,
            exchange: 'binance',
            symbol: 'XRP/ETH',
            side: 'buy',
            quantity: amount,
            price,
            time: '2019-10-11T00:00:00Z',
          })),
        });
        const quantity = fills.reduce((sum, { amount }) => sum + scaled(amount, 8), 0n);
        const cost = fills.reduce((sum, { amount, price }) => sum + scaled(amount, 8) * scaled(price, 8), 0n);
        const value = quantity * scaled(rows.at(-1)?.price ?? '', 8);
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis !== '0', 'the PnL after the fills');
        await stream.until(() => stream.of('fill').length === fills.length, 'every fill');
        const streamed = stream.of('pnl').at(-1)?.data;
        assert.equal(scaled(streamed.costBasis, 16), cost);
        assert.equal(scaled(streamed.marketValue, 16), value);
        assert.equal(
          scaled(streamed.unrealizedPnl.replace('-', ''), 16),
          value > cost ? value - cost : cost - value,
        );
        for (const { url } of [first, second]) {
          assert.deepEqual(await call(url, 'GET', `/v1/portfolios/${portfolioId}/pnl`), streamed);
        }
        stream.cut();
      } finally {
        await second.end('SIGTERM');
      }
    });

    it('a node that is killed loses nothing: its client resumes on the other', async () => {
      const second = await startNode({ ...env, MARKET_FEED: 'push' });
      const path = '/v1/streams?channels=trade:ETH/KRW';
      const push = (price: number): Promise<unknown> =>
        call(first.url, 'POST', '/v1/market/ticks', {
          symbol: 'ETH/KRW',
          price: String(price),
          quantity: '1',
        });
      const before = open(second.url, path);
      await before.ready();
      await push(1);
      await push(2);
      await before.until(() => before.of('trade').length === 2);
      await second.end('SIGKILL');
      await before.closed();
      await push(3);
      const afterwards = open(first.url, path, before.lastEventId);
      await afterwards.ready();
      await push(4);
      await afterwards.until(() => afterwards.of('trade').length === 2);
      assert.deepEqual(
        [...before.of('trade'), ...afterwards.of('trade')].map(({ data }) => data.price),
        ['1', '2', '3', '4'],
      );
      afterwards.cut();
    });
  },
);
