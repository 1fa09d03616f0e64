import assert from 'node:assert/strict';
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { type HistoryPoint, readHistory } from '../../../db/connection/server-history.ts';
import { openOnPostgres } from '../../support/databases.ts';
import { postgresAvailable, type PostgresServer, startPostgres } from '../../support/postgres-server.ts';

(postgresAvailable() ? describe : describe.skip)('the history of a server (PostgreSQL)', function () {
  this.timeout(60_000);
  let server: PostgresServer;
  let database: OpenedDatabase;

  before(async () => {
    server = await startPostgres();
    database = await openOnPostgres({ url: server.url });
  });
  after(async () => {
    await database?.close();
    await server?.stop();
  });

  async function point(): Promise<HistoryPoint> {
    const found = await readHistory(database.knex);
    assert.ok(found !== null);
    return found;
  }

  /** With connections of their own: those of before are gone. */
  async function reopen(): Promise<void> {
    await database.close();
    database = await openOnPostgres({ url: server.url });
  }

  it('goes on over a restart, which can be seen', async () => {
    const before = await point();
    await server.restart();
    await reopen();
    const after = await point();
    assert.equal(after.branch, before.branch);
    assert.notEqual(after.startedAt, before.startedAt);
    assert.ok(after.written >= before.written);
  });

  it('is another one when the tables are made anew', async () => {
    const branches = [(await point()).branch];
    for (let n = 0; n < 2; n += 1) {
      await database.knex.raw('drop table if exists fleet');
      await database.knex.raw('create table fleet (id uuid)');
      branches.push((await point()).branch);
    }
    assert.equal(new Set(branches).size, 3);
  });

  it('is not known of a standby, and is another one when that is promoted', async () => {
    const before = await point();
    await server.kill('SIGINT');
    const signal = join(server.folder, 'standby.signal');
    await writeFile(signal, '');
    const { uid, gid } = await stat(server.folder);
    await chown(signal, uid, gid);
    await server.restart();
    await reopen();
    assert.equal(await readHistory(database.knex), null);
    await database.knex.raw('select pg_promote()');
    assert.notEqual((await point()).branch, before.branch);
  });

  it('is told with each new connection', async () => {
    const told: HistoryPoint[] = [];
    database.history?.onConnection((found) => told.push(found));
    const first = await database.knex.transaction();
    const second = await database.knex.transaction();
    await Promise.all([first.rollback(), second.rollback()]);
    const { branch, startedAt } = await point();
    assert.ok(told.length > 0);
    for (const found of told) assert.deepEqual([found.branch, found.startedAt], [branch, startedAt]);
  });
});
