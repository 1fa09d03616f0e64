import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { databaseHealth } from '../../../db/connection/database-health.ts';
import { reachDatabase, startErrorOf } from '../../../db/connection/reach-database.ts';
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

  it('says that the server offers no TLS, or that a file for it is missing', async () => {
    const url = new URL(await newPostgresDatabase());
    const warnings: string[] = [];
    const warn = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', warn);
    url.searchParams.set('sslmode', 'require');
    await assert.rejects(reach(url.href), told(/offers no TLS, which DATABASE_URL asks for/));
    process.off('warning', warn);
    assert.deepEqual(warnings, []);
    url.searchParams.set('sslrootcert', '/nowhere/ca.pem');
    await assert.rejects(reach(url.href), told(/A file that DATABASE_URL names cannot be read: ENOENT/));
  });

  it('says that a Unix socket is not there: the server that makes it may still be starting', async () => {
    for (const url of ['postgres://postgres@localhost/db?host=/nowhere', 'postgres://postgres@%2Fnowhere/db'])
      await assert.rejects(
        reach(url, 600),
        told(
          /PostgreSQL has not answered for 1 s \(connect ENOENT \/nowhere\/\.s\.PGSQL\.5432\): check DATABASE_URL/,
        ),
      );
  });

  it('says that the user may create nothing', async () => {
    const url = new URL(await newPostgresDatabase());
    const owner = await open(url.href);
    const name = `guest_${url.pathname.slice(1)}`;
    await owner.raw(`create role "${name}" login`);
    await owner.raw('revoke all on schema public from public');
    url.username = name;
    try {
      const knex = await open(url.href);
      await assert.rejects(migrate(knex), (error) =>
        told(/The user in DATABASE_URL lacks a right/)(startErrorOf(error)),
      );
    } finally {
      await owner.raw(`drop role "${name}"`);
    }
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
        // Refused, or accepted by what is just being ended.
        told(
          /PostgreSQL has not answered for 0 s \((connect ECONNREFUSED 127\.0\.0\.1:\d+|read ECONNRESET)\): check DATABASE_URL/,
        ),
      );
      const reached = reach(server.url);
      await server.restart();
      await reached;
    });

    it('says that there is no password, and that there is another one', async () => {
      const knex = await open(server.url);
      await knex.raw("create role walter login password 'right'");
      const hba = join(server.folder, 'pg_hba.conf');
      const before = await readFile(hba, 'utf8');
      await writeFile(hba, `host all walter 127.0.0.1/32 scram-sha-256\n${before}`);
      await knex.raw('select pg_reload_conf()');
      const url = new URL(server.url);
      url.username = 'walter';
      await assert.rejects(
        reach(url.href),
        told(/^PostgreSQL asks for a password: put it into DATABASE_URL/),
      );
      url.password = 'wrong';
      await assert.rejects(reach(url.href), told(/refuses the user or the password in DATABASE_URL/));
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
