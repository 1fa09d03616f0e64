import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Lot, LotHeap, LotMethod } from '../../../../lib/pnl/ledger/lot.ts';
import { addLot, dropTop, heapOf, listLots } from '../../../../lib/pnl/ledger/lot.ts';

const METHODS: LotMethod[] = ['fifo', 'lifo', 'hifo'];

function lotOf(seq: number, cost: bigint, quantity = 1n): Lot {
  const amounts = { quantity, cost, grossCost: cost, left: quantity };
  return { seq, entryId: String(seq), time: seq, ...amounts, unknown: 'nothing' };
}

/** Every lot in the order in which the heap sells them. */
function drained(method: LotMethod, heap: LotHeap): number[] {
  const order: number[] = [];
  for (let rest = heap; rest !== null; rest = dropTop(method, rest)) order.push(rest.lot.seq);
  return order;
}

describe('open lots', () => {
  it('are sold oldest first, newest first, or dearest per unit first', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.bigInt(-5n, 50n), fc.bigInt(1n, 9n))), (drawn) => {
        const lots = drawn.map(([cost, quantity], seq) => lotOf(seq, cost, quantity));
        const seqs = lots.map(({ seq }) => seq);
        assert.deepEqual(drained('fifo', heapOf('fifo', lots)), seqs);
        assert.deepEqual(drained('lifo', heapOf('lifo', lots)), seqs.toReversed());
        const unit = (seq: number): number => Number(lots[seq]?.cost) / Number(lots[seq]?.quantity);
        const dearest = seqs.toSorted((a, b) => unit(b) - unit(a) || a - b);
        assert.deepEqual(drained('hifo', heapOf('hifo', lots)), dearest);
      }),
    );
  });

  it('stay as they were for whoever holds them, while others go on', () => {
    const before = heapOf('fifo', [lotOf(0, 1n), lotOf(1, 2n)]);
    assert.ok(before !== null);
    addLot('fifo', before, lotOf(2, 3n));
    dropTop('fifo', before);
    assert.deepEqual(
      listLots(before).map(({ seq }) => seq),
      [0, 1],
    );
  });

  for (const method of METHODS) {
    it(`can be a hundred thousand (${method})`, () => {
      let heap: LotHeap = null;
      for (let seq = 0; seq < 100_000; seq += 1)
        heap = addLot(method, heap, lotOf(seq, BigInt((seq * 7919) % 10_007)));
      assert.equal(listLots(heap).length, 100_000);
      assert.equal(drained(method, heap).length, 100_000);
    });
  }
});
