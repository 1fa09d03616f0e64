import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { Bot } from './bot.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';
import { say } from './say.ts';

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('connections', function () {
  this.timeout(180_000);
  let redis: RedisServer;
  let databaseUrl: string;
  let toDatabase: SlowProxy;
  let toRedis: SlowProxy;
  let node: NodeProcess;
  let bot: Bot;
  let stream: StreamClient;
  let authorization: string;

  before(async () => {
    redis = await startRedisServer();
    databaseUrl = await newPostgresDatabase();
    toDatabase = await startSlowProxy(Number(new URL(databaseUrl).port));
    toRedis = await startSlowProxy(Number(new URL(redis.url).port));
    const through = (url: string, { port }: SlowProxy): string => {
      const led = new URL(url);
      led.port = String(port);
      return led.href;
    };
    node = await startNode({
      MARKET_FEED: 'push',
      DEMO: 'false',
      LOG_LEVEL: 'silent',
      DATABASE_URL: through(databaseUrl, toDatabase),
      REDIS_URL: through(redis.url, toRedis),
      DATABASE_POOL: '4',
      // Longer than a request waits for a connection, so that both limits are met.
      STATEMENT_TIMEOUT_MS: '12000',
    });
    authorization = await logIn(node.url);
    bot = new Bot(node.url, authorization);
    await bot.openPortfolio();
    stream = new StreamClient(`${node.url}/v1/streams?channels=fills:${bot.portfolioId}`, {
      headers: { authorization },
    });
    await stream.ready();
    assert.equal(await bot.book(), 201);
  });
  after(async () => {
    stream?.cut();
    await node?.end('SIGKILL');
    await toDatabase?.close();
    await toRedis?.close();
    await redis?.stop();
  });

  /** Every fill that is in the ledger was told, once, unless the stream has said that it is not whole. */
  async function assertTold(): Promise<void> {
    const there = await bot.assertKept();
    if (stream.of('reset').length > 0) return;
    const told = (): string[] => stream.of('fill').map(({ data }) => data.trade.externalId);
    await stream.until(() => new Set(told()).size >= there, 'all fills');
    assert.equal(told().length, new Set(told()).size, 'a fill was told twice');
  }

  it('that are slow make answers slow, and nothing else', async () => {
    [toDatabase.delayMs, toRedis.delayMs] = [60, 60];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < 5; n += 1) assert.equal(await bot.book(), 201);
      }),
    );
    [toDatabase.delayMs, toRedis.delayMs] = [0, 0];
    await assertTold();
  });

  it('that are cut again and again lose no acknowledged fill', async () => {
    const over = new AbortController();
    const load = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await bot.book();
    });
    for (let n = 0; n < 20; n += 1) {
      const before = bot.acknowledged.size;
      await eventually(() => bot.acknowledged.size >= before + 5, 'five more bookings');
      (n % 2 === 0 ? toDatabase : toRedis).cutAll();
    }
    over.abort();
    await Promise.all(load);
    await bot.bookUntil(201);
    await assertTold();
  });

  it('of the pool that are all taken: 503 instead of an endless wait, and over when one is free', async () => {
    // A plain client: the program's time limits would end a transaction that is idle for as long as this one. Bookings
    // of one portfolio wait for each other, so the last may be refused only after several times the statement timeout.
    const holder = new Client({ connectionString: databaseUrl });
    await holder.connect();
    const statuses: number[] = [];
    try {
      await holder.query('begin; lock table ledger_entries in access exclusive mode');
      statuses.push(...(await Promise.all(Array.from({ length: 12 }, () => bot.book()))));
      // A request that needs no database does not wait for a connection.
      assert.equal((await fetch(`${node.url}/healthz`)).status, 200);
      await holder.query('commit');
    } finally {
      await holder.end();
    }
    assert.deepEqual([...new Set(statuses)], [503]);
    await bot.bookUntil(201);
    await assertTold();
  });

  it('more than there are file descriptors: some are turned away, nothing ends, and all is well afterwards', async () => {
    const before = rssOf(node.pid);
    const open = readdirSync(`/proc/${node.pid}/fd`).length;
    const limit = (count: string): void => {
      const { status, stderr } = spawnSync('prlimit', ['--pid', String(node.pid), `--nofile=${count}`]);
      assert.equal(status, 0, String(stderr));
    };
    const [soft = '1024', hard = '1024'] = (
      /open files\s+(\d+)\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/limits`, 'utf8')) ?? []
    ).slice(1);
    limit(`${open + 20}:${hard}`);
    const { hostname, port } = new URL(node.url);
    const sockets: Socket[] = [];
    await Promise.all(
      Array.from(
        { length: 200 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect({ host: hostname, port: Number(port) });
            sockets.push(socket);
            socket.on('error', () => undefined);
            socket.once('close', resolve).once('connect', () => {
              socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
              socket.once('data', () => resolve());
            });
          }),
      ),
    );
    // The stream that was open all along goes on.
    assert.equal(stream.isClosed, false);
    for (const socket of sockets) socket.destroy();
    limit(`${soft}:${hard}`);
    await bot.bookUntil(201);
    await assertTold();
    say(`memory ${Math.round(before)} → ${Math.round(rssOf(node.pid))} MiB`);
  });
});
