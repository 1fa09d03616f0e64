import assert from 'node:assert/strict';
import { fixed } from '../../../../lib/money/money.ts';
import {
  type Carried,
  type CarriedLot,
  decodeCarried,
  encodeCarried,
  encodeCarriedSteps,
} from '../../../../lib/pnl/ledger/carried.ts';
import { COST_METHODS } from '../../../../lib/pnl/ledger/cost-method.ts';
import { LoopHold } from '../../../support/loop-hold.ts';
import { inSlices } from '../../../../lib/async/time-slice.ts';

/** The most that one transfer may carry. */
const MANY = 10_000;
/** No request may make the others wait for longer, in milliseconds. */
const BAR_MS = 50;

const lotOf = (n: number): CarriedLot => ({
  entryId: `0197b3c4-7d1e-7000-8000-${String(n).padStart(12, '0')}`,
  time: 1_767_225_600_000 + n,
  quantity: fixed('0.123456789'),
  cost: fixed(`${n}.123456789`),
  grossCost: fixed(`${n}.1`),
  unknown: 'nothing',
});

function carriedOf(count: number): Carried {
  const lots = Array.from({ length: count }, (_, n) => lotOf(n));
  return { value: fixed('12.5'), lots: { average: lots.slice(0, 1), fifo: lots, lifo: lots, hifo: lots } };
}

describe('lots that move from one holding to another', () => {
  it('are the same when they have been stored', () => {
    const carried = carriedOf(100);
    const stored = decodeCarried(JSON.parse(JSON.stringify(encodeCarried(carried))));
    assert.equal(stored.value, carried.value);
    for (const method of COST_METHODS) assert.deepEqual(stored.lots[method], carried.lots[method]);
  });

  it('are not written anew when they have only been read', () => {
    const json = encodeCarried(carriedOf(3));
    assert.equal(encodeCarried(decodeCarried(json)), json);
    assert.deepEqual(encodeCarried({ ...decodeCarried(json) }), json);
  });

  it('are written in steps', () => {
    const steps = [...encodeCarriedSteps(carriedOf(1_000))].length;
    assert.ok(steps > 3 * 10, `${steps} steps`);
  });

  it('hold the event loop for a moment only, written or read, however many they are', async () => {
    const carried = carriedOf(MANY);
    const text = JSON.stringify(encodeCarried(carried));
    const holds: number[] = [];
    // Code that has not run before takes longer: the least of several counts.
    for (let round = 0; round < 5; round += 1) {
      const json = JSON.parse(text);
      const hold = new LoopHold();
      await inSlices(encodeCarriedSteps({ ...carried }));
      const { lots } = decodeCarried(json);
      assert.equal(lots.fifo.length, MANY);
      holds.push(hold.take().cpu);
      hold.close();
    }
    assert.ok(Math.min(...holds) <= BAR_MS, `${holds.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  });
});
