import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase, type Database } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { startChild } from '../support/db/child.ts';
import { openInMemory } from '../support/databases.ts';
import { quiet } from '../support/log-watch.ts';
import { postgresAvailable, startPostgres } from '../support/postgres-server.ts';
import { say } from './say.ts';

const CHILD = fileURLToPath(new URL('migrate-child.ts', import.meta.url));
/** Of the way from opening to the end: where the process is killed. */
const PLACES = [0.05, 0.25, 0.5, 0.75, 0.95];

/** Every column and index there is, as text. */
async function schemaOf(knex: Database): Promise<string> {
  const { rows } = await knex.raw(`
    select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
    where table_schema = 'public' order by 1, 2`);
  const { rows: indexes } = await knex.raw(
    `select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2`,
  );
  const { rows: done } = await knex('knex_migrations')
    .orderBy('id')
    .select('name')
    .then((all) => ({ rows: all }));
  return JSON.stringify([rows, indexes, done]);
}

describe('kill -9 in a migration', function () {
  this.timeout(300_000);
  let wanted: string;

  before(async () => {
    const { knex, close } = await openInMemory({}, 'empty');
    await migrate(knex);
    wanted = await schemaOf(knex);
    await close();
  });

  /** How long a whole run takes on this machine now, milliseconds. */
  async function wholeRun(place: string): Promise<number> {
    const child = startChild(CHILD, [place]);
    await child.printed(1);
    const start = performance.now();
    await child.printed(2);
    await child.end('SIGTERM');
    return performance.now() - start;
  }

  async function killed(place: string, after: number): Promise<boolean> {
    const child = startChild(CHILD, [place]);
    await child.printed(1);
    await new Promise((resolve) => setTimeout(resolve, after));
    await child.end('SIGKILL');
    return !child.lines.includes('through');
  }

  it('the next start brings the schema up to date all the same (embedded)', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'marktide-migration-'));
    try {
      const whole = await wholeRun(join(parent, 'whole'));
      let interrupted = 0;
      for (const [n, place] of PLACES.entries()) {
        const folder = join(parent, String(n));
        if (await killed(folder, whole * place)) interrupted += 1;
        const { knex, close } = await openDatabase({ dataDir: folder, log: quiet });
        await migrate(knex);
        assert.equal(await schemaOf(knex), wanted);
        await close();
      }
      assert.ok(interrupted > 0, 'no run was interrupted');
      say(`${interrupted} of ${PLACES.length} runs interrupted, all schemas whole afterwards`);
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  });

  (postgresAvailable() ? it : it.skip)(
    'the next start brings the schema up to date all the same (PostgreSQL)',
    async () => {
      const server = await startPostgres({ durable: true });
      try {
        const admin = await openDatabase({ url: server.url, log: quiet });
        const urlOf = async (name: string): Promise<string> => {
          await admin.knex.raw('create database ??', [name]);
          return server.url.replace(/\/postgres$/, `/${name}`);
        };
        const whole = await wholeRun(await urlOf('whole'));
        let interrupted = 0;
        for (const [n, place] of PLACES.entries()) {
          const url = await urlOf(`m${n}`);
          if (await killed(url, whole * place)) interrupted += 1;
          const { knex, close } = await openDatabase({ url, log: quiet });
          await migrate(knex);
          assert.equal(await schemaOf(knex), wanted);
          await close();
        }
        await admin.close();
        assert.ok(interrupted > 0, 'no run was interrupted');
        say(`${interrupted} of ${PLACES.length} runs interrupted, all schemas whole afterwards`);
      } finally {
        await server.stop();
      }
    },
  );
});
