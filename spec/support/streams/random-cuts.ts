import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { startApp } from '../app.ts';
import { newPostgresDatabase } from '../databases.ts';
import { logIn, startNode } from '../node-process.ts';
import { postgresAvailable } from '../postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../redis-server.ts';
import { StreamClient } from '../stream-client.ts';

const CHANNELS = '/v1/streams?channels=trade:BTC/KRW,trade:ETH/KRW,ticker:BTC/KRW';
/** Clients that follow the same events, each with cuts of its own. */
const READERS = 16;

/** One program or two on one market; what one is told goes to all. */
interface Nodes {
  urls: string[];
  /** Of somebody who may push ticks. */
  authorization: string;
  close(): Promise<void>;
}

/** The price of each tick is its number. */
let published = 0;

/** Publishes so many events in bursts, by the nodes in turn. */
async function burst(
  { urls, authorization }: Nodes,
  from: number,
  batches: readonly number[],
): Promise<void> {
  for (const [index, size] of batches.entries()) {
    const items = Array.from({ length: size }, () => {
      published += 1;
      const symbol = published % 3 === 0 ? 'ETH/KRW' : 'BTC/KRW';
      return { symbol, price: String(published), quantity: '1', side: 'buy' };
    });
    const response = await fetch(`${urls[(from + index) % urls.length]}/v1/market/ticks`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    assert.equal(response.status, 200, await response.text());
  }
}

/** What is published while the readers open and read, and after how many bytes each of them is cut. */
interface Turn {
  batches: number[];
  bytes: number[];
}

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    batches: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 3 }),
    bytes: fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: READERS, maxLength: READERS }),
  }),
  { minLength: 38, maxLength: 48 },
);

/** A client that is cut and comes back, on one node and the other by turns. */
class Reader {
  readonly trades: number[] = [];
  readonly tickers: number[] = [];
  readonly #nodes: Nodes;
  #id: string;
  #node: number;
  cuts = 0;

  constructor(nodes: Nodes, first: number, origin: string) {
    this.#nodes = nodes;
    this.#node = first;
    this.#id = origin;
  }

  /** Reads until it is cut by its bytes, or a little of what is live once all is published. */
  async read(bytes: number, publishing: Promise<void>): Promise<void> {
    const client = this.#open(bytes);
    await Promise.race([client.closed(), publishing.then(() => client.ready()).catch(() => undefined)]);
    await publishing;
    this.#cut(client);
  }

  async readOn(last: () => number): Promise<void> {
    const client = this.#open(Infinity);
    await client.until(() => Number(client.of('trade').at(-1)?.data.price) === last(), 'the last trade');
    this.#cut(client);
  }

  #open(bytes: number): StreamClient {
    const { urls } = this.#nodes;
    this.#node += 1;
    return new StreamClient(urls[this.#node % urls.length] + CHANNELS, { lastEventId: this.#id, bytes });
  }

  #cut(client: StreamClient): void {
    client.cut();
    this.cuts += 1;
    assert.equal(client.of('reset').length, 0, 'no reset, as the ring holds everything');
    this.trades.push(...client.of('trade').map(({ data }) => Number(data.price)));
    this.tickers.push(...client.of('ticker').map(({ data }) => Number(data.price)));
    this.#id = client.lastEventId ?? this.#id;
  }
}

/** Has all readers follow over all the cuts while events are published. */
async function follow(nodes: Nodes, plan: readonly Turn[]): Promise<Reader[]> {
  const start = new StreamClient(nodes.urls[0] + CHANNELS);
  await start.ready();
  const origin = start.lastEventId ?? '';
  start.cut();
  const readers = Array.from({ length: READERS }, (_, first) => new Reader(nodes, first, origin));
  for (const [index, { batches, bytes }] of plan.entries()) {
    const publishing = burst(nodes, index, batches);
    await Promise.all(readers.map((reader, n) => reader.read(bytes[n] ?? 1, publishing)));
  }
  let done = false;
  const reading = readers.map((reader) => reader.readOn(() => (done ? published : Number.NaN)));
  await burst(nodes, 0, [3]);
  done = true;
  // A reader may have got the last one before it was known to be the last.
  await Promise.all(reading);
  return readers;
}

function suite(start: () => Promise<Nodes>, numRuns: number): void {
  let nodes: Nodes;
  before(async () => {
    nodes = await start();
  });
  after(() => nodes?.close());

  it(`over ${numRuns * 600} of them or more nothing is lost, repeated or out of order`, async () => {
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(turns, async (plan) => {
        const first = published + 1;
        const readers = await follow(nodes, plan);
        const expected = Array.from({ length: published - first + 1 }, (_, index) => first + index);
        for (const reader of readers) {
          assert.deepEqual(reader.trades, expected);
          assert.ok(
            reader.tickers.every((price, index) => index === 0 || price > (reader.tickers[index - 1] ?? 0)),
            'a ticker came twice, or after a newer one',
          );
          cuts += reader.cuts;
        }
      }),
      { numRuns, endOnFailure: true },
    );
    assert.ok(cuts >= numRuns * 600, String(cuts));
  });
}

/** A thousand cuts a minute are more than any client may come back from. */
const ENV = {
  PUBLIC_MARKET: 'true',
  RING_EVENTS: '1000000',
  RATE_LIMIT_STREAM: '0',
  RATE_LIMIT_USER: '0',
  RATE_LIMIT_ADDRESS: '0',
};

/** Suites on both brokers. @param numRuns each has 600 cuts at least, and some 700 as a rule */
export function randomCuts(numRuns: number): void {
  describe('random cuts', function () {
    this.timeout(180_000);

    describe('with the memory broker', () => {
      suite(async () => {
        const app = await startApp({ env: ENV });
        const { authorization } = await app.user('admin');
        return { urls: [app.url], authorization, close: () => app.close() };
      }, numRuns);
    });

    (redisAvailable() && postgresAvailable() ? describe : describe.skip)(
      'with Redis, on two processes',
      () => {
        let redis: RedisServer;
        after(() => redis?.stop());
        suite(async () => {
          redis = await startRedisServer();
          const env = { ...ENV, REDIS_URL: redis.url, MARKET_FEED: 'push', LOG_LEVEL: 'warn' };
          const shared = { ...env, DATABASE_URL: await newPostgresDatabase() };
          const processes = [await startNode(shared), await startNode(shared)];
          const urls = processes.map(({ url }) => url);
          const authorization = await logIn(urls[0] ?? '');
          return {
            urls,
            authorization,
            async close() {
              for (const process of processes) await process.end('SIGTERM');
            },
          };
        }, numRuns);
      },
    );
  });
}
