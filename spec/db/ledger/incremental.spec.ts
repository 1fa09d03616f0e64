import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachEntry } from '../../../db/ledger/entries/entries.ts';
import { isMovement, type StoredEntry } from '../../../db/ledger/entries/stored-entry.ts';
import { joinEntries } from '../../../db/ledger/links/joins.ts';
import { bookEntries, changeEntry, removeEntry } from '../../../db/ledger/ledger.ts';
import { lockingLedgers, lockLedgers } from '../../../db/ledger/portfolios/linked-ledgers.ts';
import { removeEntries } from '../../../db/ledger/removal.ts';
import { statesAt } from '../../../db/ledger/positions/past-states.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { refoldAll } from '../../../db/ledger/positions/refold.ts';
import { isNothing } from '../../../db/ledger/positions/states.ts';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { CASH_MODES } from '../../../lib/pnl/ledger/entry.ts';
import { encodeState } from '../../../lib/pnl/ledger/position.ts';
import { eachDatabase } from '../../support/databases.ts';
import { runs } from '../../support/runs.ts';
import { foldAll } from '../../lib/pnl/ledger-arbitraries.ts';
import { clock, newPortfolio, NOON, positionsText, trade } from '../../support/db/fixture.ts';
import { draftOf, shapes } from '../../support/db/random-ledger.ts';

/** So small that a ledger of a few dozen entries has checkpoints of every asset. */
const SPACING = 3;
const options = { clock, checkpointSpacing: SPACING };

eachDatabase('positions kept up to date from checkpoints', function (open) {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];

  before(async () => {
    opened = await open();
    db = opened.knex;
  });
  after(() => opened.close());

  /** Everything that is derived from the ledger and stored, as text. */
  async function derived(id: string): Promise<string> {
    const tables = ['positions', 'position_lots', 'cash_sums', 'trade_results'] as const;
    const rows = await Promise.all(
      tables.map(async (table) => {
        // Which entries have a checkpoint depends on the batches they came in.
        const columns = await db(table).columnInfo();
        const names = Object.entries(columns)
          .filter(([name]) => name !== 'checkpointed')
          .map(([name, { type }]) => (type === 'numeric' ? `trim_scale(${name})` : name));
        const found: { text: string }[] = await db(table)
          .where({ portfolio_id: id })
          .select(db.raw(`json_build_array(${names.join(', ')})::text as text`));
        // Sums that have come back to nothing may stay.
        return found
          .map(({ text }) => text)
          .filter((text) => !text.endsWith(', 0, 0, 0, 0, 0]'))
          .sort();
      }),
    );
    return rows.flat().join('\n');
  }

  async function refolded(id: string): Promise<void> {
    await db.transaction(async (trx) =>
      refoldAll(trx, id, (await loadPositions(trx, id)).terms, { checkpointSpacing: SPACING }),
    );
  }

  async function ledgerOf(id: string): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const entry of eachEntry(db, id)) entries.push(entry);
    return entries;
  }

  /** Joins each withdrawal with the first deposit that it may have arrived as. */
  async function joinSome(id: string): Promise<void> {
    const movements = (await ledgerOf(id)).filter(isMovement);
    const deposits = movements.filter(({ kind }) => kind === 'deposit');
    for (const withdrawal of movements.filter(({ kind }) => kind === 'withdrawal')) {
      const place = deposits.findIndex(
        ({ asset, quantity }) => asset === withdrawal.asset && quantity <= withdrawal.quantity,
      );
      const [deposit] = place < 0 ? [] : deposits.splice(place, 1);
      if (deposit === undefined) continue;
      await joinEntries(db, { withdrawal, deposit }, options);
    }
  }

  for (const costMethod of COST_METHODS) {
    it(`equal a full recomputation after late entries, changes and removals anywhere (${costMethod})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...CASH_MODES),
          shapes({ minLength: 20, maxLength: 60 }),
          fc.array(fc.tuple(fc.nat(999), fc.nat(2)), { minLength: 2, maxLength: 5 }),
          fc.nat(12),
          async (cashMode, list, edits, size) => {
            const { id } = await newPortfolio(db, { costMethod, cashMode });
            const drafts = list.map(draftOf);
            for (let n = 0; n < drafts.length; n += size + 1) {
              await bookEntries(db, id, drafts.slice(n, n + size + 1), options);
            }
            for (const [pick, what] of edits) {
              const entries = await ledgerOf(id);
              const entry = entries[pick % entries.length];
              if (entry === undefined) break;
              if (what === 0) await removeEntry(db, id, entry.id, options);
              else {
                const other = drafts.find(({ kind }, n) => kind === entry.kind && n >= pick % drafts.length);
                await changeEntry(db, id, entry.id, () => other ?? entry, options);
              }
              const incremental = await positionsText(db, id);
              const kept = await derived(id);
              await refolded(id);
              assert.equal(incremental, await positionsText(db, id));
              assert.equal(kept, await derived(id));
            }
          },
        ),
        { numRuns: runs(3), endOnFailure: true },
      );
    });

    it(`equal a full recomputation where nothing but the newest entries came, far from any checkpoint (${costMethod})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...CASH_MODES),
          shapes({ minLength: 4, maxLength: 25 }),
          async (cashMode, list) => {
            const { id } = await newPortfolio(db, { costMethod, cashMode });
            const inOrder = list.toSorted((a, b) => a.minute - b.minute || a.number - b.number);
            for (const shape of inOrder) await bookEntries(db, id, [draftOf(shape)], { clock });
            const [incremental, kept] = [await positionsText(db, id), await derived(id)];
            await refolded(id);
            assert.equal(incremental, await positionsText(db, id));
            assert.equal(kept, await derived(id));
          },
        ),
        { numRuns: runs(6), endOnFailure: true },
      );
    });

    it(`equal a full recomputation after many entries have gone at once, joined ones too (${costMethod})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...CASH_MODES),
          shapes({ minLength: 20, maxLength: 60 }),
          fc.nat(3),
          fc.integer({ min: 1, max: 9 }),
          async (cashMode, list, kept, size) => {
            const { id } = await newPortfolio(db, { costMethod, cashMode });
            await bookEntries(db, id, list.map(draftOf), options);
            await joinSome(id);
            const entries = await ledgerOf(id);
            const { version } = await loadPositions(db, id);
            const ids = entries.filter((_, n) => n % 4 !== kept).map((entry) => entry.id);
            const { count } = await lockingLedgers(db, async (trx) =>
              removeEntries(trx, await lockLedgers(trx, [id]), id, async () => ids.splice(0, size), options),
            );
            assert.equal(count + (await ledgerOf(id)).length, entries.length);
            assert.equal((await loadPositions(db, id)).version, version + count);
            const alone = (await ledgerOf(id)).filter(
              (entry) => isMovement(entry) && entry.joinedWith !== undefined,
            );
            assert.equal(alone.length % 2, 0, 'a half of a transfer is still joined');
            const incremental = await positionsText(db, id);
            const stored = await derived(id);
            await refolded(id);
            assert.equal(incremental, await positionsText(db, id));
            assert.equal(stored, await derived(id));
          },
        ),
        { numRuns: runs(3), endOnFailure: true },
      );
    });

    it(`are at any time what a fold of the entries before it is, whatever the order of arrival (${costMethod})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          shapes({ minLength: 10, maxLength: 50 }),
          fc.array(fc.nat(61 * 60_000), { minLength: 1, maxLength: 4 }),
          fc.constantFrom(...COST_METHODS),
          async (list, offsets, asked) => {
            const { id } = await newPortfolio(db, { costMethod });
            for (let n = 0; n < list.length; n += 7) {
              await bookEntries(db, id, list.slice(n, n + 7).map(draftOf), options);
            }
            const entries = await ledgerOf(id);
            const { terms } = await loadPositions(db, id);
            // Twice: the second reader finds what the first has left.
            for (const offset of [...offsets, ...offsets, 60 * 60_000]) {
              const time = NOON + offset;
              const before = entries.filter((entry) => entry.time < time);
              const expected = foldAll(before, { ...terms, costMethod: asked })
                .filter((state) => !isNothing(state))
                .sort((a, b) => (a.asset < b.asset ? -1 : 1))
                .map((state) => JSON.stringify(encodeState(state)));
              const states = await statesAt(db, id, time, asked);
              assert.deepEqual(
                states.map((state) => JSON.stringify(encodeState(state))),
                expected,
              );
            }
            const now = await statesAt(db, id, null);
            assert.equal(JSON.stringify(now.map(encodeState), null, 1), await positionsText(db, id));
          },
        ),
        { numRuns: runs(3), endOnFailure: true },
      );
    });
  }

  it('are kept current under other methods than the portfolio’s, which leave checkpoints of their own', async () => {
    const { id } = await newPortfolio(db);
    const drafts = Array.from({ length: 130 }, (_, n) => trade(`t${n}`, n, n % 3 === 2 ? '-1' : '1'));
    await bookEntries(db, id, drafts, options);
    const checkpoints = async (method: string): Promise<number> =>
      (await db('position_checkpoints').where({ portfolio_id: id, cost_method: method })).length;
    assert.ok((await checkpoints('average')) > 30);
    const first = await statesAt(db, id, null, 'lifo');
    assert.equal(await checkpoints('lifo'), 1);
    assert.deepEqual(await statesAt(db, id, null, 'lifo'), first);
    const { outcomes } = await bookEntries(db, id, [trade('late', 40, '5')], options);
    assert.equal(await checkpoints('lifo'), 0);
    const entries = await ledgerOf(id);
    const { terms } = await loadPositions(db, id);
    const expected = foldAll(entries, { ...terms, costMethod: 'lifo' });
    const btc = (await statesAt(db, id, null, 'lifo')).find(({ asset }) => asset === 'BTC');
    assert.ok(btc);
    assert.deepEqual(encodeState(btc), expected.filter(({ asset }) => asset === 'BTC').map(encodeState)[0]);
    assert.equal(outcomes[0]?.status, 'booked');
  });

  it('are folded on from many entries behind the last checkpoint, under any method', async () => {
    const { id } = await newPortfolio(db);
    const drafts = Array.from({ length: 1_100 }, (_, n) => trade(`t${n}`, n, n % 3 === 2 ? '-1' : '1'));
    await bookEntries(db, id, drafts, { clock });
    const entries = await ledgerOf(id);
    const { terms } = await loadPositions(db, id);
    for (const costMethod of ['fifo', 'lifo', 'hifo'] as const) {
      const expected = foldAll(entries, { ...terms, costMethod }).sort((a, b) =>
        a.asset < b.asset ? -1 : 1,
      );
      const states = await statesAt(db, id, null, costMethod);
      assert.deepEqual(states.map(encodeState), expected.map(encodeState));
    }
  });

  it('read only the lots a sale takes from, and the entries behind the last checkpoint', async () => {
    const { id } = await newPortfolio(db, { costMethod: 'fifo' });
    await bookEntries(
      db,
      id,
      Array.from({ length: 2_000 }, (_, n) => trade(`t${n}`, n, '1')),
      { clock },
    );
    const read = await rowsRead(async () => {
      await bookEntries(db, id, [trade('sale', 3_000, '-3')], { clock });
    });
    assert.ok(read < 60, `${read} rows read for one more sale`);
    const late = await rowsRead(async () => {
      await bookEntries(db, id, [trade('late', 1_950.5, '1')], { clock });
    });
    // Under `fifo` checkpoints lie as far apart as half the open lots.
    assert.ok(late < 1_000 + 60, `${late} rows read for a late entry`);
  });

  it('after a restart are read, not folded', async () => {
    const { id } = await newPortfolio(db);
    await bookEntries(
      db,
      id,
      Array.from({ length: 3_000 }, (_, n) => trade(`t${n}`, n, '1')),
      { clock },
    );
    assert.ok((await rowsRead(async () => void (await loadPositions(db, id)))) <= 2);
    // Half of the ledger lies before; only what is behind the last checkpoint is folded.
    const read = await rowsRead(async () => void (await statesAt(db, id, NOON + 1_400 * 60_000 + 1)));
    assert.ok(read < 700, `${read} rows read`);
  });

  /** Rows that queries of a task brought in. */
  async function rowsRead(task: () => Promise<void>): Promise<number> {
    let rows = 0;
    const count = (response: unknown): void => {
      const list: unknown =
        typeof response === 'object' && response !== null && 'rows' in response ? response.rows : response;
      if (Array.isArray(list)) rows += list.length;
    };
    db.on('query-response', count);
    await task();
    db.removeListener('query-response', count);
    return rows;
  }
});
