import assert from 'node:assert/strict';
import { eachEntry } from '../../../db/ledger/entries/entries.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { startChild } from '../../support/db/child.ts';
import { clock, newPortfolio, positionsText, trade } from '../../support/db/fixture.ts';

onPostgres('a restatement whose process is paused', function () {
  it('lets go of the ledger after a while, and has changed nothing when it goes on', async function () {
    this.timeout(60_000);
    const url = await newPostgresDatabase();
    const { knex, close } = await openOnPostgres({ url });
    try {
      const { id } = await newPortfolio(knex);
      await bookEntries(knex, id, [trade('first', 0, '1')], { clock });
      const child = startChild('./paused-restatement.ts', [url, id]);
      try {
        await child.printed(1);
        assert.deepEqual(child.lines, ['held']);
        child.process.kill('SIGSTOP');
        // Waits for the lock of the one that is stopped.
        await bookEntries(knex, id, [trade('second', 1, '2')], { clock });
        child.process.stdin?.write('go\n');
        child.process.kill('SIGCONT');
        await child.printed(2);
        assert.equal(child.lines[1], 'refused');
      } finally {
        await child.end('SIGKILL');
      }
      const ids: (string | null)[] = [];
      for await (const { externalId } of eachEntry(knex, id)) ids.push(externalId);
      assert.deepEqual(ids, ['first', 'second']);
      const { version, terms } = await loadPositions(knex, id);
      assert.equal(version, 2);
      const kept = await positionsText(knex, id);
      await knex.transaction((trx) => refoldAll(trx, id, terms));
      assert.equal(await positionsText(knex, id), kept);
    } finally {
      await close();
    }
  });
});
