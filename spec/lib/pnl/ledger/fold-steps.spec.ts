import assert from 'node:assert/strict';
import { ONE, ZERO } from '../../../../lib/money/money.ts';
import type { DisposeLeg } from '../../../../lib/pnl/ledger/leg-kinds.ts';
import { heapOf, type Lot, lotsByAge } from '../../../../lib/pnl/ledger/lot.ts';
import { type AssetState, emptyState, foldLegs, foldSteps } from '../../../../lib/pnl/ledger/position.ts';
import { explainer } from '../../../../lib/pnl/performance/explain.ts';
import { atOnce, type Steps } from '../../../../lib/steps.ts';

const MANY = 20_000;
/** Lots that may be worked on between two turns of the event loop: each costs microseconds. */
const LOTS_A_TURN = 500;

const method = 'hifo';
const lots = Array.from({ length: MANY }, (_, seq): Lot => {
  const cost = BigInt((seq * 7_919) % 1_000) * ONE;
  const amounts = { quantity: ONE, cost, grossCost: cost, left: ONE };
  return { seq, entryId: `bought ${seq}`, time: seq, ...amounts, unknown: 'nothing' };
});
const paid = lots.reduce((sum, { cost }) => sum + cost, ZERO);
const held: AssetState = {
  ...emptyState('BTC'),
  method,
  quantity: BigInt(MANY) * ONE,
  costBasis: paid,
  grossCost: paid,
  lots: heapOf(method, lots),
  openedAt: 0,
};
const sale: DisposeLeg = {
  kind: 'dispose',
  asset: 'BTC',
  entryId: 'sold',
  time: MANY,
  tie: 'sold',
  reason: 'sale',
  quantity: BigInt(MANY - 1) * ONE,
  gross: ONE,
  net: ONE,
  fee: ZERO,
  atCost: false,
  unvalued: null,
  unmatched: false,
  contribution: ZERO,
  fill: null,
};

function stepsOf<T>(steps: Steps<T>): { count: number; result: T } {
  for (let count = 1; ; count += 1) {
    const step = steps.next();
    if (step.done === true) return { count, result: step.value };
  }
}

describe(`a holding of ${MANY} lots`, () => {
  const least = MANY / LOTS_A_TURN;

  it('is sold in steps, with the outcome of one', () => {
    const { count, result } = stepsOf(foldSteps(held, [sale], method));
    assert.ok(count >= least, `${count} steps`);
    assert.deepEqual(result, foldLegs(held, [sale], method));
    assert.equal(result.quantity, ONE);
    assert.equal(result.lots?.size, 1);
  });

  it('is put in order in steps', () => {
    const { count, result } = stepsOf(lotsByAge(held.lots));
    assert.ok(count >= MANY / LOTS_A_TURN, `${count} steps`);
    assert.deepEqual(result, lots);
  });

  it('is scaled in steps', () => {
    const { entryId, time, tie } = sale;
    const leg = { kind: 'scale', asset: 'BTC', entryId, time, tie, quantity: 3n * ONE, per: ONE } as const;
    const { count, result } = stepsOf(foldSteps(held, [leg], method));
    assert.ok(count >= least, `${count} steps`);
    assert.equal(result.quantity, 3n * held.quantity);
    assert.equal(result.lots?.size, MANY);
  });

  it('is explained in steps, each lot that was sold', () => {
    const bought = lots.map(({ entryId, time, cost }) => ({
      ...sale,
      kind: 'acquire' as const,
      reason: 'buy' as const,
      entryId,
      time,
      tie: entryId,
      quantity: ONE,
      cost,
      grossCost: cost,
      income: ZERO,
      gain: ZERO,
    }));
    const of = explainer({ asset: 'BTC', costMethod: method, limit: 10 });
    atOnce(of.add([...bought, sale]));
    const { count, result } = stepsOf(of.body(null));
    assert.ok(count >= least, `${count} steps`);
    assert.equal(result.disposals[0]?.matches.length, MANY - 1);
  });
});
