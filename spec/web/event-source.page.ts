import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, JSHandle, Page } from 'playwright-core';
import { browserAvailable, launchBrowser } from '../support/browser.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';

/** What the page has seen of its stream. */
interface Watched {
  seen: string[];
  ready: number;
  resets: number;
}

const available = browserAvailable() && redisAvailable() && postgresAvailable();

(available ? describe : describe.skip)("a browser's own EventSource on another origin", function () {
  let redis: RedisServer;
  let other: Server;
  let browser: Browser;
  let page: Page;
  let watched: JSHandle<Watched>;
  let env: Record<string, string>;
  let node: NodeProcess;

  before(async () => {
    redis = await startRedisServer();
    other = createServer((_req, res) =>
      res.setHeader('content-type', 'text/html').end('<title>elsewhere</title>'),
    );
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    env = {
      PORT: String(await freePort()),
      DATABASE_URL: await newPostgresDatabase(),
      REDIS_URL: redis.url,
      MARKET_FEED: 'push',
      PUBLIC_MARKET: 'true',
      CORS_ORIGINS: origin,
      LOG_LEVEL: 'info',
    };
    node = await startNode(env);
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(origin);
  });
  after(async () => {
    await browser?.close();
    await node?.end('SIGTERM');
    other?.close();
    await redis?.stop();
  });

  async function push(price: number): Promise<void> {
    const response = await fetch(`${node.url}/v1/market/ticks`, {
      method: 'POST',
      headers: { authorization: await logIn(node.url), 'content-type': 'application/json' },
      body: JSON.stringify({ symbol: 'BTC/KRW', price: String(price), quantity: '1' }),
    });
    assert.equal(response.status, 200);
  }

  function prices(count: number): Promise<string[]> {
    return page
      .waitForFunction(([{ seen }, wanted]) => (seen.length >= wanted ? seen : null), [
        watched,
        count,
      ] as const)
      .then((handle) => handle.jsonValue() as Promise<string[]>);
  }

  it('resumes by itself after the server was stopped, and after it was killed, without a preflight', async () => {
    watched = await page.evaluateHandle((url) => {
      const state: Watched = { seen: [], ready: 0, resets: 0 };
      const source = new EventSource(url, { withCredentials: true });
      source.addEventListener('trade', (event) => {
        if ('data' in event) state.seen.push(JSON.parse(String(event.data)).price);
      });
      source.addEventListener('ready', () => (state.ready += 1));
      source.addEventListener('reset', () => (state.resets += 1));
      return state;
    }, `${node.url}/v1/streams?channels=trade:BTC/KRW`);
    await page.waitForFunction(({ ready }) => ready === 1, watched);
    await push(1);
    assert.deepEqual(await prices(1), ['1']);

    let output = '';
    for (const [signal, price] of [
      ['SIGTERM', 2],
      ['SIGKILL', 4],
    ] as const) {
      await node.end(signal);
      output += node.output();
      node = await startNode(env);
      await push(price);
      await prices(price);
      await push(price + 1);
      await prices(price + 1);
    }
    assert.deepEqual(await prices(5), ['1', '2', '3', '4', '5']);
    assert.equal((await watched.jsonValue()).resets, 0);
    output += node.output();
    assert.match(output, /"method":"GET","path":"\/v1\/streams"/);
    assert.doesNotMatch(output, /"method":"OPTIONS"/);
  });
});
