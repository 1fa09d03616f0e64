import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ONE, ZERO, fixed, mul } from '../../../../lib/money/money.ts';
import type { LedgerEntry, PortfolioTerms } from '../../../../lib/pnl/ledger/entry.ts';
import { COST_METHODS } from '../../../../lib/pnl/ledger/cost-method.ts';
import { compareOrder } from '../../../../lib/pnl/ledger/entry.ts';
import type { CashLeg } from '../../../../lib/pnl/ledger/leg.ts';
import { isAdditive, legsOf } from '../../../../lib/pnl/ledger/leg.ts';
import type { AssetState, Disposal, Flow, StateJson } from '../../../../lib/pnl/ledger/position.ts';
import {
  decodeState,
  emptyState,
  encodeState,
  foldLegs,
  unfoldCash,
} from '../../../../lib/pnl/ledger/position.ts';
import { amount, foldAll, ledger, legsByAsset, price, terms } from '../ledger-arbitraries.ts';

const RUNS = { numRuns: 400 };

const text = (states: AssetState[]): string =>
  JSON.stringify(states.map(encodeState).sort((a, b) => (a.asset < b.asset ? -1 : 1)));

const sum = (values: (bigint | null)[]): bigint =>
  values.reduce<bigint>((total, value) => {
    assert.notEqual(value, null, 'every figure is known in these ledgers');
    return total + (value ?? 0n);
  }, 0n);

describe('the state of an asset', () => {
  for (const costMethod of COST_METHODS) {
    it(`keeps the ledger identity to the last digit on any ledger (${costMethod})`, () => {
      fc.assert(
        fc.property(ledger, terms, price, (entries, drawn, mark) => {
          const portfolio = { ...drawn, costMethod };
          const states = foldAll(entries, portfolio);
          const coins = states.filter(({ asset }) => asset !== portfolio.baseCurrency);
          const values = coins.map(({ quantity }) => mul(quantity, mark));
          const cash = sum(states.filter((state) => !coins.includes(state)).map(({ quantity }) => quantity));
          const unrealised = sum(coins.map(({ costBasis }, i) => (values[i] ?? ZERO) - costBasis));
          assert.equal(
            sum(values) + cash - sum(states.map(({ contributions }) => contributions)),
            sum(states.map(({ realisedNet }) => realisedNet)) +
              unrealised +
              sum(states.map(({ income }) => income)),
          );
        }),
        RUNS,
      );
    });
  }

  it('shares what a conversion brought by the sources, of values that all round to nothing too', () => {
    const source = { quantity: fixed('0.0001'), received: null };
    const entry: LedgerEntry = {
      kind: 'convert',
      id: 'c',
      tie: 'c',
      time: 0,
      asset: 'KRW',
      quantity: fixed('4'),
      unitValue: ONE,
      sources: [
        { ...source, asset: 'ETH', unitValue: 1n },
        { ...source, asset: 'BNB', unitValue: 3n },
      ],
    };
    const portfolio = {
      baseCurrency: 'KRW',
      costMethod: 'average',
      cashMode: 'tracked',
      simulated: false,
    } as const;
    const contributed = foldAll([entry], portfolio).map(({ asset, contributions }) => [asset, contributions]);
    assert.deepEqual(contributed, [
      ['ETH', fixed('1')],
      ['BNB', fixed('3')],
      ['KRW', ZERO],
    ]);
  });

  it('never holds less than nothing of a coin, and costs nothing when flat', () => {
    fc.assert(
      fc.property(ledger, terms, (entries, portfolio) => {
        for (const state of foldAll(entries, portfolio)) {
          if (isAdditive(state.asset, portfolio)) continue;
          assert.ok(state.quantity >= ZERO);
          if (state.quantity > ZERO) continue;
          assert.deepEqual(
            [state.costBasis, state.grossCost, state.averagePrice, state.lots, state.openedAt],
            [ZERO, ZERO, ZERO, null, null],
          );
        }
      }),
      RUNS,
    );
  });

  it('is the same to the byte in whatever order the entries arrived', () => {
    fc.assert(
      fc.property(
        ledger.chain((entries) =>
          fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
        ),
        terms,
        ([entries, shuffled], portfolio) => {
          assert.equal(text(foldAll(shuffled, portfolio)), text(foldAll(entries, portfolio)));
        },
      ),
      RUNS,
    );
  });

  it('is the same to the byte in whatever batches it was folded, stored and read again in between', () => {
    fc.assert(
      fc.property(
        ledger,
        terms,
        fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
        (entries, portfolio, sizes) => {
          for (const [asset, legs] of legsByAsset(entries, portfolio)) {
            const whole = foldLegs(emptyState(asset), legs, portfolio.costMethod);
            let state = emptyState(asset);
            for (let from = 0; from < legs.length;) {
              const size = sizes.next().value ?? 1;
              const stored: StateJson = JSON.parse(JSON.stringify(encodeState(state)));
              state = foldLegs(decodeState(stored), legs.slice(from, from + size), portfolio.costMethod);
              from += size;
            }
            assert.equal(text([state]), text([whole]));
          }
        },
      ),
      RUNS,
    );
  });

  it('leaves the state it started from as it was', () => {
    fc.assert(
      fc.property(ledger, terms, (entries, portfolio) => {
        for (const [asset, legs] of legsByAsset(entries, portfolio)) {
          const half = foldLegs(emptyState(asset), legs.slice(0, legs.length / 2), portfolio.costMethod);
          const before = text([half]);
          foldLegs(half, legs.slice(legs.length / 2), portfolio.costMethod);
          assert.equal(text([half]), before);
        }
      }),
      RUNS,
    );
  });

  it('of a late, changed or removed entry is that of a full recomputation when refolded from its time', () => {
    fc.assert(
      fc.property(ledger, terms, fc.nat(), (entries, portfolio, pick) => {
        const late = entries[pick % Math.max(1, entries.length)];
        if (late === undefined) return;
        const others = entries.filter((entry) => entry !== late);
        for (const leg of legsOf(late, portfolio)) {
          if (isAdditive(leg.asset, portfolio)) continue;
          const own = legsByAsset(others, portfolio).get(leg.asset) ?? [];
          const checkpoint = foldLegs(
            emptyState(leg.asset),
            own.filter((other) => compareOrder(other, late) < 0),
            portfolio.costMethod,
          );
          const restated = foldLegs(
            checkpoint,
            (legsByAsset(entries, portfolio).get(leg.asset) ?? []).filter(
              (other) => compareOrder(other, late) >= 0,
            ),
            portfolio.costMethod,
          );
          const full = foldAll(entries, portfolio).filter(({ asset }) => asset === leg.asset);
          assert.equal(text([restated]), text(full));
        }
      }),
      RUNS,
    );
  });

  it('of the base currency takes legs in any order and gives them back', () => {
    fc.assert(
      fc.property(ledger, terms, fc.nat(), (entries, portfolio, pick) => {
        const isCash = (leg: { kind: string }): leg is CashLeg => leg.kind === 'cash';
        const legs = entries.flatMap((entry) => legsOf(entry, portfolio)).filter(isCash);
        const removed = legs.slice(0, pick % (legs.length + 1));
        const kept = legs.slice(removed.length).toReversed();
        const all = foldLegs(emptyState(portfolio.baseCurrency), legs, portfolio.costMethod);
        const direct = foldLegs(emptyState(portfolio.baseCurrency), kept, portfolio.costMethod);
        assert.equal(text([unfoldCash(all, removed)]), text([direct]));
      }),
      RUNS,
    );
  });

  it('touches the base currency with cash legs only, and every other asset with none', () => {
    fc.assert(
      fc.property(ledger, terms, (entries, portfolio) => {
        for (const leg of entries.flatMap((entry) => legsOf(entry, portfolio))) {
          assert.equal(leg.kind === 'cash', isAdditive(leg.asset, portfolio));
        }
      }),
      RUNS,
    );
  });

  it('tells disposals and flows that add up to its totals exactly', () => {
    fc.assert(
      fc.property(ledger, terms, (entries, portfolio) => {
        const disposals: Disposal[] = [];
        const flows: Flow[] = [];
        const states = foldAll(entries, portfolio, {
          onDisposal: (disposal) => disposals.push(disposal),
          onFlow: (flow) => flows.push(flow),
        });
        assert.equal(text(states), text(foldAll(entries, portfolio)), 'listening changes nothing');
        for (const state of states) {
          const own = disposals.filter(({ asset }) => asset === state.asset);
          assert.equal(sum(own.map(({ realised }) => realised.net)), state.realisedNet);
          assert.equal(sum(own.map(({ realised }) => realised.gross)), state.realisedGross);
          const inOut = flows.filter(({ asset }) => asset === state.asset).map(({ value }) => value);
          assert.equal(sum(inOut), state.contributions);
          assert.equal(sum(inOut.filter((value) => value !== null && value > ZERO)), state.inflows);
        }
        if (portfolio.costMethod === 'average') return;
        for (const disposal of disposals.filter(({ reason }) => reason !== 'write-off')) {
          const { matches, quantity, uncovered, dust, cost, proceeds } = disposal;
          const matched = sum(matches.map((match) => match.quantity));
          // A sale of a hair more than was held covers what there is.
          const short = quantity - uncovered + dust - matched;
          assert.ok(short >= ZERO && short < ONE / 10n ** 9n);
          if (uncovered > ZERO) continue;
          assert.equal(sum(matches.map((match) => match.cost)), cost);
          assert.equal((proceeds.net ?? ZERO) - (cost ?? ZERO), disposal.realised.net);
        }
      }),
      RUNS,
    );
  });

  it('shows the same cash and quantities whatever the method', () => {
    fc.assert(
      fc.property(ledger, terms, (entries, portfolio) => {
        const shown = (costMethod: PortfolioTerms['costMethod']): string =>
          foldAll(entries, { ...portfolio, costMethod })
            .map(({ asset, quantity, fees, contributions }) => {
              // A fee at cost depends on which coins paid it.
              const told = entries.some(({ kind }) => kind === 'transfer') ? '' : fees;
              return [asset, quantity, told, contributions].join();
            })
            .join(';');
        for (const method of COST_METHODS) assert.equal(shown(method), shown('average'));
      }),
      RUNS,
    );
  });

  it('has an average price that no sale moves, in its last digit either', () => {
    fc.assert(
      fc.property(amount, price, amount, price, amount, (q1, p1, q2, p2, sold) => {
        const make = (id: string, side: 'buy' | 'sell', quantity: bigint, at: bigint): LedgerEntry => ({
          kind: 'trade',
          id,
          tie: id,
          time: 0,
          base: 'BTC',
          quote: 'KRW',
          side,
          quantity,
          price: at,
          fee: null,
          quoteRate: ONE,
          feeRate: null,
        });
        const portfolio = {
          baseCurrency: 'KRW',
          costMethod: 'average',
          cashMode: 'tracked',
          simulated: false,
        } as const;
        const bought = [make('1', 'buy', q1, p1), make('2', 'buy', q2, p2)];
        const btc = (entries: LedgerEntry[]): AssetState =>
          foldLegs(emptyState('BTC'), legsByAsset(entries, portfolio).get('BTC') ?? [], 'average');
        const after = btc([...bought, make('3', 'sell', sold, p1)]);
        if (after.quantity > ZERO) assert.equal(after.averagePrice, btc(bought).averagePrice);
        else assert.equal(after.averagePrice, ZERO);
      }),
      RUNS,
    );
  });

  it('refuses legs of another asset and another method than it began with', () => {
    const portfolio = {
      baseCurrency: 'KRW',
      costMethod: 'fifo',
      cashMode: 'tracked',
      simulated: false,
    } as const;
    const leg = legsOf(
      { kind: 'deposit', id: 'd', tie: 'd', time: 0, asset: 'BTC', quantity: ONE, unitValue: fixed('5') },
      portfolio,
    );
    assert.throws(() => foldLegs(emptyState('ETH'), leg, 'fifo'), RangeError);
    const state = foldLegs(emptyState('BTC'), leg, 'fifo');
    assert.throws(() => foldLegs(state, leg, 'lifo'), RangeError);
  });
});
