import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Database, OpenedDatabase } from '../../../db/connection/database.ts';
import type { EntriesMove, ValuationMove } from '../../../db/ledger/positions/booking-options.ts';
import { eachEntry } from '../../../db/ledger/entries/entries.ts';
import { joinEntries, partEntries } from '../../../db/ledger/links/joins.ts';
import { bookEntries, changeEntry, removeEntry } from '../../../db/ledger/ledger.ts';
import { statesAt } from '../../../db/ledger/positions/past-states.ts';
import { deletePortfolio, updatePortfolio } from '../../../db/ledger/portfolio-changes.ts';
import { createPortfolio, getPortfolio, type Portfolio } from '../../../db/ledger/portfolios/portfolios.ts';
import { isNothing } from '../../../db/ledger/positions/states.ts';
import { type EntryDraft, isTokenChange, type StoredEntry } from '../../../db/ledger/entries/stored-entry.ts';
import { fixed, mul, ZERO, type Fixed } from '../../../lib/money/money.ts';
import type { CarriedLot } from '../../../lib/pnl/ledger/carried.ts';
import { COST_METHODS, type CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { compareOrder } from '../../../lib/pnl/ledger/entry.ts';
import { type Leg, legsOf } from '../../../lib/pnl/ledger/leg.ts';
import { emptyState, encodeState, foldLegs, type AssetState } from '../../../lib/pnl/ledger/position.ts';
import { ledgerTotals, totalsWith, type Totals } from '../../../lib/pnl/ledger/totals.ts';
import { eachDatabase } from '../../support/databases.ts';
import { runs } from '../../support/runs.ts';
import { clock, deposit, newPortfolio, positionsText, trade } from '../../support/db/fixture.ts';
import { draftOf, shapes } from '../../support/db/random-ledger.ts';

const options = { clock, checkpointSpacing: 3 };

/** Coins that go from one of two portfolios to the other. */
interface Move {
  number: number;
  from: 0 | 1;
  minute: number;
  delay: number;
  asset: string;
  quantity: string;
  fee: string;
}

/** What issuers do to all that one of the portfolios holds. */
const changes = fc.uniqueArray(
  fc.record({
    number: fc.nat(999),
    at: fc.constantFrom(0 as const, 1 as const),
    minute: fc.nat(70),
    kind: fc.constantFrom('rename' as const, 'redenomination' as const, 'fork' as const),
    from: fc.constantFrom('BTC', 'ETH', 'WBTC'),
    asset: fc.constantFrom('BTC', 'WBTC', 'ETH2'),
    quantity: fc.constantFrom('1', '1000', '7', '0.000000000000000001'),
    per: fc.constantFrom('0', '1', '3', '0.25'),
  }),
  { selector: ({ number }) => number, maxLength: 4 },
);
type Change = typeof changes extends fc.Arbitrary<(infer T)[]> ? T : never;

function changeOf({ number, minute, kind, from, asset, quantity, per }: Change): EntryDraft {
  const { unitCost: _, unitValue: __, kind: ___, ...rest } = deposit(`c${number}`, minute + 0.75, '1');
  const to = from === asset && kind !== 'redenomination' ? 'ETH2' : asset;
  const share = per === '3' || (per === '0' && kind !== 'fork') ? '1' : per;
  const ratio = {
    quantity: fixed(kind === 'rename' ? '1' : quantity),
    per: fixed(kind === 'redenomination' && per === '3' ? per : share),
  };
  return {
    ...rest,
    kind,
    asset: to,
    from,
    ...(kind === 'rename' ? { quantity: fixed('1'), per: fixed('1') } : ratio),
  };
}

const moves = fc.uniqueArray(
  fc.record({
    number: fc.nat(999),
    from: fc.constantFrom(0 as const, 1 as const),
    minute: fc.nat(60),
    delay: fc.nat(9),
    asset: fc.constantFrom('BTC', 'BTC', 'ETH', 'KRW'),
    quantity: fc.constantFrom('1', '0.5', '2.000000000000000007', '5'),
    fee: fc.constantFrom('0', '0', '0.0003'),
  }),
  { selector: ({ number }) => number, minLength: 3, maxLength: 8 },
);

function draftsOf({ number, minute, delay, asset, quantity, fee }: Move) {
  const unitValue = asset === 'KRW' ? fixed('1') : fixed('123.45');
  return {
    out: deposit(`w${number}`, minute + 0.25, quantity, {
      kind: 'withdrawal',
      asset,
      unitValue,
      ...(fee !== '0' && number % 2 === 0 ? { networkFee: fixed(fee) } : {}),
    }),
    into: deposit(`d${number}`, minute + delay + 0.5, '1', {
      asset,
      quantity: fixed(quantity) - fixed(fee),
      unitValue: asset === 'KRW' ? unitValue : fixed('150'),
    }),
  };
}

eachDatabase('portfolios that coins are moved between', (open) => {
  let opened: OpenedDatabase;
  let db: Database;
  before(async () => {
    opened = await open();
    db = opened.knex;
  });
  after(() => opened.close());

  async function twoPortfolios(settings: Partial<Portfolio> = {}): Promise<[string, string]> {
    const first = await newPortfolio(db, settings);
    const { id: _, userId, version: __, linked: ___, createdAt: ____, updatedAt: _____, ...same } = first;
    return [first.id, (await createPortfolio(db, userId, same, { clock })).id];
  }

  async function entriesOf(...ids: string[]): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for (const id of ids) for await (const entry of eachEntry(db, id)) entries.push(entry);
    return entries;
  }

  async function idOf(portfolioId: string, externalId: string): Promise<string> {
    const found = (await entriesOf(portfolioId)).find((entry) => entry.externalId === externalId);
    return found?.id ?? assert.fail(`no entry ${externalId}`);
  }

  async function join(ids: readonly [string, string], { from, number }: Move): Promise<void> {
    const [source, target] = [ids[from], ids[1 - from] ?? ''];
    const withdrawal = { portfolioId: source, id: await idOf(source, `w${number}`) };
    await joinEntries(
      db,
      { withdrawal, deposit: { portfolioId: target, id: await idOf(target, `d${number}`) } },
      options,
    );
  }

  /** Both ledgers in one pass, in order of time: what one releases is handed to the other there and then. */
  async function together(ids: readonly string[], method: CostMethod): Promise<Map<string, AssetState>> {
    const entries = (await entriesOf(...ids)).sort(
      (a, b) => a.time - b.time || compareOrder(a, b) || (a.id < b.id ? -1 : 1),
    );
    const released = new Map<string, { value: Fixed | null; lots: readonly CarriedLot[] }>();
    const states = new Map<string, AssetState>();
    for (const entry of entries) {
      const portfolio = await getPortfolio(db, entry.portfolioId);
      assert.ok(portfolio);
      let folded = entry;
      if (entry.kind === 'deposit' && entry.elsewhere === true && entry.asset !== portfolio.baseCurrency) {
        const { value, lots } = released.get(entry.joinedWith ?? '') ?? assert.fail('nothing was released');
        const none = { average: [], fifo: [], lifo: [], hifo: [] };
        folded = { ...entry, carried: { value, lots: { ...none, [method]: lots } } };
      }
      const terms = { ...portfolio, costMethod: method };
      const fold = (leg: Leg): void => {
        const key = `${entry.portfolioId} ${leg.asset}`;
        const state = foldLegs(states.get(key) ?? emptyState(leg.asset), [leg], method, {
          onRelease: (id, lots) => {
            const value =
              'unitValue' in entry && entry.unitValue !== null && leg.kind === 'release'
                ? mul(leg.quantity, entry.unitValue)
                : null;
            released.set(id, { value, lots });
          },
        });
        states.set(key, state);
      };
      if (!isTokenChange(entry)) legsOf(folded, terms).forEach(fold);
      else {
        const { carried: _, ...change } = entry;
        legsOf(change, terms).forEach(fold);
        const given = released.get(entry.id);
        if (given === undefined) continue;
        const none = { average: [], fifo: [], lifo: [], hifo: [] };
        const carried = { value: ZERO, lots: { ...none, [method]: given.lots } };
        const legs = legsOf({ ...change, carried }, terms);
        // What arrives is counted under the method of the pool.
        const quantity = given.lots.reduce((sum, lot) => sum + lot.quantity, ZERO);
        for (const leg of legs) if (leg.kind === 'receive') fold({ ...leg, quantity });
      }
    }
    return states;
  }

  async function assertExact(ids: readonly string[]): Promise<void> {
    for (const method of COST_METHODS) {
      const expected = await together(ids, method);
      for (const id of ids) {
        const found = await statesAt(db, id, null, method);
        const wanted = [...expected]
          .filter(([key, state]) => key.startsWith(id) && !isNothing(state))
          .map(([, state]) => state)
          .sort((a, b) => (a.asset < b.asset ? -1 : 1));
        assert.deepEqual(found.map(encodeState), wanted.map(encodeState), `${method} of ${id}`);
      }
    }
  }

  const PRICES: Record<string, Fixed> = {
    BTC: fixed('130'),
    ETH: fixed('77.7'),
    USDT: fixed('1400'),
    BNB: fixed('5'),
  };

  async function totalsOf(id: string, method: CostMethod): Promise<Totals> {
    const portfolio = await getPortfolio(db, id);
    assert.ok(portfolio);
    const states = await statesAt(db, id, null, method);
    const value = states
      .filter(({ asset }) => asset !== portfolio.baseCurrency)
      .reduce((sum, { asset, quantity }) => sum + mul(quantity, PRICES[asset] ?? ZERO), ZERO);
    return totalsWith(ledgerTotals(states, { ...portfolio, costMethod: method }), value);
  }

  /** What is known of it adds up, to the last digit. */
  function assertIdentity(totals: Totals): void {
    const { totalPnl, realisedNet, unrealised, income, transferred } = totals;
    if (totalPnl === null || realisedNet === null || income === null || transferred === null) return;
    assert.equal(totalPnl, realisedNet + (unrealised ?? assert.fail()) + income + transferred);
  }

  for (const costMethod of COST_METHODS) {
    it(`stay exact through late entries, joining, parting, changes and removals (${costMethod})`, async function () {
      this.timeout(240_000);
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('tracked' as const, 'untracked' as const),
          fc.tuple(shapes({ minLength: 8, maxLength: 25 }), shapes({ minLength: 4, maxLength: 20 })),
          moves,
          changes,
          fc.array(fc.tuple(fc.nat(999), fc.nat(3)), { minLength: 3, maxLength: 6 }),
          async (cashMode, [one, other], transfers, changed, edits) => {
            const ids = await twoPortfolios({ costMethod, cashMode });
            const early = [one.slice(0, 6), other.slice(0, 3)].map((list) => list.map(draftOf));
            for (const [index, drafts] of early.entries()) {
              await bookEntries(db, ids[index as 0 | 1], drafts, options);
            }
            for (const move of transfers) {
              const { out, into } = draftsOf(move);
              await bookEntries(db, ids[move.from], [out], options);
              await bookEntries(db, ids[1 - move.from] ?? '', [into], options);
              await join(ids, move);
            }
            await assertExact(ids);
            for (const change of changed) await bookEntries(db, ids[change.at], [changeOf(change)], options);
            await assertExact(ids);
            for (const [index, list] of [one.slice(6), other.slice(3)].entries()) {
              for (let n = 0; n < list.length; n += 5) {
                await bookEntries(db, ids[index as 0 | 1], list.slice(n, n + 5).map(draftOf), options);
              }
            }
            await assertExact(ids);
            for (const method of COST_METHODS) {
              const [a, b] = [await totalsOf(ids[0], method), await totalsOf(ids[1], method)];
              assertIdentity(a);
              assertIdentity(b);
              if (a.transferred !== null && b.transferred !== null) {
                assert.equal(a.transferred + b.transferred, ZERO);
              }
            }
            for (const [pick, what] of edits) {
              const id = ids[pick % 2 === 0 ? 0 : 1];
              const entries = await entriesOf(id);
              const entry = entries[pick % entries.length];
              if (entry === undefined) continue;
              const isJoined = 'joinedWith' in entry && entry.joinedWith !== undefined;
              if (isJoined && what > 1) await partEntries(db, { portfolioId: id, id: entry.id }, options);
              else if (what === 0 && !isJoined && !(entry.kind === 'rename')) {
                const changed = { ...entry, quantity: entry.quantity + fixed('0.25') };
                if (changed.quantity !== ZERO) await changeEntry(db, id, entry.id, () => changed, options);
              } else await removeEntry(db, id, entry.id, options);
              await assertExact(ids);
            }
          },
        ),
        { numRuns: runs(2), endOnFailure: true },
      );
    });
  }

  it('do not depend on the order in which entries arrive and are joined', async function () {
    this.timeout(240_000);
    await fc.assert(
      fc.asyncProperty(
        shapes({ minLength: 6, maxLength: 16 }),
        moves,
        fc.array(fc.nat(999), { minLength: 40, maxLength: 40 }),
        async (list, transfers, keys) => {
          const texts: string[] = [];
          for (const shuffled of [false, true]) {
            const ids = await twoPortfolios({ costMethod: 'fifo' });
            const steps: { key: number; to: 0 | 1; draft: ReturnType<typeof draftOf> }[] = [];
            const place = (): number => (shuffled ? (keys[steps.length % 40] ?? 0) : 0);
            for (const [index, shape] of list.entries()) {
              steps.push({ key: place(), to: index % 3 === 0 ? 1 : 0, draft: draftOf(shape) });
            }
            for (const move of transfers) {
              const { out, into } = draftsOf(move);
              steps.push({ key: place(), to: move.from, draft: out });
              steps.push({ key: place(), to: move.from === 0 ? 1 : 0, draft: into });
            }
            const waiting = [...transfers];
            for (const { to, draft } of steps.toSorted((a, b) => a.key - b.key)) {
              await bookEntries(db, ids[to], [draft], options);
              const known = new Set((await entriesOf(...ids)).map(({ externalId }) => externalId));
              const ready = waiting.findIndex(
                ({ number }) => known.has(`w${number}`) && known.has(`d${number}`),
              );
              const [move] = ready < 0 ? [] : waiting.splice(ready, 1);
              if (move !== undefined) await join(ids, move);
            }
            for (const move of waiting) await join(ids, move);
            const names = new Map((await entriesOf(...ids)).map(({ id, externalId }) => [id, externalId]));
            const text = (await Promise.all(ids.map((id) => positionsText(db, id)))).join('\n');
            texts.push(text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => names.get(id) ?? id));
          }
          assert.equal(texts[0], texts[1]);
        },
      ),
      { numRuns: runs(4), endOnFailure: true },
    );
  });

  const coins = (quantity: string, price: string, minute: number, id: string, side: 'buy' | 'sell' = 'buy') =>
    trade(id, minute, quantity, { side, price: fixed(price) });
  const out = (id: string, minute: number, quantity: string, unitValue: string | null) =>
    deposit(id, minute, quantity, {
      kind: 'withdrawal',
      asset: 'BTC',
      unitValue: unitValue === null ? null : fixed(unitValue),
    });
  const into = (id: string, minute: number, quantity: string, more = {}) =>
    deposit(id, minute, quantity, { asset: 'BTC', unitValue: fixed('150'), ...more });

  /** Two lots in the first portfolio; two units of the three go to the second, and 0.1 more is the fee. */
  async function moved(settings: Partial<Portfolio> = {}): Promise<{ ids: [string, string]; move: Move }> {
    const ids = await twoPortfolios(settings);
    const lots = [coins('1', '100', 0, 'b1'), coins('2', '130', 1, 'b2'), out('w1', 10, '2.1', '140')];
    await bookEntries(db, ids[0], lots, options);
    await bookEntries(db, ids[1], [into('d1', 12, '2')], options);
    const move = {
      number: 1,
      from: 0,
      minute: 10,
      delay: 2,
      asset: 'BTC',
      quantity: '2.1',
      fee: '0.1',
    } as const;
    await join(ids, move);
    return { ids, move };
  }

  async function btc(id: string, method?: CostMethod): Promise<ReturnType<typeof encodeState>> {
    const found = (await statesAt(db, id, null, method)).find(({ asset }) => asset === 'BTC');
    return encodeState(found ?? emptyState('BTC'));
  }

  it('hand over lots with their dates and cost, and realise nothing but the fee', async () => {
    const { ids } = await moved({ costMethod: 'fifo' });
    const [a, b] = [await btc(ids[0]), await btc(ids[1])];
    const [first, second] = [await idOf(ids[0], 'b1'), await idOf(ids[0], 'b2')];
    // The fee took 0.1 of the first lot, which had cost 10.
    assert.deepEqual([a.quantity, a.costBasis, a.realisedNet, a.fees], ['0.9', '117', '-10', '10']);
    // 0.9 of the first lot and 1.1 of the second one, for 90 + 143; worth 280 when they left.
    assert.deepEqual([b.quantity, b.costBasis, b.contributions, b.transferred], ['2', '233', '280', '-47']);
    assert.deepEqual([a.contributions, a.transferred], ['-280', '47']);
    assert.deepEqual(
      b.lots.map(([, entryId, time, quantity, cost]) => [entryId, time, quantity, cost]),
      [
        [first, clock.now(), '0.9', '90'],
        [second, clock.now() + 60_000, '1.1', '143'],
      ],
    );
    assert.equal(b.openedAt, clock.now());
    // The pool of the same holding had cost 120 a unit.
    assert.equal((await btc(ids[1], 'average')).costBasis, '240');
    assert.equal((await btc(ids[1], 'hifo')).costBasis, '257');
  });

  it('sell what came from another portfolio by its age there', async () => {
    const { ids } = await moved({ costMethod: 'fifo' });
    await bookEntries(
      db,
      ids[1],
      [coins('1', '500', 5, 'b3'), coins('0.9', '600', 20, 's1', 'sell')],
      options,
    );
    const state = await btc(ids[1]);
    assert.deepEqual([state.realisedNet, state.lots.length], ['450', 2]);
    assert.equal((await btc(ids[1], 'lifo')).realisedNet, '90');
  });

  it('restate the other one when the past of the first changes, and tell of both', async () => {
    const { ids } = await moved({ costMethod: 'fifo' });
    const told: string[] = [];
    const records = (move: EntriesMove | ValuationMove): string[] => {
      const names = move.entries.map(({ externalId }) => externalId).join();
      told.push(`${'change' in move ? move.change : 'valued'} ${names} v${move.version}`);
      return ['{}'];
    };
    const { message, following } = await bookEntries(db, ids[0], [coins('5', '10', -1, 'b0')], {
      ...options,
      records,
    });
    assert.deepEqual(told, ['valued d1 v3', 'booked b0 v5']);
    assert.deepEqual(
      [message, ...following].map((each) => each && [each.portfolioId, each.version, each.previousVersion]),
      [
        [ids[0], 5, 4],
        [ids[1], 3, 2],
      ],
    );
    assert.equal((await btc(ids[1])).costBasis, '20');
    await assertExact(ids);
  });

  it('are as they were once the two are parted, whichever of them is named', async () => {
    for (const named of [0, 1] as const) {
      const { ids, move } = await moved({ costMethod: 'lifo' });
      const joined = await Promise.all(ids.map((id) => positionsText(db, id)));
      const id = await idOf(ids[named], named === 0 ? 'w1' : 'd1');
      await partEntries(db, { portfolioId: ids[named], id }, options);
      const apart = await btc(ids[1]);
      assert.deepEqual([apart.costBasis, apart.contributions, apart.transferred], ['300', '300', '0']);
      assert.deepEqual((await getPortfolio(db, ids[0]))?.linked, []);
      await join(ids, move);
      assert.deepEqual(await Promise.all(ids.map((each) => positionsText(db, each))), joined);
    }
  });

  it('count coins as brought or taken out when the other half or its portfolio goes', async () => {
    for (const [gone, how] of [
      [0, 'entry'],
      [1, 'entry'],
      [0, 'portfolio'],
      [1, 'portfolio'],
    ] as const) {
      const { ids } = await moved();
      const [left, other] = [ids[1 - gone] ?? '', ids[gone]];
      if (how === 'portfolio') await deletePortfolio(db, other, options);
      else await removeEntry(db, other, await idOf(other, gone === 0 ? 'w1' : 'd1'), options);
      const { transferred, contributions } = await btc(left);
      assert.deepEqual([transferred, contributions], ['0', gone === 0 ? '300' : '-294'], `${how} ${gone}`);
      const rest = (await entriesOf(left)).find(({ externalId }) => /^[wd]1$/.test(externalId ?? ''));
      assert.ok(rest !== undefined && !('joinedWith' in rest) && !('carried' in rest));
      assert.deepEqual((await getPortfolio(db, left))?.linked, []);
    }
  });

  it('value what arrived once the withdrawal has a rate', async () => {
    const ids = await twoPortfolios();
    await bookEntries(db, ids[0], [coins('1', '100', 0, 'b1'), out('w1', 10, '1', null)], options);
    await bookEntries(db, ids[1], [into('d1', 12, '1')], options);
    await join(ids, { number: 1, from: 0, minute: 10, delay: 2, asset: 'BTC', quantity: '1', fee: '0' });
    const before = await btc(ids[1]);
    assert.deepEqual([before.unknown.contributions, before.unknown.transferred], [true, true]);
    assert.equal(before.costBasis, '100');
    const valued = { ...out('w1', 10, '1', '140'), unitCost: fixed('140') };
    await changeEntry(db, ids[0], await idOf(ids[0], 'w1'), () => valued, options);
    const after = await btc(ids[1]);
    assert.deepEqual([after.contributions, after.transferred], ['140', '-40']);
    assert.equal(after.unknown.contributions, false);
  });

  it('follow when cash is no longer tracked, since coins that pay then stay', async () => {
    const ids = await twoPortfolios();
    const paid = {
      base: 'ETH',
      quote: 'BTC',
      quantity: fixed('1'),
      price: fixed('0.5'),
      quoteRate: fixed('110'),
    };
    await bookEntries(
      db,
      ids[0],
      [
        coins('1', '100', 0, 'b1'),
        coins('1', '200', 1, 'b2'),
        trade('e1', 2, '1', paid),
        out('w1', 10, '1', '140'),
      ],
      options,
    );
    await bookEntries(db, ids[1], [into('d1', 12, '1')], options);
    await join(ids, { number: 1, from: 0, minute: 10, delay: 2, asset: 'BTC', quantity: '1', fee: '0' });
    assert.equal((await btc(ids[1], 'fifo')).costBasis, '150');
    await updatePortfolio(db, ids[0], { cashMode: 'untracked' }, options);
    assert.equal((await btc(ids[1], 'fifo')).costBasis, '100');
    await assertExact(ids);
  });

  it('carry cash as what it is', async () => {
    const ids = await twoPortfolios();
    const drafts = draftsOf({
      number: 1,
      from: 0,
      minute: 1,
      delay: 1,
      asset: 'KRW',
      quantity: '5',
      fee: '0.5',
    });
    await bookEntries(db, ids[0], [deposit('k', 0, '100'), drafts.out], options);
    await bookEntries(db, ids[1], [drafts.into], options);
    await join(ids, { number: 1, from: 0, minute: 1, delay: 1, asset: 'KRW', quantity: '5', fee: '0.5' });
    const cash = await Promise.all(ids.map(async (id) => (await statesAt(db, id, null)).map(encodeState)[0]));
    assert.deepEqual(
      cash.map((state) => [state?.quantity, state?.contributions, state?.fees, state?.realisedNet]),
      [
        ['95', '95.5', '0.5', '-0.5'],
        ['4.5', '4.5', '0', '0'],
      ],
    );
  });

  it('refuse what cannot be one transfer', async () => {
    const [a, b] = await twoPortfolios();
    const { id: dollars } = await createPortfolio(
      db,
      (await getPortfolio(db, a))?.userId ?? '',
      { ...((await getPortfolio(db, a)) ?? assert.fail()), baseCurrency: 'USD' },
      { clock },
    );
    const { id: foreign } = await newPortfolio(db);
    await bookEntries(db, a, [out('w1', 1, '1', '140')], options);
    for (const [id, detail] of [
      [dollars, /different base currencies, KRW and USD/],
      [foreign, /belong to different people/],
    ] as const) {
      await bookEntries(db, id, [into('d1', 2, '1')], options);
      await assert.rejects(
        join([a, id], { number: 1, from: 0, minute: 1, delay: 1, asset: 'BTC', quantity: '1', fee: '0' }),
        detail,
      );
    }
    const known = { withdrawal: { portfolioId: a, id: await idOf(a, 'w1') } };
    const missing = { ...known, deposit: { portfolioId: b, id: known.withdrawal.id } };
    await assert.rejects(joinEntries(db, missing, options), /There is no deposit or withdrawal/);
  });

  it('refuse coins that would go round in a circle, where a clock was wrong, and take them up to there', async () => {
    const ids = await twoPortfolios();
    await bookEntries(
      db,
      ids[0],
      [coins('1', '100', 0, 'b1'), into('d2', 1, '1'), out('w1', 5, '1', '140')],
      options,
    );
    await bookEntries(db, ids[1], [into('d1', 3, '1'), out('w2', 4, '1', '140')], options);
    const one = { number: 1, from: 0, minute: 5, delay: 0, asset: 'BTC', quantity: '1', fee: '0' } as const;
    // The deposit is two minutes earlier than its withdrawal: the clocks of two exchanges.
    await join(ids, one);
    const before = await Promise.all(ids.map((id) => positionsText(db, id)));
    await assert.rejects(join(ids, { ...one, number: 2, from: 1 }), /go round between portfolios/);
    assert.deepEqual(await Promise.all(ids.map((id) => positionsText(db, id))), before);
    assert.equal((await btc(ids[1])).transferred, '-15');
  });

  it('do not wait for each other when both are changed at once', async () => {
    const { ids } = await moved();
    const [a, b] = ids;
    const third = await twoPortfolios();
    const settings = { ...((await getPortfolio(db, a)) ?? assert.fail()), name: 'Third' };
    const { id: c } = await createPortfolio(db, settings.userId, settings, { clock });
    await bookEntries(db, b, [out('w2', 30, '1', '150')], options);
    await bookEntries(db, c, [into('d2', 31, '1')], options);
    const twice = async (id: string, n: number): Promise<unknown> =>
      await bookEntries(db, id, [coins('1', '90', -n - 1, `x${n}`)], options);
    const w2 = await idOf(b, 'w2');
    const d2 = await idOf(c, 'd2');
    await Promise.all([
      ...[0, 1, 2, 3].flatMap((n) => [twice(a, n), twice(b, n), twice(c, n)]),
      joinEntries(
        db,
        { withdrawal: { portfolioId: b, id: w2 }, deposit: { portfolioId: c, id: d2 } },
        options,
      ),
      bookEntries(db, third[0], [coins('1', '100', 0, 'y')], options),
    ]);
    assert.deepEqual(new Set((await getPortfolio(db, c))?.linked), new Set([a, b, c]));
    await assertExact([a, b, c]);
  });

  it('add up to what one portfolio with all their entries is', async function () {
    this.timeout(240_000);
    const step = fc.record({
      what: fc.constantFrom('buy', 'buy', 'sell', 'move'),
      at: fc.constantFrom(0 as const, 1 as const),
      quantity: fc.constantFrom('1', '0.3', '2.5', '0.000000000000000013'),
      price: fc.integer({ min: 50, max: 200 }).map(String),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...COST_METHODS),
        fc.array(step, { minLength: 8, maxLength: 30 }),
        fc.boolean(),
        async (costMethod, steps, isWhole) => {
          const ids = await twoPortfolios({ costMethod });
          const one = await newPortfolio(db, { costMethod });
          const held: [Fixed, Fixed] = [ZERO, ZERO];
          const pairs: Move[] = [];
          let place: 0 | 1 = 0;
          for (const [n, { what, at, quantity: text, price }] of steps.entries()) {
            // Whole: all there is, is in one place at any time.
            const here: 0 | 1 = isWhole ? place : at;
            const there: 0 | 1 = here === 0 ? 1 : 0;
            const asked = fixed(text);
            const quantity = what === 'move' && isWhole ? held[here] : asked;
            // Neither oversold nor dust, here or in the one portfolio: a sale closes a position but for dust.
            const rests = [held[here] - quantity, ...(what === 'sell' ? [held[0] + held[1] - quantity] : [])];
            const isDust = rests.some((rest) => rest < ZERO || (rest > ZERO && rest < fixed('0.000001')));
            if (what !== 'buy' && (quantity === ZERO || isDust)) continue;
            const amount = { quantity, price: fixed(price) };
            if (what === 'move') {
              const drafts = [
                { ...out(`w${n}`, 2 * n, '1', price), quantity },
                { ...into(`d${n}`, 2 * n + 1, '1'), quantity },
              ] as const;
              await bookEntries(db, ids[here], [drafts[0]], options);
              await bookEntries(db, ids[there], [drafts[1]], options);
              await bookEntries(db, one.id, [...drafts], options);
              pairs.push({ number: n, from: here, minute: 0, delay: 0, asset: 'BTC', quantity: '', fee: '' });
              held[here] -= quantity;
              held[there] += quantity;
              place = there;
            } else {
              const draft = trade(`t${n}`, 2 * n, '1', { side: what === 'buy' ? 'buy' : 'sell', ...amount });
              await bookEntries(db, ids[here], [draft], options);
              await bookEntries(db, one.id, [draft], options);
              held[here] += what === 'buy' ? quantity : -quantity;
            }
          }
          for (const pair of pairs) {
            await join(ids, pair);
            const inside = { portfolioId: one.id };
            await joinEntries(
              db,
              {
                withdrawal: { ...inside, id: await idOf(one.id, `w${pair.number}`) },
                deposit: { ...inside, id: await idOf(one.id, `d${pair.number}`) },
              },
              options,
            );
          }
          for (const method of COST_METHODS) {
            const [a, b] = [await totalsOf(ids[0], method), await totalsOf(ids[1], method)];
            const whole = await totalsOf(one.id, method);
            const sum = (
              figure: 'equity' | 'contributions' | 'totalPnl' | 'realisedNet' | 'costBasis' | 'transferred',
            ) => (a[figure] ?? assert.fail()) + (b[figure] ?? assert.fail());
            assert.equal(sum('equity'), whole.equity);
            assert.equal(sum('contributions'), whole.contributions);
            assert.equal(sum('totalPnl'), whole.totalPnl);
            assert.equal(sum('transferred'), ZERO);
            if (!isWhole) continue;
            assert.equal(sum('realisedNet'), whole.realisedNet);
            assert.equal(sum('costBasis'), whole.costBasis);
          }
        },
      ),
      { numRuns: runs(6), endOnFailure: true },
    );
  });
});
