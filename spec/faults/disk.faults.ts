import assert from 'node:assert/strict';
import { join } from 'node:path';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { Bot } from './bot.ts';
import { tellRow } from './fault-table.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

describe('a full disk', function () {
  this.timeout(180_000);
  let disk: SmallDisk | null = null;
  let server: PostgresServer | undefined;
  let node: NodeProcess | undefined;

  afterEach(async () => {
    await node?.end('SIGKILL');
    await server?.stop();
    disk?.unmount();
    [node, server, disk] = [undefined, undefined, null];
  });

  for (const [name, isThere] of [
    ['embedded', true],
    ['PostgreSQL', postgresAvailable()],
  ] as const) {
    it(`refuses what cannot be kept, loses nothing, and is over when there is room again (${name})`, async function () {
      disk = mountSmallDisk(name === 'embedded' ? 90 : 160);
      if (disk === null || !isThere) this.skip();
      assert.ok(disk);
      server = name === 'embedded' ? undefined : await startPostgres({ durable: true, parent: disk.folder });
      node = await startNode({
        MARKET_FEED: 'push',
        DEMO: 'false',
        LOG_LEVEL: 'silent',
        ...(server === undefined ? { DATA_DIR: join(disk.folder, 'data') } : { DATABASE_URL: server.url }),
      });
      const authorization = await logIn(node.url);
      const bot = new Bot(node.url, authorization);
      await bot.openPortfolio();
      assert.equal(await bot.book(100), 201);
      const stream = new StreamClient(
        `${node.url}/v1/streams?channels=ticker:BTC/KRW,pnl:${bot.portfolioId}`,
        {
          headers: { authorization },
        },
      );
      await stream.ready();

      disk.fill();
      const note = 'x'.repeat(400);
      await bot.bookUntil(503, { count: 500, note });
      for (let n = 0; n < 5; n += 1) assert.equal(await bot.book(500, { note }), 503);
      // What is there can be read, and the market goes on.
      for (const path of ['', '/holdings', '/trades?limit=10'])
        assert.equal((await bot.get(path)).status, 200, path);
      const pushed = await fetch(`${node.url}/v1/market/ticks`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ symbol: 'BTC/KRW', price: '77' }),
      });
      assert.equal(pushed.status, 200);
      await stream.until(() => stream.of('ticker').some(({ data }) => data.price === '77'), 'the tick');

      disk.free();
      const freedAt = performance.now();
      await bot.bookUntil(201, { count: 100 });
      const healedMs = performance.now() - freedAt;
      assert.equal(await bot.book(100), 201);
      await bot.assertKept();
      assert.equal(stream.isClosed, false);
      stream.cut();
      const refusals = [...bot.refused.keys()];
      assert.deepEqual(refusals, [503]);
      if (name === 'embedded')
        tellRow('others', {
          what: 'a node with an embedded database',
          how: 'disk full',
          readers: 'nothing: the market goes on, and what is there can be read',
          writers: '503',
          told: 'writers: 503',
          healed: `${(healedMs / 1_000).toFixed(1)} s`,
          lost: `0 of ${bot.acknowledged.size} fills`,
        });
    });
  }
});
