import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ZERO, fixed } from '../../../lib/money.ts';
import { explain } from '../../../lib/pnl/explain.ts';
import type { Mark } from '../../../lib/pnl/marking.ts';
import { legsByAsset, ledger, price, terms, tradeOf } from './ledger.ts';

const markOf = (rate: bigint): Mark => ({ rate, time: 0, path: ['X/KRW'], stale: false });

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
          if (costMethod === 'average') {
            assert.deepEqual(body.lots, []);
            continue;
          }
          assert.equal(sum(body.lots.map((lot) => lot.quantity)), sum([body.quantity]));
          assert.equal(sum(body.lots.map((lot) => lot.costBasis)), sum([body.costBasis]));
          assert.equal(sum(body.lots.map((lot) => lot.marketValue)), sum([body.marketValue]));
          assert.equal(sum(body.lots.map((lot) => lot.unrealizedPnl)), sum([body.unrealizedPnl]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows the newest of each list and counts them all', () => {
    const entries = [
      tradeOf('buy', '1', '10'),
      tradeOf('buy', '1', '20', { id: 'newest' }),
      tradeOf('sell', '0.5', '30', { id: 'sale' }),
    ];
    const portfolio = { baseCurrency: 'KRW', costMethod: 'fifo', cashMode: 'tracked' } as const;
    const legs = legsByAsset(entries, portfolio).get('BTC') ?? [];
    const body = explain({ asset: 'BTC', legs, costMethod: 'fifo', mark: null, limit: 1 });
    assert.deepEqual(body.counts, { lots: 2, acquisitions: 2, disposals: 1 });
    assert.deepEqual(
      [body.lots, body.acquisitions, body.disposals].map((list) => list.map(({ entryId }) => entryId)),
      [['newest'], ['newest'], ['sale']],
    );
    assert.deepEqual([body.marketValue, body.lots[0]?.marketValue], [null, null], 'there is no mark');
  });
});
