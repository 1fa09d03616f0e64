import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { tieOf } from '../../../db/ledger/entries/entry-identity.ts';
import { type EntryDraft } from '../../../db/ledger/entries/stored-entry.ts';
import { fixed } from '../../../lib/money/money.ts';
import { deposit, trade } from '../../support/db/fixture.ts';

const movement = (kind: 'deposit' | 'income' | 'rebate' | 'withdrawal' | 'fee', id: string): EntryDraft =>
  deposit(id, 0, '1', { kind });

/** Everything at one instant, in the order that the rule gives. */
const IN_ORDER: EntryDraft[] = [
  movement('deposit', 'd-2'),
  movement('deposit', 'd-10'),
  { ...deposit('gone', 0, '1', { kind: 'adjustment' }), quantity: fixed('-1') },
  movement('income', 'r'),
  movement('rebate', 'v'),
  trade('b-9', 0, '1'),
  trade('b-10', 0, '1'),
  trade('a-1', 0, '-1'),
  trade('first', 0, '1', { sequence: 1 }),
  { ...movement('withdrawal', 'w-first'), sequence: 2 },
  trade('last', 0, '-1', { sequence: 10 }),
  movement('fee', 'f'),
  movement('withdrawal', 'w'),
];

describe('the order of the entries of one instant', () => {
  it('is the same in whatever order they arrive', () => {
    const names = IN_ORDER.map(({ externalId }) => externalId);
    fc.assert(
      fc.property(fc.shuffledSubarray(IN_ORDER, { minLength: IN_ORDER.length }), (arrived) => {
        const placed = arrived.map((draft, arrival) => ({
          name: draft.externalId,
          tie: tieOf(draft, arrival),
        }));
        placed.sort((a, b) => (a.tie < b.tie ? -1 : 1));
        const found = placed.map(({ name }) => name);
        assert.deepEqual(new Set(found), new Set(names));
        const expected = [...IN_ORDER].map((draft) => ({ name: draft.externalId, tie: tieOf(draft, 0) }));
        expected.sort((a, b) => (a.tie < b.tie ? -1 : 1));
        assert.deepEqual(
          found,
          expected.map(({ name }) => name),
        );
      }),
    );
  });

  it('has what comes in first, then purchases, sales, what has a sequence by it, and what goes out', () => {
    const sorted = IN_ORDER.toSorted((a, b) => (tieOf(a, 0) < tieOf(b, 0) ? -1 : 1));
    assert.deepEqual(
      sorted.map(({ externalId }) => externalId),
      IN_ORDER.map(({ externalId }) => externalId),
    );
  });
});
