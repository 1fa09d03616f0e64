import assert from 'node:assert/strict';
import { pendingPortfolios } from '../../../db/ledger/portfolios/outbox.ts';
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts';
import { newPostgresDatabase, openOnPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../../support/node-process.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient } from '../../support/stream-client.ts';

/** Later than anything. */
const EVER = 8.64e15;
const ANY = { after: null, before: EVER, limit: 10 };

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'kill -9 between the commit of a fill and its announcement',
  function () {
    this.timeout(120_000);
    let redis: RedisServer;
    let proxy: CuttingProxy;
    let databaseUrl: string;
    let stays: NodeProcess;
    let token: string;
    let portfolioId: string;
    let client: StreamClient;

    before(async () => {
      redis = await startRedisServer();
      proxy = await startCuttingProxy(redis.url);
      databaseUrl = await newPostgresDatabase();
      stays = await startNode({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url, MARKET_FEED: 'none' });
      token = await logIn(stays.url);
      const response = await fetch(`${stays.url}/v1/portfolios`, {
        method: 'POST',
        headers: { authorization: token, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'XRP', baseCurrency: 'KRW', cashMode: 'untracked' }),
      });
      portfolioId = String(((await response.json()) as { id: unknown }).id);
      client = new StreamClient(`${stays.url}/v1/streams?channels=fills:${portfolioId}`, {
        headers: { authorization: token },
      });
      await client.ready();
    });
    after(async () => {
      client?.cut();
      await stays?.end('SIGTERM');
      await proxy?.close();
      await redis?.stop();
    });

    function book(url: string, externalId: string): Promise<Response> {
      const time = '2026-01-15T12:00:00.000Z';
      const fill = { externalId, exchange: 'x', symbol: 'XRP/KRW', side: 'buy', quantity: '1', price: '700' };
      return fetch(`${url}/v1/portfolios/${portfolioId}/trades`, {
        method: 'POST',
        headers: { authorization: token, 'content-type': 'application/json' },
        body: JSON.stringify({ ...fill, time }),
      });
    }

    const told = (): string[] => client.of('fill').map(({ data }) => data.trade.externalId);

    /** A node that loses Redis, books a fill, and dies. */
    async function bookAndDie(externalId: string, lose: () => void): Promise<void> {
      const env = { DATABASE_URL: databaseUrl, REDIS_URL: proxy.url.replace('http:', 'redis:') };
      const dies = await startNode({ ...env, MARKET_FEED: 'none' });
      const { knex, close } = await openOnPostgres({ url: databaseUrl });
      try {
        lose();
        const answer = book(dies.url, externalId).catch(() => null);
        const isPending = async (): Promise<boolean> => (await pendingPortfolios(knex, ANY)).length > 0;
        await eventually(isPending, 'a message in the outbox', { everyMs: 0 });
        await dies.end('SIGKILL');
        await answer;
        assert.equal(
          client.of('fill').some(({ data }) => data.trade.externalId === externalId),
          false,
        );
      } finally {
        await close();
      }
    }

    it('the fill is told by another node, once, when Redis never got it', async () => {
      await bookAndDie('a', () => proxy.leadTo(null));
      proxy.leadTo(redis.url);
      await client.until(() => told().includes('a'));
      await book(stays.url, 'b');
      await client.until(() => told().includes('b'));
      assert.deepEqual(told(), ['a', 'b']);
    });

    it('the fill is told once when Redis gets it after all', async () => {
      // What the node sends lies in the sockets of a Redis that stands still, and outlives the node.
      await bookAndDie('c', () => redis.pause());
      redis.resume();
      await client.until(() => told().includes('c'));
      await book(stays.url, 'd');
      await client.until(() => told().includes('d'));
      const { knex, close } = await openOnPostgres({ url: databaseUrl });
      try {
        const isEmpty = async (): Promise<boolean> => (await pendingPortfolios(knex, ANY)).length === 0;
        await eventually(isEmpty, 'an empty outbox');
      } finally {
        await close();
      }
      await book(stays.url, 'e');
      await client.until(() => told().includes('e'));
      assert.deepEqual(told(), ['a', 'b', 'c', 'd', 'e']);
    });
  },
);
