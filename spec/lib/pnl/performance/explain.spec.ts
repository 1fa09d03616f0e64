import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ZERO, fixed } from '../../../../lib/money/money.ts';
import { explain, explainer } from '../../../../lib/pnl/performance/explain.ts';
import type { Mark } from '../../../../lib/pnl/valuation/marking.ts';
import { legsByAsset, ledger, price, terms, tradeOf } from '../ledger-arbitraries.ts';
import { atOnce } from '../../../../lib/steps.ts';

const markOf = (rate: bigint): Mark => ({ rate, time: 0, path: ['X/KRW'], stale: false, isAged: false });

const sum = (texts: (string | null)[]): bigint =>
  texts.reduce((total, text) => total + fixed(text ?? assert.fail('a figure is missing')), ZERO);

describe('the explanation of a holding', () => {
  it('adds up to what it explains, to the last digit', () => {
    fc.assert(
      fc.property(ledger, terms, price, (entries, portfolio, rate) => {
        for (const [asset, legs] of legsByAsset(entries, portfolio)) {
          if (asset === portfolio.baseCurrency) continue;
          const { costMethod } = portfolio;
          const body = explain({ asset, legs, costMethod, mark: markOf(rate), limit: 1000 });
          assert.equal(sum(body.disposals.map((d) => d.realizedPnl.net)), sum([body.realizedPnl.net]));
          assert.equal(sum(body.disposals.map((d) => d.realizedPnl.gross)), sum([body.realizedPnl.gross]));
          assert.equal(sum(body.lots.map((lot) => lot.quantity)), sum([body.quantity]));
          assert.equal(sum(body.lots.map((lot) => lot.costBasis)), sum([body.costBasis]));
          assert.equal(sum(body.lots.map((lot) => lot.marketValue)), sum([body.marketValue]));
          assert.equal(sum(body.lots.map((lot) => lot.unrealizedPnl)), sum([body.unrealizedPnl]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('adds up with what is not shown, however little is', () => {
    fc.assert(
      fc.property(ledger, terms, price, fc.integer({ min: 0, max: 5 }), (entries, portfolio, rate, limit) => {
        const { costMethod } = portfolio;
        for (const [asset, legs] of legsByAsset(entries, portfolio)) {
          if (asset === portfolio.baseCurrency) continue;
          const body = explain({ asset, legs, costMethod, mark: markOf(rate), limit });
          const { earlier, disposals, lots } = body;
          assert.ok([lots, disposals, body.acquisitions].every((list) => list.length <= limit));
          for (const side of ['gross', 'net'] as const) {
            assert.equal(
              sum([...disposals.map((d) => d.realizedPnl[side]), earlier.disposals.realizedPnl[side]]),
              sum([body.realizedPnl[side]]),
            );
          }
          for (const figure of ['quantity', 'costBasis', 'marketValue', 'unrealizedPnl'] as const) {
            assert.equal(
              sum([...lots.map((lot) => lot[figure]), earlier.lots[figure]]),
              sum([body[figure]]),
              figure,
            );
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is the same in whatever pieces the legs come', () => {
    fc.assert(
      fc.property(ledger, terms, fc.integer({ min: 1, max: 4 }), (entries, portfolio, size) => {
        const { costMethod } = portfolio;
        for (const [asset, legs] of legsByAsset(entries, portfolio)) {
          const pieces = explainer({ asset, costMethod, limit: 3 });
          for (let at = 0; at < legs.length; at += size) atOnce(pieces.add(legs.slice(at, at + size)));
          assert.deepEqual(
            atOnce(pieces.body(null)),
            explain({ asset, legs, costMethod, mark: null, limit: 3 }),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('shows the newest of each list and counts them all', () => {
    const entries = [
      tradeOf('buy', '1', '10'),
      tradeOf('buy', '1', '20', { id: 'newest' }),
      tradeOf('sell', '0.5', '30', { id: 'sale' }),
    ];
    const portfolio = {
      baseCurrency: 'KRW',
      costMethod: 'fifo',
      cashMode: 'tracked',
      simulated: false,
    } as const;
    const legs = legsByAsset(entries, portfolio).get('BTC') ?? [];
    const body = explain({ asset: 'BTC', legs, costMethod: 'fifo', mark: null, limit: 1 });
    const { lots, acquisitions, disposals } = body.earlier;
    assert.deepEqual([lots.count, acquisitions.count, disposals.count], [1, 1, 0]);
    assert.deepEqual([lots.quantity, lots.costBasis, lots.marketValue], ['0.5', '5', null]);
    assert.deepEqual(
      [body.lots, body.acquisitions, body.disposals].map((list) => list.map(({ entryId }) => entryId)),
      [['newest'], ['newest'], ['sale']],
    );
    assert.deepEqual([body.marketValue, body.lots[0]?.marketValue], [null, null], 'there is no mark');
  });

  it('lists as many lots under its disposals as it may, those of the newest first, and sums up the others', () => {
    fc.assert(
      fc.property(ledger, terms, fc.integer({ min: 0, max: 5 }), (entries, portfolio, matches) => {
        const { costMethod } = portfolio;
        for (const [asset, legs] of legsByAsset(entries, portfolio)) {
          const about = { asset, legs, costMethod, mark: null, limit: 1000 };
          const whole = explain(about).disposals;
          const short = explain({ ...about, matches }).disposals;
          let room = matches;
          for (const [index, disposal] of [...short.entries()].toReversed()) {
            const all = whole[index]?.matches ?? assert.fail('a disposal is missing');
            assert.deepEqual(disposal.matches, all.slice(0, room));
            const rest = all.slice(room);
            assert.equal(disposal.unlisted.count, rest.length);
            assert.equal(sum([disposal.unlisted.quantity]), sum(rest.map(({ quantity }) => quantity)));
            const costs = rest.map(({ costBasis }) => costBasis);
            if (costs.includes(null)) assert.equal(disposal.unlisted.costBasis, null);
            else assert.equal(sum([disposal.unlisted.costBasis]), sum(costs));
            room -= disposal.matches.length;
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
