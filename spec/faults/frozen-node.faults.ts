import assert from 'node:assert/strict';
import { openDatabase, type OpenedDatabase } from '../../db/connection/database.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { quiet } from '../support/log-watch.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { Bot } from './bot.ts';
import { tellRow } from './fault-table.ts';
import { say } from './say.ts';

/** Bookings into one portfolio that a node has sent to the database when it freezes. */
const IN_FLIGHT = 8;
const HEALED_MS = 30_000;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('a frozen node', function () {
  this.timeout(180_000);
  let redis: RedisServer;
  let frozen: NodeProcess;
  let healthy: NodeProcess;
  let database: OpenedDatabase;

  before(async () => {
    redis = await startRedisServer();
    const databaseUrl = await newPostgresDatabase();
    // Holds what it locks for as long as the test wants.
    database = await openDatabase({ url: databaseUrl, log: quiet, idleTransactionTimeout: 0 });
    const env = {
      MARKET_FEED: 'push',
      DEMO: 'false',
      LOG_LEVEL: 'silent',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_ADDRESS: '0',
    };
    // All of these changes are to hold a connection, as they would on a node with a larger pool.
    frozen = await startNode({ ...env, DATABASE_POOL: String(3 * IN_FLIGHT) });
    healthy = await startNode(env);
  });
  after(async () => {
    await frozen?.end('SIGKILL');
    await healthy?.end('SIGKILL');
    await database?.close();
    await redis?.stop();
  });

  /** Resolves when so many transactions wait for a lock. */
  async function untilWaiting(count: number): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      const { rows } = await database.knex.raw<{ rows: { waiting: number }[] }>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting === count;
    };
    await eventually(isSo, `${count} transactions waiting for a lock`, { everyMs: 20 });
  }

  it('that holds the lock of a portfolio delays that portfolio for less than half a minute, and no other', async () => {
    const authorization = await logIn(frozen.url);
    const slow = new Bot(frozen.url, authorization);
    await slow.openPortfolio();
    const stuck = slow.on(healthy.url, authorization);
    const elsewhere = new Bot(healthy.url, authorization);
    await elsewhere.openPortfolio();
    const reader = new StreamClient(`${healthy.url}/v1/streams?channels=fills:${elsewhere.portfolioId}`, {
      headers: { authorization },
    });
    await reader.ready();

    const lock = await database.knex.transaction();
    await lock.raw('select 1 from portfolios where id = ? for update', [slow.portfolioId]);
    const inFlight = Array.from({ length: IN_FLIGHT }, () => slow.book());
    await untilWaiting(IN_FLIGHT);
    process.kill(frozen.pid, 'SIGSTOP');
    await lock.rollback();

    // More of them than the other node has connections: it must not run out of them.
    const frozenAt = performance.now();
    const elapsed = (): number => performance.now() - frozenAt;
    let healedAfter: number | null = null;
    const isOver = (): boolean => healedAfter !== null || elapsed() > 2 * HEALED_MS;
    const pressure = Array.from({ length: 20 }, async () => {
      while (!isOver()) if ((await stuck.book()) === 201) healedAfter ??= elapsed();
    });
    const waits: number[] = [];
    while (!isOver()) {
      const before = elapsed();
      if ((await elsewhere.book()) === 201) waits.push(elapsed() - before);
    }
    await Promise.all(pressure);
    const worst = Math.max(...waits);
    const refused = [...elsewhere.refused.values()].reduce((sum, count) => sum + count, 0);
    say(
      `healed after ${Math.round((healedAfter ?? Infinity) / 1_000)} s; elsewhere ${waits.length} fills, the slowest in ${Math.round(worst)} ms, ${refused} refused`,
    );
    assert.ok(healedAfter !== null && healedAfter < HEALED_MS, 'the portfolio does not take fills');
    assert.equal(refused, 0, 'other portfolios are refused');
    assert.deepEqual([...stuck.refused.keys()], [503], 'who waits for it is told');
    assert.ok(worst < 5_000, 'other portfolios wait as well');

    process.kill(frozen.pid, 'SIGCONT');
    await Promise.all(inFlight);
    await stuck.assertKept();
    await elsewhere.assertKept();
    assert.equal((await fetch(`${healthy.url}/readyz`)).status, 200);
    await reader.until(() => reader.of('fill').length >= elsewhere.acknowledged.size, 'all fills elsewhere');
    assert.equal(reader.isClosed, false);
    assert.deepEqual(reader.of('reset'), []);
    reader.cut();
    tellRow('others', {
      what: 'a node with 8 bookings of one portfolio under way',
      how: 'frozen for good',
      readers: 'on other nodes: nothing',
      writers: `of that portfolio: ${[...stuck.refused.keys()].join(', ')}; of others: slowest ${(worst / 1_000).toFixed(1)} s, none refused`,
      told: [...stuck.refused.keys()].map((status) => `writers: ${status}`).join(', '),
      healed: `${(healedAfter / 1_000).toFixed(1)} s`,
      lost: `0 of ${stuck.acknowledged.size + elsewhere.acknowledged.size} fills`,
    });
  });
});
