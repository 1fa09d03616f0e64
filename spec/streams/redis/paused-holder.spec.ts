import assert from 'node:assert/strict';
import { upsertCandles } from '../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { fenced } from '../../../db/connection/fence.ts';
import { Housekeeping, HOUSEKEEPING } from '../../../db/housekeeping.ts';
import { createUser } from '../../../db/users/users.ts';
import { systemClock as clock } from '../../../lib/clock.ts';
import { decimal } from '../../../lib/money/money.ts';
import { MARKET_LOG, portfolioLog } from '../../../streams/channels/logs.ts';
import type { Lease } from '../../../streams/core/lease.ts';
import { RedisBroker } from '../../../streams/redis/redis-broker.ts';
import { RedisLeases } from '../../../streams/redis/redis-leases.ts';
import { type Child, startChild } from '../../support/db/child.ts';
import { newPostgresDatabase, openOnPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { quiet } from '../../support/log-watch.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { expired, LEASE_MS, minute } from '../../support/streams/paused-writes.ts';

/** A holder of a lease is a process of its own that is really stopped, for longer than its lease. */
(redisAvailable() && postgresAvailable() ? describe : describe.skip)(
  'a paused holder of a lease',
  function () {
    this.timeout(60_000);
    let redis: RedisServer;
    let databaseUrl: string;
    let database: OpenedDatabase;
    let leases: RedisLeases;
    let broker: RedisBroker;

    before(async () => {
      redis = await startRedisServer();
      databaseUrl = await newPostgresDatabase();
      database = await openOnPostgres({ url: databaseUrl });
      const options = { clock, random: Math.random, log: quiet };
      leases = new RedisLeases({ ...options, redis: redis.url, leaseMs: LEASE_MS });
      const bounds = { events: 100, bytes: 1e6, ageMs: 1e6 };
      broker = new RedisBroker({ ...options, url: redis.url, bounds: () => bounds });
    });
    after(async () => {
      await leases?.close();
      await broker?.close();
      await database?.close();
      await redis?.stop();
    });

    /** Stops a holder, lets `next` write under the lease that it has lost, and the holder go on. @returns what it says */
    async function outlive(
      what: string,
      name: string,
      next: (lease: Lease) => Promise<void>,
    ): Promise<string | undefined> {
      const child: Child = startChild('../streams/paused-writer.ts', [redis.url, databaseUrl, what, name]);
      try {
        await child.printed(1);
        assert.deepEqual(child.lines, ['held']);
        assert.equal(await leases.acquire(name), null, 'it has the lease');
        child.process.kill('SIGSTOP');
        const lease = await eventually(() => leases.acquire(name), 'the lease');
        await next(lease);
        child.process.stdin?.write('go\n');
        child.process.kill('SIGCONT');
        await child.printed(2);
        await lease.release();
        return child.lines[1];
      } finally {
        await child.end('SIGKILL');
      }
    }

    for (const [who, name, log] of [
      ['the feed', 'feed', MARKET_LOG],
      ['a projector', 'projector:p1', portfolioLog('p1')],
    ] as const) {
      it(`of ${who} cannot write to the log any more`, async () => {
        const before = await broker.head(log);
        const said = await outlive(log, name, async ({ fence }) => {
          await broker.publish(log, [{ data: '"second"' }], { fence });
        });
        assert.equal(said, 'refused');
        const page = await broker.history(log, before, 10);
        assert.ok('events' in page);
        assert.deepEqual(
          page.events.map(({ data }) => data),
          ['"second"'],
        );
      });
    }

    it('of the feed cannot write candles to the database any more', async () => {
      const { knex } = database;
      const said = await outlive('candles', 'feed', async ({ fence }) => {
        await fenced(knex, { name: 'feed', fence }, (trx) => upsertCandles(trx, [minute('2')], 'merge'));
      });
      assert.equal(said, 'refused');
      const rows: { low: string }[] = await knex('candles').select('low');
      assert.deepEqual(
        rows.map(({ low }) => Number(low)),
        [Number(decimal(minute('2').low))],
      );
    });

    it('of scheduled work cannot do it any more', async () => {
      const { knex } = database;
      const account = { email: 'a@example.com', name: null, passwordHash: 'x', role: 'trader' } as const;
      const user = await createUser(knex, account, { clock });
      const expire = (): Promise<unknown> =>
        knex('sessions').insert({
          id: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80',
          user_id: user.id,
          created_at: new Date(0),
          last_used_at: new Date(0),
          expires_at: new Date(1),
        });
      await expire();
      const said = await outlive('housekeeping', HOUSEKEEPING, async (lease) => {
        const keeping = { db: knex, clock, logger: quiet, auditDays: 1, auditRows: 1_000 };
        const borrowed = { fence: lease.fence, release: () => Promise.resolve() };
        const housekeeping = new Housekeeping({ ...keeping, lease: () => Promise.resolve(borrowed) });
        await housekeeping.run();
        await housekeeping.close();
        assert.equal(await expired(knex), 0, 'who has the lease now does it');
        await expire();
      });
      assert.equal(said, 'refused');
      assert.equal(await expired(knex), 1);
    });
  },
);
