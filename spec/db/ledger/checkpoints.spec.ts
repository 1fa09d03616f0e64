import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { checkpointsBefore, saveCheckpoints } from '../../../db/ledger/positions/checkpoints.ts';
import { ONE } from '../../../lib/money/money.ts';
import { heapOf, type Lot } from '../../../lib/pnl/ledger/lot.ts';
import { type AssetState, emptyState, encodeState } from '../../../lib/pnl/ledger/position.ts';
import { eachDatabase } from '../../support/databases.ts';
import { newPortfolio, NOON } from '../../support/db/fixture.ts';
import { LoopHold } from '../../support/loop-hold.ts';

/** A request may hold the event loop for so long, in milliseconds of processor time. */
const BAR_MS = 50;
const MANY = 60_000;
const LAST = { time: NOON, tie: 'tie' };

function holding(count: number): AssetState {
  const entryId = randomUUID();
  const lots = Array.from({ length: count }, (_, seq): Lot => {
    const cost = BigInt((seq * 7_919) % 1_000) * ONE + 123_456_789n;
    const amounts = { quantity: ONE, cost, grossCost: cost, left: ONE };
    return { seq, entryId, time: NOON - count + seq, ...amounts, unknown: 'nothing' };
  });
  const quantity = BigInt(count) * ONE;
  return { ...emptyState('BTC'), method: 'hifo', quantity, lots: heapOf('hifo', lots), last: LAST };
}

eachDatabase('checkpoints', (open) => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];
  before(async () => {
    opened = await open();
    db = opened.knex;
  });
  after(() => opened.close());

  async function saved(id: string): Promise<AssetState | undefined> {
    const found = await checkpointsBefore(db, id, 'hifo', ['BTC', 'ETH'], null);
    return found.get('BTC')?.state;
  }

  it('keep every lot, few or many, and those alone that were saved last', async () => {
    const { id } = await newPortfolio(db);
    for (const count of [0, 250, 251, 5_000, 251, 1]) {
      const state = holding(count);
      await saveCheckpoints(db, id, 'hifo', [{ state, entries: count }]);
      const found = await saved(id);
      assert.ok(found);
      assert.deepEqual(encodeState(found), encodeState(state), `${count} lots`);
    }
    await db('position_checkpoints').where({ portfolio_id: id }).delete();
    assert.deepEqual(await db('checkpoint_lots').where({ portfolio_id: id }), []);
  });

  it(`of ${MANY} lots are written and read in pieces, between which others have a turn`, async () => {
    const { id } = await newPortfolio(db);
    const state = holding(MANY);
    const watch = new LoopHold();
    const held = async (task: () => Promise<unknown>): Promise<number> => {
      watch.take();
      await task();
      return watch.take().cpu;
    };
    try {
      const write = await held(() => saveCheckpoints(db, id, 'hifo', [{ state, entries: MANY }]));
      const read = await held(() => saved(id));
      assert.ok(write <= BAR_MS, `writing them held the event loop for ${write} ms`);
      assert.ok(read <= BAR_MS, `reading them held the event loop for ${read} ms`);
    } finally {
      watch.close();
    }
  });
});
