import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { MARKET_LOG } from '../../streams/broker.ts';
import type { TickRecord } from '../../streams/record.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';

const CHANNELS = '/v1/streams?channels=trade:BTC/KRW,trade:ETH/KRW,ticker:BTC/KRW';

let published = 0;

function record(): TickRecord {
  published += 1;
  const common = {
    symbol: published % 3 === 0 ? 'ETH/KRW' : 'BTC/KRW',
    price: String(published),
    time: '2026-01-01T00:00:00.000Z',
    exchange: null,
    simulated: false,
  };
  return {
    type: 'tick',
    ticker: { ...common, change: null, changeRate: null, high: '1', low: '1', volume: '1', quoteVolume: '1' },
    trade: { ...common, tradeId: String(published), side: 'buy', quantity: '1' },
  };
}

/** Publishes so many events in bursts, letting the readers in between. */
async function burst(app: TestApp, batches: readonly number[]): Promise<void> {
  for (const size of batches) {
    const payloads = Array.from({ length: size }, () => {
      const tick = record();
      return { key: `ticker:${tick.trade?.symbol}`, data: JSON.stringify(tick) };
    });
    await app.services.broker.publish(MARKET_LOG, payloads);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One connection: what is published while it opens and reads, and after how many bytes it is cut. */
interface Turn {
  batches: number[];
  bytes: number;
}

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    batches: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 }),
    bytes: fc.integer({ min: 1, max: 12_000 }),
  }),
  { minLength: 60, maxLength: 80 },
);

interface Told {
  trades: string[];
  tickers: number[];
}

function collect(told: Told, client: StreamClient): void {
  assert.equal(client.of('reset').length, 0, 'no reset, as the ring holds everything');
  told.trades.push(...client.of('trade').map(({ data }) => data.tradeId));
  told.tickers.push(...client.of('ticker').map(({ data }) => Number(data.price)));
}

/** Follows over all the cuts, on one node and the other by turns, while events are published. */
async function follow(nodes: readonly TestApp[], origin: string, plan: readonly Turn[]): Promise<Told> {
  const told: Told = { trades: [], tickers: [] };
  let id = origin;
  for (const [index, { batches, bytes }] of plan.entries()) {
    const publishing = burst(nodeAt(nodes, index + 1), batches);
    const client = new StreamClient(nodeAt(nodes, index).url + CHANNELS, { lastEventId: id, bytes });
    // Some are cut by their bytes, the rest once they have seen a little of what is live.
    await Promise.race([client.closed(), publishing.then(() => client.ready()).catch(() => undefined)]);
    await publishing;
    client.cut();
    collect(told, client);
    id = client.lastEventId ?? id;
  }
  const rest = new StreamClient(nodeAt(nodes, 0).url + CHANNELS, { lastEventId: id });
  await rest.ready();
  await burst(nodeAt(nodes, 1), [3]);
  await rest.until(
    () => (rest.of('trade').at(-1) ?? { data: {} }).data.tradeId === String(published),
    'the last trade',
  );
  rest.cut();
  collect(told, rest);
  return told;
}

function nodeAt(nodes: readonly TestApp[], index: number): TestApp {
  const node = nodes[index % nodes.length];
  assert.ok(node);
  return node;
}

function suite(start: () => Promise<TestApp[]>): void {
  let nodes: TestApp[];
  before(async () => {
    nodes = await start();
  });
  after(async () => {
    for (const node of nodes) await node.close();
  });

  it('over more than a thousand random cuts nothing is lost, repeated or out of order', async function () {
    this.timeout(180_000);
    await fc.assert(
      fc.asyncProperty(turns, async (plan) => {
        const start = new StreamClient(nodeAt(nodes, 0).url + CHANNELS);
        await start.ready();
        const origin = start.lastEventId ?? '';
        start.cut();
        const first = published + 1;
        const { trades, tickers } = await follow(nodes, origin, plan);
        assert.deepEqual(
          trades,
          Array.from({ length: published - first + 1 }, (_, index) => String(first + index)),
        );
        assert.ok(
          tickers.every((price, index) => index === 0 || price > (tickers[index - 1] ?? 0)),
          'a ticker came twice, or after a newer one',
        );
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });
}

/** A thousand cuts a minute are more than any client may come back from. */
const ENV = { PUBLIC_MARKET: 'true', RING_EVENTS: '1000000', RATE_LIMIT_STREAM: '0' };

describe('random cuts', () => {
  describe('with the memory broker', () => {
    suite(async () => [await startApp({ env: ENV })]);
  });

  (redisAvailable() ? describe : describe.skip)('with Redis, on two nodes by turns', () => {
    let redis: RedisServer;
    after(() => redis.stop());
    suite(async () => {
      redis = await startRedisServer();
      const env = { ...ENV, REDIS_URL: redis.url };
      return [await startApp({ env }), await startApp({ env })];
    });
  });
});
