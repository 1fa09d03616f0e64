import assert from 'node:assert/strict';
import { readRows } from './fault-table.ts';

const PARTS = ['a node', 'the proxy', 'Redis', 'PostgreSQL', 'PgBouncer'];
const FAULTS = ['killed', 'frozen', '200 ms slower', 'cut off without a word', 'disk full', 'memory full'];
const HEALED_S = 30;

/** What other tests of faults measure. */
const OTHERS = [
  'a node with 8 bookings of one portfolio under way, frozen for good',
  'a node with an embedded database, disk full',
  'Redis with Sentinel, primary killed for good',
  'Redis with Sentinel, primary frozen for good',
  'PostgreSQL behind PgBouncer, killed; a standby that lacks the last commits takes over',
];

const secondsIn = (text: string): number[] => [...text.matchAll(/(\d+\.\d) s/g)].map(([, s]) => Number(s));

describe('the table of what fails in docs/operations.md', () => {
  const [rows, others] = [readRows('parts'), readRows('others')];

  it('has each part with each way to fail, once', () => {
    const cells = PARTS.flatMap((what) => FAULTS.map((how) => `${what}, ${how}`));
    const there = rows.map(
      ({ what, how }) => `${what}, ${FAULTS.find((each) => how.startsWith(each)) ?? how}`,
    );
    assert.deepEqual(there.sort(), cells.sort());
  });

  it('has what takes more than that, and nothing that is not measured', () => {
    assert.deepEqual(others.map(({ what, how }) => `${what}, ${how}`).sort(), OTHERS.toSorted());
  });

  for (const row of rows) {
    it(`says of ${row.what}, ${row.how}, that nothing is lost, it is over in time, and somebody is told`, () => {
      assert.match(row.lost, /^0 of \d+ ticks, 0 of \d+ fills$/);
      const [healed = Number.NaN] = secondsIn(row.healed);
      for (const s of [...secondsIn(`${row.readers} ${row.writers}`), healed])
        assert.ok(s < HEALED_S, `${s} s`);
      assert.notEqual(row.told, '');
      // Its log is all that PgBouncer writes.
      if (row.told.startsWith('nobody')) assert.equal(`${row.what}, ${row.how}`, 'PgBouncer, disk full');
    });
  }
});
