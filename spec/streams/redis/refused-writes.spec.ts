import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient } from '../../support/stream-client.ts';

/** Why a Redis that answers takes no writes, and how that ends. */
const REFUSALS = [
  {
    name: 'is full (OOM)',
    refuse: (redis: Redis) => redis.config('SET', 'maxmemory', '1'),
    accept: (redis: Redis) => redis.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'has become a replica (READONLY)',
    // Of a primary that is not there, so the data stays.
    refuse: (redis: Redis) => redis.replicaof('127.0.0.1', 1),
    accept: (redis: Redis) => redis.replicaof('NO', 'ONE'),
  },
  {
    name: 'cannot save (MISCONF)',
    async refuse(redis: Redis, folder: string): Promise<void> {
      await rm(folder, { recursive: true, force: true });
      await redis.config('SET', 'save', '3600 1', 'stop-writes-on-bgsave-error', 'yes');
      await redis.bgsave();
      const hasFailed = async (): Promise<boolean> =>
        (await redis.info('persistence')).includes('rdb_last_bgsave_status:err');
      await eventually(hasFailed, 'a save that fails', { everyMs: 20 });
    },
    accept: (redis: Redis) => redis.config('SET', 'stop-writes-on-bgsave-error', 'no'),
  },
];

const externalId = (n: number): string => `external-id-${n}`;

const available = redisAvailable() && postgresAvailable();

(available ? describe : describe.skip)('a fleet whose Redis refuses writes', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let admin: Redis;
  let nodes: [TestApp, TestApp];
  let user: TestUser;
  let booked = 0;
  const lines: string[] = [];

  before(async () => {
    redis = await startRedisServer();
    admin = new Redis(redis.url);
    const databaseUrl = await newPostgresDatabase();
    const env = { REDIS_URL: redis.url, PNL_INTERVAL_MS: '10' };
    const log = (line: string): void => void lines.push(line);
    nodes = [await startApp({ env, databaseUrl, log }), await startApp({ env, databaseUrl, log })];
    user = await nodes[0].user();
  });
  after(async () => {
    for (const node of nodes ?? []) await node.close();
    admin?.disconnect();
    await redis?.stop();
  });

  afterEach(async () => {
    for (const { accept } of REFUSALS) await accept(admin);
  });

  async function book(node: TestApp, path: string): Promise<string> {
    booked += 1;
    const name = externalId(booked);
    const fill = { externalId: name, exchange: 'upbit', symbol: 'BTC/KRW', side: 'buy', quantity: '1' };
    const body = { ...fill, price: '1', time: '2026-01-02T09:00:00Z' };
    const { status } = await node.call('POST', `${path}/trades`, { as: user, body });
    assert.equal(status, 201);
    return name;
  }

  /** How often, for each of the two logs. */
  const said = (client: StreamClient, code: string): number =>
    client.of('notice').filter(({ data }) => data.code === code).length;

  for (const { name, refuse, accept } of REFUSALS) {
    it(`that ${name}: streams say so, bookings are kept, and all of it is told later, once`, async () => {
      const body = { name: 'P', cashMode: 'untracked' };
      const { id } = (await nodes[0].call('POST', '/v1/portfolios', { as: user, body })).body;
      const path = `/v1/portfolios/${id}`;
      const headers = { authorization: user.authorization };
      const open = (node: TestApp, lastEventId: string | null = null): StreamClient =>
        new StreamClient(`${node.url}/v1/streams?channels=ticker:*,fills:${id},pnl:${id}`, {
          headers,
          lastEventId,
        });
      const streams = nodes.map((node) => open(node));
      for (const stream of streams) await stream.ready();
      const expected = [await book(nodes[0], path)];
      for (const stream of streams) await stream.until(() => stream.of('fill').length === 1);
      lines.length = 0;

      await refuse(admin, redis.folder);
      for (const stream of streams) {
        await stream.until(() => said(stream, 'delayed') === 2, 'the notices');
      }
      for (const node of nodes) expected.push(await book(node, path), await book(node, path));
      // Whoever comes meanwhile is served what there is, and told that it is late.
      const late = await openPatiently(() => open(nodes[1], streams[1]?.lastEventId));
      await late.until(() => said(late, 'delayed') === 2, 'the notices to who comes late');
      // By then head checks have come by a few times.
      for (const node of nodes) while ((await node.call('GET', '/readyz')).status === 200);
      for (const stream of streams)
        assert.deepEqual(
          [said(stream, 'delayed'), said(stream, 'restored')],
          [2, 0],
          'told once, not taken back',
        );
      const refusals = lines.filter((line) => line.includes('Redis refused a command'));
      assert.equal(refusals.length, nodes.length, 'each node logs the cause once a minute');
      assert.ok(!lines.some((line) => line.includes(externalId(booked))), 'no log has what was published');

      await accept(admin);
      for (const stream of [...streams, late]) {
        await stream.until(() => said(stream, 'restored') === 2, 'the all-clear');
      }
      expected.push(await book(nodes[1], path));
      for (const stream of streams) {
        await stream.until(() => stream.of('fill').length >= expected.length, 'all fills');
        await stream.until(() => stream.of('pnl').at(-1)?.data.costBasis === String(expected.length));
        assert.deepEqual(
          stream.of('fill').map(({ data }) => data.trade.externalId),
          expected,
        );
        assert.deepEqual(stream.of('reset'), []);
        stream.cut();
      }
      await late.until(() => late.of('fill').length >= expected.length - 1, 'the fills to who came late');
      assert.deepEqual(
        late.of('fill').map(({ data }) => data.trade.externalId),
        expected.slice(1),
      );
      late.cut();
    });
  }
});

/** Comes back as an EventSource does: a connection to Redis may just be made anew. */
async function openPatiently(open: () => StreamClient): Promise<StreamClient> {
  for (;;) {
    const stream = open();
    await stream.until(() => stream.isClosed || stream.of('ready').length > 0);
    if (!stream.isClosed) return stream;
    assert.equal(stream.of('notice').at(-1)?.data.code, 'unavailable');
    await new Promise((resolve) => setTimeout(resolve, stream.retry ?? 1_000));
  }
}
