import assert from 'node:assert/strict';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

const FREEZE_MS = 4_000;
const FROZEN_PORTFOLIOS = 12;
const SLOW_PORTFOLIOS = 8;
const SLOW_CONNECTS = 108;

/** A page that shows one portfolio: whenever its stream ends, it comes back, as an EventSource does. */
class Page {
  connections = 0;
  readonly #open: () => StreamClient;
  #stream: StreamClient;

  constructor(open: () => StreamClient) {
    this.#open = open;
    this.#stream = this.#connect();
  }

  /** Resolves when the server has begun to answer. */
  opened(): Promise<void> {
    return this.#until((stream) => stream.status === 200);
  }

  /** Resolves when it is told to be in step, over whatever connections. */
  ready(): Promise<void> {
    return this.#until((stream) => stream.of('ready').length > 0);
  }

  /** Resolves when it shows what the portfolio is worth at a price. */
  shows(price: string): Promise<void> {
    return this.#until((stream) => stream.of('pnl').at(-1)?.data.marketValue === price);
  }

  cut(): void {
    this.#stream.cut();
  }

  async #until(isSeen: (stream: StreamClient) => boolean): Promise<void> {
    for (;;) {
      const stream = this.#stream;
      await stream.until(() => isSeen(stream)).catch(() => undefined);
      if (isSeen(stream)) return;
      assert.equal(stream.status, 200, 'an EventSource would stay away for good');
      await new Promise((resolve) => setTimeout(resolve, stream.retry ?? 1_000));
      this.#stream = this.#connect();
    }
  }

  #connect(): StreamClient {
    this.connections += 1;
    return this.#open();
  }
}

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('first readers', function () {
  this.timeout(90_000);
  let redis: RedisServer;
  let toRedis: SlowProxy;
  let node: NodeProcess;
  let authorization: string;

  beforeEach(async () => {
    redis = await startRedisServer();
    toRedis = await startSlowProxy(redis.port);
    node = await startNode({
      MARKET_FEED: 'push',
      DEMO: 'false',
      LOG_LEVEL: 'info',
      DATABASE_URL: await newPostgresDatabase(),
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      STREAMS_PER_USER: '1000',
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_ADDRESS: '0',
    });
    authorization = await logIn(node.url);
  });
  afterEach(async () => {
    redis?.resume();
    await node?.end('SIGKILL');
    await toRedis?.close();
    await redis?.stop();
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  async function post(path: string, body: unknown): Promise<any> {
    const answer = await fetch(node.url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  }

  /** One BTC each: a portfolio is worth the price. */
  async function portfolios(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const { id } = await post('/v1/portfolios', { name: `P${n}`, cashMode: 'untracked' });
      await post(`/v1/portfolios/${id}/trades`, {
        externalId: 'one',
        exchange: 'upbit',
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '1',
        price: '1',
        time: '2026-01-02T09:00:00Z',
      });
      ids.push(id);
    }
    return ids;
  }

  async function push(price: string): Promise<void> {
    await post('/v1/market/ticks', { symbol: 'BTC/KRW', price });
  }

  function page(id: string): Page {
    return new Page(
      () =>
        new StreamClient(`${node.url}/v1/streams?channels=pnl:${id},holdings:${id}`, {
          headers: { authorization },
        }),
    );
  }

  async function readiness(): Promise<{ status: number; detail: string }> {
    const answer = await fetch(`${node.url}/readyz`);
    return { status: answer.status, detail: await answer.text() };
  }

  it(`of ${FROZEN_PORTFOLIOS} portfolios that come while Redis is frozen are all served afterwards, and SIGTERM ends the node`, async () => {
    const ids = await portfolios(FROZEN_PORTFOLIOS);
    await push('100');
    redis.pause();
    const thawed = new Promise<void>((resolve) => {
      setTimeout(() => {
        redis.resume();
        resolve();
      }, FREEZE_MS);
    });
    const pages: Page[] = [];
    for (const id of ids) {
      pages.push(page(id));
      await new Promise((resolve) => setTimeout(resolve, FREEZE_MS / (2 * ids.length)));
    }
    await thawed;
    await eventually(async () => (await readiness()).status === 200, 'readiness', { everyMs: 50 });
    await push('200');
    await Promise.all(pages.map((each) => each.shows('200')));
    await push('300');
    await Promise.all(pages.map((each) => each.shows('300')));
    say(`${pages.length} readers over ${pages.reduce((sum, each) => sum + each.connections, 0)} connections`);
    assert.equal(await node.end('SIGTERM'), 0);
    assert.doesNotMatch(node.output(), /closing failed/);
    for (const each of pages) each.cut();
  });

  it('that wait while Redis is frozen do not keep the node from ending', async () => {
    const ids = await portfolios(FROZEN_PORTFOLIOS);
    await push('100');
    redis.pause();
    const pages = ids.map(page);
    await Promise.all(pages.map((each) => each.opened()));
    assert.equal(await node.end('SIGTERM'), 0);
    for (const each of pages) each.cut();
  });

  it(`that come and go ${SLOW_CONNECTS} times with 15 ms to Redis leave none of ${SLOW_PORTFOLIOS} portfolios dead`, async () => {
    const ids = await portfolios(SLOW_PORTFOLIOS);
    toRedis.delayMs = 15;
    await push('100');
    let connects = 0;
    // Each in turns of its own, so that the starts meet whatever else the node is doing.
    await Promise.all(
      ids.map(async (id) => {
        while (connects < SLOW_CONNECTS) {
          connects += 1;
          const price = String(1_000 + connects);
          const first = page(id);
          await first.ready();
          await push(price);
          first.cut();
        }
      }),
    );
    const pages = ids.map(page);
    await Promise.all(pages.map((each) => each.ready()));
    await push('200');
    await Promise.all(pages.map((each) => each.shows('200')));
    assert.equal((await readiness()).status, 200);
    assert.equal(await node.end('SIGTERM'), 0);
    assert.doesNotMatch(node.output(), /closing failed/);
    for (const each of pages) each.cut();
  });
});
