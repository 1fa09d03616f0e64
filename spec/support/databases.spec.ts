import assert from 'node:assert/strict';
import { findFleet } from '../../db/fleet.ts';
import type { OpenedDatabase } from '../../db/connection/database.ts';
import { createUser } from '../../db/users/users.ts';
import { systemClock } from '../../lib/clock.ts';
import { eachDatabase, eachEmptyDatabase } from './databases.ts';

const USER = { email: 'first@example.com', name: null, passwordHash: 'none', role: 'trader' } as const;

/** What a suite sees of the one before it: nothing. */
eachDatabase('a database for a suite', (open) => {
  let opened: OpenedDatabase | undefined;
  afterEach(() => opened?.close());

  /** Lets go of the database that is open first: an embedded one is then used again. */
  async function next(): Promise<OpenedDatabase['knex']> {
    await opened?.close();
    opened = await open();
    return opened.knex;
  }

  it('has no rows, and another fleet than the one before', async () => {
    const before = await next();
    await createUser(before, USER, { clock: systemClock });
    const fleet = await findFleet(before);
    const after = await next();
    assert.deepEqual(await after('users'), []);
    const own = await findFleet(after);
    assert.notEqual(own.id, fleet.id);
    assert.notEqual(own.timeline, fleet.timeline);
  });

  it('has the schema of the migrations, whatever the suite before did to it', async () => {
    const wanted = await columns(await next());
    for (const change of [
      'create table left_behind (n integer)',
      'alter table users add column left_behind integer',
      'alter table users rename to people',
      'drop table fleet',
      'create index left_behind on users (role)',
      'drop schema public cascade; create schema public',
    ]) {
      await (await next()).raw(change);
      assert.deepEqual(await columns(await next()), wanted, change);
    }
  });
});

async function columns(db: OpenedDatabase['knex']): Promise<unknown[]> {
  const { rows } = await db.raw<{ rows: unknown[] }>(`
    select table_name as name, column_name as part from information_schema.columns where table_schema = 'public'
    union all select tablename, indexname from pg_indexes where schemaname = 'public' order by 1, 2`);
  return rows;
}

eachEmptyDatabase('an empty database for a suite', (open) => {
  it('has no table', async () => {
    const { knex, close } = await open();
    try {
      assert.deepEqual(await columns(knex), []);
    } finally {
      await close();
    }
  });
});
