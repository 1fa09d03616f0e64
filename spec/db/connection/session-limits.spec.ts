import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { allowTime, isCancelled, isLocked } from '../../../db/connection/time-limit.ts';
import { isUnavailable } from '../../../db/connection/unavailable.ts';
import { newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { type Pgbouncer, pgbouncerAvailable, startPgbouncer } from '../../support/pgbouncer.ts';

const LIMITS = { statementTimeout: 600, lockTimeout: 300, idleTransactionTimeout: 400 };

/** How a node gets to PostgreSQL. */
interface Way {
  name: string;
  open: (url: string) => Promise<{ url: string; close: () => Promise<void> }>;
}

const WAYS: Way[] = [
  { name: 'directly', open: (url) => Promise.resolve({ url, close: () => Promise.resolve() }) },
  ...(['session', 'transaction'] as const).map((mode): Way => ({
    name: `through PgBouncer in ${mode} mode`,
    async open(url) {
      const pooler: Pgbouncer = await startPgbouncer({ mode, port: Number(new URL(url).port) });
      return { url: pooler.through(url), close: () => pooler.stop() };
    },
  })),
];

for (const { name, open } of WAYS) {
  const suite = name === 'directly' || pgbouncerAvailable() ? onPostgres : describe.skip;
  suite(`the limits of a session that connects ${name}`, () => {
    let way: { url: string; close: () => Promise<void> };
    let node: OpenedDatabase;
    let other: OpenedDatabase;

    before(async () => {
      const url = await newPostgresDatabase();
      way = await open(url);
      node = await openOnPostgres({ url: way.url, ...LIMITS, poolMax: 2 });
      // Without limits that could end what it holds.
      other = await openOnPostgres({ url, idleTransactionTimeout: 0, lockTimeout: 60_000 });
      await other.knex.raw('create table things (id integer primary key, n integer)');
      await other.knex.raw('insert into things values (1, 0), (2, 0)');
    });
    after(async () => {
      await node?.close();
      await other?.close();
      await way?.close();
    });

    it('cancel a statement on the server', async () => {
      await assert.rejects(
        node.knex.transaction((trx) => trx.raw('select pg_sleep(600)')),
        isCancelled,
      );
    });

    it('give up on a row that another transaction has locked', async () => {
      const holder = await other.knex.transaction();
      await holder.raw('update things set n = n + 1 where id = 1');
      const update = (trx: OpenedDatabase['knex']) => trx.raw('update things set n = n + 1 where id = 1');
      await assert.rejects(node.knex.transaction(update), isLocked);
      await holder.rollback();
      await node.knex.transaction(update);
    });

    it('roll back a transaction whose node sends nothing, so that its locks are free', async () => {
      const silent = await node.knex.transaction();
      await silent.raw('update things set n = n + 1 where id = 2');
      // Waits for the lock, without a limit of its own that is shorter.
      await other.knex.raw('update things set n = n + 1 where id = 2');
      await assert.rejects(silent.raw('select 1'), isUnavailable);
      await silent.rollback().catch(() => undefined);
    });

    it('are wider in a transaction that asks for more time, and the same as before after it', async () => {
      await node.knex.transaction(async (trx) => {
        await allowTime(trx, 60_000);
        await trx.raw('select pg_sleep(0.8)');
      });
      await assert.rejects(
        node.knex.transaction((trx) => trx.raw('select pg_sleep(600)')),
        isCancelled,
      );
    });

    it('hold in a transaction with an isolation level', async () => {
      const show = await node.knex.transaction(
        async (trx) => (await trx.raw(`select current_setting('lock_timeout') as wait`)).rows[0].wait,
        { isolationLevel: 'repeatable read', readOnly: true },
      );
      assert.equal(show, '300ms');
    });
  });
}
