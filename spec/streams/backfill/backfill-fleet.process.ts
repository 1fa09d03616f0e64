import assert from 'node:assert/strict';
import { type CandleServer, startCandleServer } from '../../support/candle-server.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually, within } from '../../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../../support/node-process.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'past candles of a fleet, on one PostgreSQL and one Redis',
  function () {
    this.timeout(180_000);
    let redis: RedisServer;
    let server: CandleServer;
    const nodes: NodeProcess[] = [];

    before(async () => {
      redis = await startRedisServer();
      server = await startCandleServer({ 'KRW-BTC': today - 2_000 * DAY });
    });
    after(async () => {
      server.release();
      for (const node of nodes) await node.end('SIGKILL');
      await server.stop();
      await redis.stop();
    });

    it('are fetched by one node, and another goes on where that has died', async () => {
      const env = {
        DATABASE_URL: await newPostgresDatabase(),
        REDIS_URL: redis.url,
        MARKET_FEED: 'push',
        BACKFILL_EXCHANGES: `upbit?rest=${server.rest}`,
      };
      const first = await startNode(env);
      nodes.push(first);
      const headers = { authorization: await logIn(first.url), 'content-type': 'application/json' };
      const ask = async (url: string, days: number): Promise<void> => {
        const body = JSON.stringify({ symbol: 'BTC/KRW', from: today - days * DAY });
        const { status } = await fetch(`${url}/v1/market/backfills`, { method: 'POST', headers, body });
        assert.equal(status, 200);
      };
      await ask(first.url, 200);
      await eventually(() => server.answered.length === 1, 'the first page', { everyMs: 20 });
      const held = server.hold();
      await ask(first.url, 1_000);
      const { to } = await within(held, 'the second page');
      // Another node starts, asks for the same and has nothing to do: the first has the lease.
      const second = await startNode(env);
      nodes.push(second);
      await ask(second.url, 1_000);
      assert.equal(server.overlaps, 0);
      await first.end('SIGKILL');
      const { to: again } = await within(server.hold(), 'the second page, asked for by the other node');
      assert.equal(again, to);
      server.release();
      const jobs = await eventually(
        async () => {
          const answer = await fetch(`${second.url}/v1/market/backfills`, { headers });
          const { items } = (await answer.json()) as { items: { state: string; candles: number }[] };
          return items.every(({ state }) => state === 'done') ? items : null;
        },
        'that the other node is done',
        { everyMs: 50 },
      );
      assert.deepEqual(jobs.map(({ candles }) => candles).toSorted(), [200, 800]);
      const pages = server.answered.map(({ to: end }) => end);
      // The page that died with its asker has been asked for twice, and nothing else.
      const ends = [200, 1_000, 800, 600, 400].map((days) => today - (days - 200) * DAY);
      assert.deepEqual([...new Set(pages)].toSorted(), ends.toSorted());
      assert.ok(pages.length <= 6);
    });
  },
);
