import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type OpenedDatabase } from '../../../db/connection/database.ts';
import { startEngine } from '../../../db/connection/embedded-engine.ts';
import { quiet } from '../../support/log-watch.ts';
import { LoopHold } from '../../support/loop-hold.ts';

/** No request may make the others wait for longer, in milliseconds. */
const BAR_MS = 50;

describe('the embedded database of a node', function () {
  this.timeout(120_000);
  let folder: string;
  let database: OpenedDatabase;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-engine-'));
    database = await openDatabase({ dataDir: folder, log: quiet });
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves the event loop to others while a statement runs', async () => {
    const hold = new LoopHold();
    try {
      hold.take();
      const { rows } = await database.knex.raw(
        'select sum(n::numeric) as sum from generate_series(1, 500000) as n',
      );
      assert.equal(rows[0].sum, '125000250000');
      const { cpu } = hold.take();
      assert.ok(cpu <= BAR_MS, `${cpu.toFixed(1)} ms`);
    } finally {
      hold.close();
    }
  });

  it('hands a long answer on in pieces', async () => {
    const hold = new LoopHold();
    try {
      hold.take();
      const { rows } = await database.knex.raw(
        `select n, repeat('비트코인', 20) as text from generate_series(1, 5000) as n`,
      );
      const { cpu } = hold.take();
      assert.equal(rows.length, 5_000);
      assert.deepEqual(rows[4_999], { n: 5_000, text: '비트코인'.repeat(20) });
      assert.ok(cpu <= BAR_MS, `${cpu.toFixed(1)} ms`);
    } finally {
      hold.close();
    }
  });

  it('tells what is wrong with a statement, and goes on', async () => {
    await assert.rejects(database.knex.raw('select nothing'), { code: '42703' });
    const { rows } = await database.knex.raw('select 1 as one');
    assert.deepEqual(rows, [{ one: 1 }]);
  });

  it('fails what is asked of it once it has ended, and leaves nothing waiting', async () => {
    await database.close();
    const engine = await startEngine(join(folder, 'pgdata'));
    const asked = engine.exec('select sum(n::numeric) from generate_series(1, 100000) as n');
    const closed = engine.close();
    await asked;
    await closed;
    await assert.rejects(engine.exec('select 1'), /the embedded database has ended/);
  });

  it('says why it cannot start', async () => {
    await assert.rejects(startEngine('/dev/null/nowhere'));
  });
});
