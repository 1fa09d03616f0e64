import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { type PostgresServer, postgresAvailable, startPostgres } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { EVENT_SOURCE, StreamClient } from '../../support/stream-client.ts';

const WRITERS = 4;

(redisAvailable() && postgresAvailable() ? describe : describe.skip)(
  'a fleet whose PostgreSQL is lost',
  function () {
    this.timeout(180_000);
    let postgres: PostgresServer;
    let redis: RedisServer;
    let nodes: [TestApp, TestApp];
    let admin: TestUser;
    let path: string;
    let portfolioId: string;

    before(async () => {
      // As in production: what it has acknowledged is on disk.
      postgres = await startPostgres({ durable: true });
      redis = await startRedisServer();
      const env = {
        REDIS_URL: redis.url,
        PUBLIC_MARKET: 'true',
        RATE_LIMIT_USER: '0',
        RATE_LIMIT_ADDRESS: '0',
      };
      const open = (): Promise<TestApp> => startApp({ env, databaseUrl: postgres.url });
      nodes = [await open(), await open()];
      admin = await nodes[0].user('admin');
      const body = { name: 'P', baseCurrency: 'KRW', cashMode: 'untracked' };
      const made = await nodes[0].call('POST', '/v1/portfolios', { as: admin, body });
      portfolioId = made.body.id;
      path = `/v1/portfolios/${portfolioId}`;
    });
    after(async () => {
      for (const node of nodes ?? []) await node.close();
      await redis?.stop();
      await postgres?.stop();
    });

    /** A tick straight into the log, as a feed publishes it: pushing one over REST needs a credential to be looked up. */
    async function tick(price: number): Promise<void> {
      await nodes[0].services.marketWriter.intake.push([
        {
          symbol: 'BTC/KRW',
          price: String(price),
          quantity: '1',
          side: 'buy',
          time: nodes[0].services.clock.now(),
          exchange: 'test',
          simulated: false,
          tradeId: null,
        },
      ]);
    }

    it('answers 503 with Retry-After, keeps market streams going, loses no acknowledged write, and needs no restart', async () => {
      const streams = nodes.map((node) => new StreamClient(`${node.url}/v1/streams?channels=trade:BTC/KRW`));
      for (const stream of streams) await stream.ready();
      const acknowledged = new Set<string>();
      const statuses = new Map<number, number>();
      const over = new AbortController();
      let count = 0;

      async function writer(node: TestApp): Promise<void> {
        while (!over.signal.aborted) {
          count += 1;
          const externalId = `t${count}`;
          const fill = { externalId, exchange: 'upbit', symbol: 'BTC/KRW', side: 'buy', quantity: '1' };
          const body = { ...fill, price: '1', time: '2026-01-02T09:00:00Z' };
          const { status } = await node.call('POST', `${path}/trades`, { as: admin, body });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 201) acknowledged.add(externalId);
        }
      }
      const writers = Array.from({ length: WRITERS }, (_, index) => writer(nodes[index % 2 === 0 ? 0 : 1]));

      async function until(node: TestApp, wanted: number): Promise<void> {
        const isSo = async (): Promise<boolean> =>
          (await node.call('GET', path, { as: admin })).status === wanted;
        await eventually(isSo, `status ${wanted}`, { everyMs: 20 });
      }

      let price = 0;
      for (const signal of ['SIGKILL', 'SIGINT'] as const) {
        const before = acknowledged.size;
        await eventually(() => acknowledged.size >= before + 20, 'twenty more trades');
        await postgres.kill(signal);
        for (const node of nodes) {
          await until(node, 503);
          const { status, headers, body } = await node.call('GET', path, { as: admin });
          assert.deepEqual([status, body.type], [503, '/problems/unavailable']);
          assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
          assert.equal(headers.get('content-type'), 'application/problem+json');
          const ready = await node.call('GET', '/readyz');
          assert.deepEqual(
            [ready.status, ready.body.database.ready, ready.body.broker.ready],
            [503, false, true],
          );
          assert.equal((await node.call('GET', '/healthz')).status, 200);
        }
        for (let n = 0; n < 5; n += 1) await tick((price += 1));
        for (const stream of streams) await stream.until(() => stream.of('trade').length === price);
        // A new reader of the market too.
        const late = new StreamClient(`${nodes[1].url}/v1/streams?channels=ticker:BTC/KRW`);
        await late.until(() => late.of('ticker').at(-1)?.data.price === String(price));
        late.cut();
        // A dashboard that comes now cannot be let in yet: its EventSource lives on.
        const headers = { ...EVENT_SOURCE, authorization: admin.authorization };
        const dashboard = new StreamClient(`${nodes[1].url}/v1/streams?channels=pnl:${portfolioId}`, {
          headers,
        });
        await dashboard.closed();
        assert.equal(dashboard.status, 200);
        assert.deepEqual(
          dashboard.events.map(({ event, data }) => [event, data.code]),
          [['notice', 'unavailable']],
        );
        assert.ok((dashboard.retry ?? 0) > 2_000, `retry: ${dashboard.retry}`);

        await postgres.restart();
        for (const node of nodes) {
          await until(node, 200);
          const isReady = async (): Promise<boolean> => (await node.call('GET', '/readyz')).status === 200;
          await eventually(isReady, 'readiness', { everyMs: 20 });
        }
      }
      const before = acknowledged.size;
      await eventually(() => acknowledged.size >= before + 20, 'twenty more trades');
      over.abort();
      await Promise.all(writers);

      const found = new Set<string>();
      for (let cursor: string | null = null; ;) {
        const page: string = cursor === null ? '' : `&cursor=${cursor}`;
        const { status, body } = await nodes[1].call('GET', `${path}/trades?limit=200${page}`, { as: admin });
        assert.equal(status, 200);
        for (const { externalId } of body.items) {
          assert.ok(!found.has(externalId), 'booked twice');
          found.add(externalId);
        }
        cursor = body.nextCursor ?? null;
        if (cursor === null) break;
      }
      const lost = [...acknowledged].filter((id) => !found.has(id));
      process.stdout.write(
        `    PostgreSQL killed and stopped: sent ${count}, acknowledged ${acknowledged.size}, in the ledger ${found.size}, lost ${lost.length}, answered 503: ${statuses.get(503) ?? 0}; ticks sent ${price}, received ${streams.map((stream) => stream.of('trade').length).join(' and ')}\n`,
      );
      assert.deepEqual(lost, []);
      assert.deepEqual([...statuses.keys()].filter((status) => status !== 201).sort(), [503]);
      for (const stream of streams) {
        const prices = stream.of('trade').map(({ data }) => Number(data.price));
        assert.deepEqual(
          prices,
          Array.from({ length: price }, (_, index) => index + 1),
        );
        assert.equal(stream.isClosed, false);
        stream.cut();
      }
    });
  },
);
