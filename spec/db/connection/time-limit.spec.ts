import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { allowTime, isCancelled } from '../../../db/connection/time-limit.ts';
import { startApp, type TestApp } from '../../support/app.ts';
import { eachDatabase, newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** Resolves when the server is not at work on a statement like this. */
async function untilIdle({ knex }: OpenedDatabase, like: string): Promise<void> {
  const isIdle = async (): Promise<boolean> => {
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      `select 1 from pg_stat_activity
       where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like ?`,
      [like],
    );
    return rows.length === 0;
  };
  await eventually(isIdle, 'the end of the statement');
}

eachDatabase('more time for a transaction', (open) => {
  it('can be asked for on any database', async () => {
    const { knex, close } = await open();
    try {
      const answer = knex.transaction(async (trx) => {
        await allowTime(trx, 60_000);
        return (await trx.raw('select 1 as one')).rows[0].one;
      });
      assert.equal(await answer, 1);
    } finally {
      await close();
    }
  });
});

onPostgres('the time of a statement', () => {
  let url: string;
  let opened: OpenedDatabase;
  let watching: OpenedDatabase;

  before(async () => {
    url = await newPostgresDatabase();
    watching = await openOnPostgres({ url });
  });
  beforeEach(async () => {
    opened = await openOnPostgres({ url, statementTimeout: 500, queryTimeout: 30_000, poolMax: 1 });
  });
  afterEach(() => opened.close());
  after(() => watching.close());

  const sleepTooLong = (): Promise<void> =>
    assert.rejects(opened.knex.raw('select pg_sleep(600)'), isCancelled);

  it('ends it on the server, whose connection goes on', async () => {
    const pid = async (): Promise<number> =>
      (await opened.knex.raw('select pg_backend_pid() as pid')).rows[0].pid;
    const before = await pid();
    await sleepTooLong();
    await untilIdle(watching, 'select pg_sleep(600)%');
    assert.equal(await pid(), before);
  });

  it('is longer in a transaction that says so, and as before after it, however that ends', async () => {
    for (const end of ['commit', 'rollback'] as const) {
      const trx = await opened.knex.transaction();
      await allowTime(trx, 120_000);
      await trx.raw('select pg_sleep(0.7)');
      await trx.transaction((nested) => nested.raw('select pg_sleep(0.7)'));
      await trx[end]();
      await sleepTooLong();
    }
  });

  it('is waited for by the driver, though it gives up on a silent server before', async () => {
    const impatient = await openOnPostgres({ url, statementTimeout: 200, queryTimeout: 500, poolMax: 1 });
    try {
      await impatient.knex.transaction(async (trx) => {
        await allowTime(trx, 120_000);
        await trx.raw('select pg_sleep(1)');
      });
      // As a server that is silent: it never cancels this one.
      const silent = 'set statement_timeout to 0; select pg_sleep(20)';
      await assert.rejects(impatient.knex.raw(silent), /Query read timeout/);
    } finally {
      await impatient.close();
    }
  });
});

onPostgres('a request that takes the database too long', () => {
  let app: TestApp;
  let other: OpenedDatabase;

  before(async () => {
    const databaseUrl = await newPostgresDatabase();
    app = await startApp({ databaseUrl, env: { STATEMENT_TIMEOUT_MS: '2000' } });
    other = await openOnPostgres({ url: databaseUrl });
  });
  after(async () => {
    await other.close();
    await app.close();
  });

  it('is answered with 503, and is over on the server too', async () => {
    const as = await app.user();
    const trx = await other.knex.transaction();
    await trx.raw('lock table portfolios in access exclusive mode');
    const answer = await app.call('GET', '/v1/portfolios', { as });
    assertProblem(answer, 503, 'unavailable');
    assert.match(answer.body.detail, /STATEMENT_TIMEOUT_MS.*less at once/);
    assert.ok(answer.headers.has('retry-after'));
    const { rows } = await other.knex.raw<{ rows: unknown[] }>(
      `select query from pg_locks join pg_stat_activity using (pid) where not granted and relation = 'portfolios'::regclass`,
    );
    assert.deepEqual(rows, []);
    await trx.rollback();
    assert.equal((await app.call('GET', '/v1/portfolios', { as })).status, 200);
  });
});
