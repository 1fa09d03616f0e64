import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type OpenedDatabase } from '../../../db/connection/database.ts';
import { eachEntry } from '../../../db/ledger/entries/entries.ts';
import { statesAt } from '../../../db/ledger/positions/past-states.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { encodeState, type AssetState } from '../../../lib/pnl/ledger/position.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { onPostgres, openOnPostgres } from '../../support/databases.ts';
import { quiet } from '../../support/log-watch.ts';
import { startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { startChild, type Child } from '../../support/db/child.ts';
import { NOON, positionsText } from '../../support/db/fixture.ts';

/** Everything acknowledged is there, in order and without a hole, and the positions are those of what is there. */
async function assertWhole({ knex }: OpenedDatabase, { lines }: Child): Promise<void> {
  const [portfolioId, ...totals] = lines;
  assert.ok(portfolioId);
  const ids: (string | null)[] = [];
  for await (const entry of eachEntry(knex, portfolioId)) ids.push(entry.externalId);
  assert.ok(ids.length >= Number(totals.at(-1)), `${ids.length} entries of ${totals.at(-1)} acknowledged`);
  assert.deepEqual(
    ids,
    ids.map((_, n) => `t${n}`),
  );
  const { version, terms } = await loadPositions(knex, portfolioId);
  assert.equal(version, ids.length);
  const kept = await positionsText(knex, portfolioId);
  await knex.transaction((trx) => refoldAll(trx, portfolioId, terms));
  assert.equal(await positionsText(knex, portfolioId), kept);
}

describe('kill -9 during ingest (embedded)', function () {
  // Each round opens or recovers a database on disk, twice.
  this.timeout(180_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-crash-'));
    await fillDataFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [round, acknowledged] of [20, 61, 3].entries()) {
    it(`loses no acknowledged entry, ${['the first time', 'the second', 'the third'][round]}`, async () => {
      const child = startChild('./ingest.ts', [folder]);
      await child.printed(1 + acknowledged);
      await child.end('SIGKILL');
      assert.ok(child.lines.length > acknowledged);
      const opened = await openDatabase({ dataDir: folder, log: quiet });
      try {
        await assertWhole(opened, child);
      } finally {
        await opened.close();
      }
    });
  }
});

onPostgres('kill -9 during ingest', () => {
  let server: PostgresServer;

  before(async () => {
    server = await startPostgres({ durable: true });
  });
  after(() => server.stop());

  async function check(child: Child): Promise<void> {
    const opened = await openOnPostgres({ url: server.url });
    try {
      await assertWhole(opened, child);
    } finally {
      await opened.close();
    }
  }

  it('of the program loses no acknowledged entry', async () => {
    const child = startChild('./ingest.ts', [server.url]);
    await child.printed(40);
    await child.end('SIGKILL');
    assert.ok(child.lines.length >= 40);
    await check(child);
  });

  it('of the server loses no acknowledged entry', async () => {
    const child = startChild('./ingest.ts', [server.url]);
    await child.printed(40);
    await server.kill('SIGKILL');
    await child.end('SIGKILL');
    assert.ok(child.lines.length >= 40);
    await server.restart();
    await check(child);
  });

  it('in the middle of a restatement leaves positions of the entries that are there', async () => {
    const child = startChild('./restate.ts', [server.url]);
    await child.printed(1 + 5);
    await server.kill('SIGKILL');
    await child.end('SIGKILL');
    await server.restart();
    const [portfolioId = '', ...late] = child.lines;
    const { knex, close } = await openOnPostgres({ url: server.url });
    try {
      const { version, terms } = await loadPositions(knex, portfolioId);
      assert.ok(version >= 4_000 + late.length);
      let count = 0;
      for await (const _ of eachEntry(knex, portfolioId)) count += 1;
      assert.equal(count, version);
      const kept = await positionsText(knex, portfolioId);
      // What a checkpoint says is what a fold of the whole says.
      const past = encoded(await statesAt(knex, portfolioId, NOON + 3_500 * 60_000));
      await knex.transaction((trx) => refoldAll(trx, portfolioId, terms));
      assert.equal(await positionsText(knex, portfolioId), kept);
      await knex('position_checkpoints').delete();
      assert.equal(encoded(await statesAt(knex, portfolioId, NOON + 3_500 * 60_000)), past);
    } finally {
      await close();
    }
  });
});

function encoded(states: readonly AssetState[]): string {
  return JSON.stringify(states.map(encodeState));
}
