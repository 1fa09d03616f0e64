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

interface Run {
  batches: number[];
  /** Bytes after which each connection is cut; after the last of them the client stays. */
  cuts: number[];
}

const run: fc.Arbitrary<Run> = fc.record({
  batches: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 20, maxLength: 40 }),
  cuts: fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 80, maxLength: 120 }),
});

let cutCount = 0;

/** Follows over all the cuts, on one node and the other by turns. @returns the trades it was told, in order */
async function follow(nodes: readonly TestApp[], origin: string, cuts: readonly number[], last: () => string | null): Promise<string[]> {
  const seen: string[] = [];
  let id = origin;
  for (let turn = 0; ; turn += 1) {
    const node = nodes[turn % nodes.length];
    assert.ok(node);
    const bytes = cuts[turn];
    const client = new StreamClient(node.url + CHANNELS, { lastEventId: id, ...(bytes === undefined ? {} : { bytes }) });
    const isWhole = (): boolean => last() !== null && client.of('trade').at(-1)?.data.tradeId === last();
    await client.until(isWhole).catch(() => undefined);
    assert.equal(client.of('reset').length, 0, 'no reset, as the ring holds everything');
    seen.push(...client.of('trade').map(({ data }) => data.tradeId));
    id = client.lastEventId ?? id;
    const done = isWhole() || (last() !== null && seen.at(-1) === last());
    client.cut();
    if (done) return seen;
    cutCount += 1;
  }
}

function suite(start: () => Promise<TestApp[]>): void {
  let nodes: TestApp[];
  before(async () => {
    nodes = await start();
  });
  after(async () => {
    for (const node of nodes) await node.close();
  });

  it('over thousands of random cuts nothing is lost, repeated or out of order', async function () {
    this.timeout(180_000);
    cutCount = 0;
    await fc.assert(
      fc.asyncProperty(run, async ({ batches, cuts }) => {
        const [writer] = nodes;
        assert.ok(writer);
        const start = new StreamClient(writer.url + CHANNELS);
        await start.ready();
        const origin = start.lastEventId ?? '';
        start.cut();
        const first = published + 1;
        let lastId: string | null = null;
        const publishing = burst(writer, batches).then(() => {
          lastId = String(published);
        });
        const seen = await follow(nodes, origin, cuts, () => lastId);
        await publishing;
        const expected = Array.from({ length: published - first + 1 }, (_, index) => String(first + index));
        assert.deepEqual(seen, expected);
      }),
      { numRuns: 25, endOnFailure: true },
    );
    assert.ok(cutCount > 1_000, `only ${cutCount} cuts`);
  });
}

describe('random cuts', () => {
  describe('with the memory broker', () => {
    suite(async () => [await startApp({ env: { PUBLIC_MARKET: 'true', RING_EVENTS: '1000000' } })]);
  });

  (redisAvailable() ? describe : describe.skip)('with Redis, on two nodes by turns', () => {
    let redis: RedisServer;
    after(() => redis.stop());
    suite(async () => {
      redis = await startRedisServer();
      const env = { PUBLIC_MARKET: 'true', RING_EVENTS: '1000000', REDIS_URL: redis.url };
      return [await startApp({ env }), await startApp({ env })];
    });
  });
});
