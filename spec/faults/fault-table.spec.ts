import assert from 'node:assert/strict';
import { readRows } from './fault-table.ts';

const PARTS = ['a node', 'the proxy', 'Redis', 'PostgreSQL', 'PgBouncer'];
const FAULTS = ['killed', 'frozen', '200 ms slower', 'cut off without a word', 'disk full', 'memory full'];
const HEALED_S = 30;
const NOTICED_S = 5;

const secondsIn = (text: string): number[] => [...text.matchAll(/(\d+\.\d) s/g)].map(([, s]) => Number(s));

describe('the table of what fails in docs/operations.md', () => {
  const rows = readRows();

  it('has each part with each way to fail, once', () => {
    const cells = PARTS.flatMap((what) => FAULTS.map((how) => `${what}, ${how}`));
    const there = rows.map(
      ({ what, how }) => `${what}, ${FAULTS.find((each) => how.startsWith(each)) ?? how}`,
    );
    assert.deepEqual(there.sort(), cells.sort());
  });

  for (const row of rows) {
    it(`says of ${row.what}, ${row.how}, that nothing is lost, it is over in time, and somebody is told`, () => {
      assert.match(row.lost, /^0 of \d+ ticks, 0 of \d+ fills$/);
      const felt = secondsIn(`${row.readers} ${row.writers}`);
      const [healed = Number.NaN] = secondsIn(row.healed);
      for (const s of [...felt, healed]) assert.ok(s < HEALED_S, `${s} s`);
      if (Math.max(...felt) > NOTICED_S) assert.notEqual(row.told, 'nothing');
      assert.notEqual(row.told, '');
    });
  }
});
