import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient } from '../../support/stream-client.ts';

const available = redisAvailable() && postgresAvailable();

/** How Redis goes, and how it comes back. */
const LOSSES = [
  {
    name: 'is killed and comes back empty',
    lose: (redis: RedisServer) => redis.kill('SIGKILL'),
    restore: (redis: RedisServer) => redis.restart({ keepData: false }),
    isWhole: false,
  },
  {
    name: 'is killed and comes back with its data',
    lose: (redis: RedisServer) => redis.kill('SIGKILL'),
    restore: (redis: RedisServer) => redis.restart({ keepData: true }),
    isWhole: true,
  },
  {
    name: 'freezes and goes on',
    lose: (redis: RedisServer) => Promise.resolve(redis.pause()),
    restore: (redis: RedisServer) => Promise.resolve(redis.resume()),
    isWhole: true,
  },
];

(available ? describe : describe.skip)('a fleet whose Redis is lost', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let nodes: [TestApp, TestApp];
  let user: TestUser;
  let path: string;
  let portfolioId: string;
  let booked = 0;

  before(async () => {
    redis = await startRedisServer({ persistent: true });
    const databaseUrl = await newPostgresDatabase();
    const env = { REDIS_URL: redis.url, PNL_INTERVAL_MS: '10' };
    nodes = [await startApp({ env, databaseUrl }), await startApp({ env, databaseUrl })];
    user = await nodes[0].user();
    const body = { name: 'P', baseCurrency: 'KRW', cashMode: 'untracked' };
    const made = await nodes[0].call('POST', '/v1/portfolios', { as: user, body });
    portfolioId = made.body.id;
    path = `/v1/portfolios/${portfolioId}`;
  });
  after(async () => {
    for (const node of nodes ?? []) await node.close();
    redis?.resume();
    await redis?.stop();
  });

  async function book(node: TestApp): Promise<string> {
    booked += 1;
    const externalId = `t${booked}`;
    const fill = { externalId, exchange: 'upbit', symbol: 'BTC/KRW', side: 'buy', quantity: '1' };
    const body = { ...fill, price: '1', time: '2026-01-02T09:00:00Z' };
    const { status } = await node.call('POST', `${path}/trades`, { as: user, body });
    assert.equal(status, 201);
    return externalId;
  }

  const said = (client: StreamClient, code: string): boolean =>
    client.of('notice').some(({ data }) => data.code === code);

  for (const { name, lose, restore, isWhole } of LOSSES) {
    it(`that ${name}: REST goes on, writes are kept, streams say so and ${isWhole ? 'tell all of it later' : 'heal with a reset'}`, async () => {
      const url = `/v1/streams/pnl?portfolioId=${portfolioId}`;
      const headers = { authorization: user.authorization };
      const streams = nodes.map((node) => new StreamClient(node.url + url, { headers }));
      for (const stream of streams) await stream.ready();
      const before = await book(nodes[0]);
      for (const stream of streams) {
        await stream.until(() => stream.of('fill').some(({ data }) => data.trade.externalId === before));
      }

      await lose(redis);
      for (const stream of streams) await stream.until(() => said(stream, 'delayed'), 'the notice');
      const meanwhile: string[] = [];
      let answered = 0;
      for (const node of nodes) {
        meanwhile.push(await book(node));
        for (const read of ['', '/pnl', '/holdings', '/trades', '/series?from=2026-01-01T00:00:00Z']) {
          const { status, body } = await node.call('GET', path + read, { as: user });
          assert.equal(status, 200, `${read}: ${JSON.stringify(body)}`);
          if (read === '/pnl') assert.equal(body.costBasis, String(booked));
          answered += 1;
        }
        assert.equal((await node.call('GET', '/v1/market/tickers', { as: user })).status, 200);
        assert.equal((await node.call('GET', '/healthz')).status, 200);
        // The canary may have come back a moment ago.
        const ready = await eventually(async () => {
          const answer = await node.call('GET', '/readyz');
          return answer.status === 200 ? null : answer;
        }, 'the end of readiness');
        assert.deepEqual(
          [ready.status, ready.body.broker.ready, ready.body.database.ready, ready.body.node.ready],
          [503, false, true, true],
        );
      }

      await restore(redis);
      for (const stream of streams) {
        const fills = (): string[] => stream.of('fill').map(({ data }) => data.trade.externalId);
        if (isWhole) await stream.until(() => meanwhile.every((id) => fills().includes(id)), 'the fills');
        else await stream.until(() => stream.of('reset').length > 0, 'the reset');
        assert.equal(stream.of('reset').length > 0, !isWhole);
        const seen = (): string => stream.of('pnl').at(-1)?.data.costBasis;
        await stream.until(() => seen() === String(booked), 'what was booked meanwhile');
        await stream.until(() => said(stream, 'restored'), 'the all-clear');
      }
      // Live again: each fill once, on both.
      const last = await book(nodes[1]);
      for (const stream of streams) {
        await stream.until(() => stream.of('fill').some(({ data }) => data.trade.externalId === last));
        const ids = stream.of('fill').map(({ data }) => data.trade.externalId);
        assert.equal(new Set(ids).size, ids.length, 'a fill was told twice');
        stream.cut();
      }
      const { body } = await nodes[1].call('GET', `${path}/pnl`, { as: user });
      assert.equal(body.costBasis, String(booked));
      process.stdout.write(
        `    Redis ${name}: booked ${booked}, in the ledger ${body.costBasis}, lost ${booked - Number(body.costBasis)}, reads answered meanwhile ${answered}\n`,
      );
    });
  }
});
