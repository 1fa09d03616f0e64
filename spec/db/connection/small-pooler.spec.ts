import assert from 'node:assert/strict';
import { Client } from 'pg';
import { startApp, type TestApp } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { type Pgbouncer, pgbouncerAvailable, startPgbouncer } from '../../support/pgbouncer.ts';
import { assertProblem } from '../../support/routes/problems.ts';

/** More than the node's pool: some wait for a connection of the node, the others for one of the pooler. */
const REQUESTS = 15;
/** For a connection of the node they wait for 10 s; for one of the pooler as long as for the database: 20 s and five more. */
const ANSWERED_MS = 30_000;

const suite = pgbouncerAvailable() ? onPostgres : describe.skip;

suite('a pooler with fewer connections than the node', () => {
  let pooler: Pgbouncer;
  let app: TestApp;
  let holder: Client;

  before(async () => {
    const url = await newPostgresDatabase();
    pooler = await startPgbouncer({ mode: 'transaction', port: Number(new URL(url).port), poolSize: 1 });
    const databaseUrl = pooler.through(url);
    app = await startApp({ databaseUrl });
    holder = new Client({ connectionString: databaseUrl });
    await holder.connect();
  });
  after(async () => {
    await holder?.end();
    await app?.close();
    await pooler?.stop();
  });

  it('is enough while nobody keeps them, else requests are answered with 503 in time, and go on after', async () => {
    const as = await app.user();
    const ask = () => app.call('GET', '/v1/portfolios', { as });
    const all = await Promise.all(Array.from({ length: REQUESTS }, ask));
    assert.deepEqual([...new Set(all.map(({ status }) => status))], [200]);

    await holder.query('begin');
    await holder.query('select 1');
    const from = performance.now();
    for (const answer of await Promise.all(Array.from({ length: REQUESTS }, ask)))
      assertProblem(answer, 503, 'unavailable');
    const ms = performance.now() - from;
    assert.ok(ms < ANSWERED_MS, `answered after ${Math.round(ms)} ms`);

    await holder.query('commit');
    await eventually(async () => (await ask()).status === 200, 'answers again', { everyMs: 100 });
  });
});
