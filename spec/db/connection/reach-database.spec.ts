import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { databaseHealth } from '../../../db/connection/database-health.ts';
import { reachDatabase } from '../../../db/connection/reach-database.ts';
import { migrate } from '../../../db/migrations/migrate.ts';
import { systemClock } from '../../../lib/clock.ts';
import { StartError } from '../../../lib/start-error.ts';
import { newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';

const told = (message: RegExp) => (error: unknown) =>
  error instanceof StartError && message.test(error.message);

onPostgres('reaching the database at the start of a node', () => {
  const opened: OpenedDatabase[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  async function open(url: string): Promise<OpenedDatabase['knex']> {
    const database = await openOnPostgres({ url });
    opened.push(database);
    return database.knex;
  }
  const reach = async (url: string, ms = 20_000): Promise<void> =>
    await reachDatabase(await open(url), { clock: systemClock, ms });

  it('says that there is no such database, or no such user', async () => {
    const url = await newPostgresDatabase();
    await assert.rejects(reach(`${url}x`), told(/no database of the name in DATABASE_URL/));
    await assert.rejects(
      reach(url.replace('postgres@', 'nobody@')),
      told(/does not let the user in DATABASE_URL/),
    );
    await reach(url);
  });

  it('says that a newer version has been at the schema', async () => {
    const knex = await open(await newPostgresDatabase());
    await migrate(knex);
    await knex('knex_migrations').insert({ name: '999-later', batch: 9, migration_time: new Date() });
    await assert.rejects(migrate(knex), told(/newer version of Marktide \(999-later\)/));
  });

  describe('that is a server of its own', () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres();
    });
    after(() => server?.stop());

    it('waits for a server that is still starting, and gives up on one that stays away', async () => {
      await server.kill('SIGKILL');
      await assert.rejects(
        reach(server.url, 1),
        told(/PostgreSQL has not answered for 0 s: check DATABASE_URL/),
      );
      const reached = reach(server.url);
      await server.restart();
      await reached;
    });

    it('refuses a standby, which a running node reports as not ready', async () => {
      const knex = await open(server.url);
      assert.deepEqual(await databaseHealth(knex), { ready: true, detail: null });
      await writeFile(join(server.folder, 'standby.signal'), '');
      await server.restart();
      await assert.rejects(reach(server.url), told(/DATABASE_URL names a standby/));
      const health = await databaseHealth(await open(server.url));
      assert.deepEqual(health, { ready: false, detail: 'the database is read-only, perhaps a standby' });
    });
  });
});
