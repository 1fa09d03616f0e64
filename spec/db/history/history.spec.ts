import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { upsertCandles, type Candle } from '../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachEntry } from '../../../db/ledger/entries/entries.ts';
import type { StoredEntry } from '../../../db/ledger/entries/stored-entry.ts';
import {
  equitySnapshots,
  pruneEquitySnapshots,
  saveEquitySnapshots,
} from '../../../db/history/equity-snapshots.ts';
import { equityAt, externalFlows, history } from '../../../db/history/history.ts';
import { bookEntries, removeEntry } from '../../../db/ledger/ledger.ts';
import { updatePortfolio } from '../../../db/ledger/portfolio-changes.ts';
import { loadPositions } from '../../../db/ledger/positions/positions.ts';
import { fixed, ONE, ZERO } from '../../../lib/money/money.ts';
import { calendarOf } from '../../../lib/pnl/performance/calendar.ts';
import { COST_METHODS } from '../../../lib/pnl/ledger/cost-method.ts';
import { CASH_MODES } from '../../../lib/pnl/ledger/entry.ts';
import { totalsAt } from '../../../lib/pnl/valuation/marking.ts';
import { indexSymbols, type PriceSource } from '../../../lib/pnl/valuation/valuation.ts';
import { foldAll } from '../../lib/pnl/ledger-arbitraries.ts';
import { eachDatabase } from '../../support/databases.ts';
import { Problem } from '../../../lib/problem.ts';
import { turnsOf } from '../../support/turns.ts';
import { runs } from '../../support/runs.ts';
import { clock, deposit, newPortfolio, NOON, trade } from '../../support/db/fixture.ts';
import { draftOf, shapes } from '../../support/db/random-ledger.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const options = { clock, checkpointSpacing: 3 };

function candle(symbol: string, minute: number, close: string): Candle {
  const price = fixed(close);
  const time = NOON + minute * MINUTE;
  const amounts = { open: price, high: price, low: price, close: price, volume: ZERO, quoteVolume: ZERO };
  return { symbol, time, closeTime: time + 59_000, ...amounts, trades: 1, simulated: false };
}

eachDatabase('the history of a portfolio', (open) => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];
  /** Prices come and go: BTC straight, ETH through USDT, BNB never. */
  const candles = Array.from({ length: 20 }, (_, n) => [
    candle('BTC/KRW', n * 3 + 5, `${100 + n}`),
    candle('ETH/USDT', n * 3 + 9, `${7 + n}.5`),
    candle('USDT/KRW', n * 3 + 12, `13${n}`),
  ]).flat();

  before(async () => {
    opened = await open();
    db = opened.knex;
    await upsertCandles(db, candles, 'replace');
  });
  after(() => opened.close());

  async function ledgerOf(id: string): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const entry of eachEntry(db, id)) entries.push(entry);
    return entries;
  }

  const pricesAt =
    (instant: number): PriceSource =>
    (symbol) => {
      const known = candles.filter((one) => one.symbol === symbol && one.closeTime <= instant);
      const last = known.sort((a, b) => a.time - b.time).at(-1);
      return last === undefined ? null : { price: last.close, time: last.closeTime };
    };
  const symbols = indexSymbols(candles.map(({ symbol }) => symbol));

  it('is what folding and marking the ledger of each instant gives, after late entries and removals too', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes({ minLength: 5, maxLength: 40 }),
        fc.constantFrom(...CASH_MODES),
        fc.constantFrom(...COST_METHODS),
        fc.array(fc.integer({ min: -5, max: 70 }), { minLength: 1, maxLength: 8 }),
        async (list, cashMode, costMethod, minutes) => {
          const { id } = await newPortfolio(db, { cashMode });
          const instants = minutes.map((minute) => NOON + minute * MINUTE);
          const check = async (): Promise<void> => {
            const entries = await ledgerOf(id);
            const { terms: own } = await loadPositions(db, id);
            const terms = { ...own, costMethod };
            const expected = instants.map((time) => {
              const before = entries.filter((entry) => entry.time < time);
              return {
                time,
                ...totalsAt(foldAll(before, terms), terms, pricesAt(time), symbols),
                unpriced: null,
                unvalued: null,
              };
            });
            const points = await equityAt(db, id, instants, costMethod);
            assert.deepEqual(
              points.map((point) => ({ ...point, unpriced: null, unvalued: null })),
              expected,
            );
          };
          const half = Math.ceil(list.length / 2);
          await bookEntries(db, id, list.slice(0, half).map(draftOf), options);
          await check();
          await bookEntries(db, id, list.slice(half).map(draftOf), options);
          await check();
          const [entry] = await ledgerOf(id);
          if (entry) await removeEntry(db, id, entry.id, options);
          await check();
        },
      ),
      { numRuns: runs(6), endOnFailure: true },
    );
  });

  it('remembers the starts of days, and forgets those that a late entry is in', async () => {
    const { id } = await newPortfolio(db, { timeZone: 'Asia/Kathmandu' });
    const drafts = Array.from({ length: 10 }, (_, n) => deposit(`d${n}`, n * 24 * 60, '100'));
    await bookEntries(db, id, drafts, { clock });
    const starts = calendarOf('Asia/Kathmandu')
      .periods(NOON, NOON + 10 * DAY, 'day')
      .map(({ start }) => start);
    const first = await equityAt(db, id, starts);
    assert.deepEqual(
      first.map(({ equity }) => equity),
      starts.map((_, n) => BigInt(n * 100) * ONE),
    );
    const remembered = async (): Promise<number> =>
      (await db('ledger_points').where({ portfolio_id: id })).length;
    // Before the first entry there is nothing to remember.
    assert.equal(await remembered(), starts.length - 1);
    assert.deepEqual(await equityAt(db, id, starts), first);
    await bookEntries(db, id, [deposit('late', 5 * 24 * 60 + 1, '1')], { clock });
    assert.equal(await remembered(), 5);
    const second = await equityAt(db, id, starts);
    assert.deepEqual(second.slice(0, 6), first.slice(0, 6));
    assert.equal(second.at(-1)?.equity, (first.at(-1)?.equity ?? ZERO) + ONE);
    await updatePortfolio(db, id, { cashMode: 'untracked' }, { clock });
    assert.equal(await remembered(), 0);
  });

  it('has exact zeros before the first entry, and null for what had no price, naming it', async () => {
    const { id } = await newPortfolio(db);
    const unpriced = deposit('1', 10, '5', { asset: 'XYZ', unitValue: null });
    await bookEntries(db, id, [deposit('0', 2, '7'), unpriced], { clock });
    const { points } = await history(db, id, { instants: [NOON + 20 * MINUTE, NOON, NOON + 5 * MINUTE] });
    assert.deepEqual(
      points.map(({ equity, unpriced: coins }) => [equity, coins]),
      [
        [null, ['XYZ']],
        [ZERO, []],
        [7n * ONE, []],
      ],
    );
    assert.equal(points[1]?.contributions, ZERO);
  });

  it('values the present with the prices it is given', async () => {
    const { id } = await newPortfolio(db, { cashMode: 'untracked' });
    await bookEntries(db, id, [trade('1', 1, '2', { price: fixed('90') })], { clock });
    const now = NOON + 60 * MINUTE;
    const present = { prices: () => ({ price: fixed('1000'), time: now }), symbols: ['BTC/KRW'] };
    const live = { from: now, of: () => present };
    const { points } = await history(db, id, { instants: [NOON + 6 * MINUTE, now], live });
    assert.deepEqual(
      points.map(({ equity }) => equity),
      [200n * ONE, 2_000n * ONE],
    );
  });

  it('tells external flows that add up to the difference of contributions', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes({ minLength: 5, maxLength: 30 }),
        fc.constantFrom(...CASH_MODES),
        async (list, cashMode) => {
          const { id } = await newPortfolio(db, { cashMode });
          await bookEntries(db, id, list.map(draftOf), options);
          const [from, to] = [NOON + 10 * MINUTE, NOON + 45 * MINUTE];
          const [before, after] = await equityAt(db, id, [from, to]);
          let sum: bigint | null = ZERO;
          const times: number[] = [];
          await externalFlows(db, id, { from, to }, ({ value, time }) => {
            sum = sum === null || value === null ? null : sum + value;
            times.push(time);
          });
          assert.deepEqual(
            times,
            times.toSorted((a, b) => a - b),
          );
          assert.ok(times.every((time) => time >= from && time < to));
          if (before?.contributions !== null && after?.contributions !== null && before && after) {
            assert.equal(sum, (after.contributions ?? ZERO) - (before.contributions ?? ZERO));
          }
        },
      ),
      { numRuns: runs(4), endOnFailure: true },
    );
  });

  describe('of many assets at many instants', () => {
    let id: string;
    before(async () => {
      ({ id } = await newPortfolio(db));
      const deposits = Array.from({ length: 600 }, (_, n) => deposit(`d${n}`, 1, '1', { asset: `A${n}` }));
      await bookEntries(db, id, deposits, { clock });
    });
    /** More than are remembered, and all of them behind the ledger: the database has little to do between them. */
    const minutes = (count: number): number[] =>
      Array.from({ length: count }, (_, n) => NOON + (n + 2) * MINUTE);

    it('lets others have a turn while it is worked out', async () => {
      const { turns, result } = await turnsOf(async () => await equityAt(db, id, minutes(3_000)));
      assert.equal(result.length, 3_000);
      // There are a few dozen statements, after each of which there is one.
      assert.ok(turns > 100, `${turns} turns`);
    });

    it('is refused when it is too much for one answer', async () => {
      await assert.rejects(
        equityAt(db, id, minutes(8_400)),
        (error) =>
          error instanceof Problem && error.status === 400 && error.errors?.[0]?.parameter === 'from',
      );
    });
  });

  it('keeps published equity until a late entry makes it void, and for as long as it is told', async () => {
    const { id, version } = await newPortfolio(db);
    const at = (minute: number, of = version): Parameters<typeof saveEquitySnapshots>[1][number] => ({
      portfolioId: id,
      version: of,
      time: NOON + minute * MINUTE,
      equity: 5n * ONE,
      contributions: ONE,
    });
    await saveEquitySnapshots(db, [at(1), at(2), at(3, version + 1)]);
    const range = { from: NOON, to: NOON + DAY };
    const { portfolioId: _, version: __, ...first } = at(1);
    const stored = await equitySnapshots(db, id, range);
    assert.deepEqual(stored[0], first);
    assert.equal(stored.length, 2, 'not of another version of the ledger');
    await bookEntries(db, id, [deposit('1', 1, '1')], { clock });
    assert.equal((await equitySnapshots(db, id, range)).length, 1);
    await pruneEquitySnapshots(db, NOON + 2 * MINUTE);
    assert.equal((await equitySnapshots(db, id, range)).length, 0);
  });
});
