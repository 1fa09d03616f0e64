import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { fixed } from '../../../../lib/money/money.ts';
import { benchmarkReturn, compare, sameFlowsEquity } from '../../../../lib/pnl/performance/benchmark.ts';
import { maxDrawdown } from '../../../../lib/pnl/performance/drawdown.ts';
import { downsample } from '../../../../lib/pnl/performance/downsample.ts';
import type { PeriodPnl } from '../../../../lib/pnl/performance/periods.ts';
import {
  investorFlows,
  periodReturn,
  simpleReturn,
  twr,
} from '../../../../lib/pnl/performance/period-returns.ts';
import { statistic } from '../../../../lib/money/ratio.ts';
import { calmar, sharpe, sortino, volatility } from '../../../../lib/pnl/performance/risk.ts';
import { closedTrades, tradeStats } from '../../../../lib/pnl/performance/trade-stats.ts';
import { xirr } from '../../../../lib/pnl/performance/xirr.ts';
import type { Disposal } from '../../../../lib/pnl/ledger/position.ts';
import { foldAll, tradeOf } from '../ledger-arbitraries.ts';

const DAY = 86_400_000;

const near = (actual: number | null, expected: number, allowed = 1e-9): void => {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= allowed,
    `${String(actual)}, expected ${expected}`,
  );
};

function period(start: string, end: string, inflows = '0', outflows = '0'): PeriodPnl {
  const netFlows = fixed(inflows) - fixed(outflows);
  return {
    start: 0,
    end: 365 * DAY,
    startEquity: fixed(start),
    endEquity: fixed(end),
    netFlows,
    inflows: fixed(inflows),
    pnl: fixed(end) - fixed(start) - netFlows,
    realisedGross: 0n,
    realisedNet: 0n,
    unrealisedChange: 0n,
    fees: 0n,
    income: 0n,
    transferred: 0n,
  };
}

describe('returns', () => {
  it('are (end + outflow) ÷ (start + inflow) − 1 a period, chain-linked', () => {
    near(periodReturn(period('100', '220', '100')), 0.1);
    near(periodReturn(period('100', '60', '0', '50')), 0.1);
    near(twr([0.1, -0.1, 0.5]), 1.1 * 0.9 * 1.5 - 1);
  });

  it('are nil when nothing was at work, and unknown when less than nothing was', () => {
    assert.equal(periodReturn(period('0', '0')), 0);
    assert.equal(periodReturn(period('0', '5')), null);
    assert.equal(periodReturn(period('-10', '5')), null);
    assert.equal(twr([0.1, null]), null);
  });

  it('are simple when referred to what was invested net', () => {
    near(simpleReturn(period('100', '260', '100')), 0.3);
    assert.equal(simpleReturn(period('0', '0')), null);
  });

  it('never reach the API as NaN, Infinity or an exponent', () => {
    assert.deepEqual([NaN, Infinity, -Infinity, null, 1e21].map(statistic), [null, null, null, null, null]);
    assert.deepEqual([0.1, -0, 1e-12, 12, -1e-7, 100].map(statistic), [
      '0.1',
      '0',
      '0',
      '12',
      '-0.0000001',
      '100',
    ]);
  });
});

describe('XIRR', () => {
  it('is the yearly growth of a single investment', () => {
    near(
      xirr([
        { time: 0, amount: -100 },
        { time: 2 * 365 * DAY, amount: 121 },
      ])?.rate ?? null,
      0.1,
    );
  });

  it('is null without a root, and without money going both ways', () => {
    assert.equal(xirr([]), null);
    assert.equal(xirr([{ time: 0, amount: -1 }]), null);
    assert.equal(
      xirr([
        { time: 0, amount: -1 },
        { time: DAY, amount: -1 },
      ]),
      null,
    );
    assert.equal(
      xirr([
        { time: 0, amount: -1 },
        { time: 0, amount: 2 },
      ]),
      null,
      'no time passed',
    );
  });

  it('is found for any investment, however short or disastrous', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.99, max: 5, noNaN: true }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 1, max: 1e6, noNaN: true })), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.integer({ min: 1, max: 400 }),
        (rate, paid, extra) => {
          // Only payments in, then all of it out: exactly one rate fits.
          const end = Math.max(...paid.map(([day]) => day)) + extra;
          const worth = paid.reduce(
            (sum, [day, amount]) => sum + amount * (1 + rate) ** ((end - day) / 365),
            0,
          );
          const flows = paid.map(([day, amount]) => ({ time: day * DAY, amount: -amount }));
          const found = xirr([...flows, { time: end * DAY, amount: worth }]);
          assert.equal(found?.rates.length, 1);
          near(found?.rate ?? null, rate, 1e-7 * (1 + Math.abs(rate)));
        },
      ),
    );
  });

  it('is found where discounting over decades would overflow', () => {
    const flows = [
      { time: 0, amount: -1 },
      { time: 29 * 365 * DAY, amount: -Math.exp(30) },
      { time: 30 * 365 * DAY, amount: 1 },
    ];
    near(xirr(flows)?.rate ?? null, Math.expm1(-30), 1e-15);
  });

  it('is the rate nearest to zero in ln(1 + rate) of several, and tells how many fit', () => {
    const YEAR = 365 * DAY;
    // Factors of growth 0.5, 1.1 and 3: the products of the polynomial's coefficients.
    const roots = [0.5, 1.1, 3];
    const [a = 0, b = 0, c = 0] = roots;
    const flows = [
      { time: 0, amount: 1 },
      { time: YEAR, amount: -(a + b + c) },
      { time: 2 * YEAR, amount: a * b + a * c + b * c },
      { time: 3 * YEAR, amount: -a * b * c },
    ];
    const found = xirr(flows);
    assert.equal(found?.rates.length, 3);
    near(found?.rate ?? null, 0.1, 1e-9);
  });

  it('sees the start paid in, the flows, and the end received', () => {
    const span = period('100', '150');
    const flows = [
      { time: -1, value: fixed('7') },
      { time: DAY, value: fixed('10') },
      { time: 2 * DAY, value: fixed('-4') },
    ];
    assert.deepEqual(
      investorFlows(span, flows)?.map(({ amount }) => amount),
      [-100, -10, 4, 150],
    );
    assert.equal(investorFlows(span, [{ time: DAY, value: null }]), null);
  });
});

describe('risk', () => {
  const points = [100, 120, 90, 110, 60, 119, 121, 50].map((value, time) => ({ time, value }));

  it('finds the deepest fall, where it ended and when it was made good', () => {
    const found = maxDrawdown(points.slice(0, 7));
    near(found?.depth ?? null, 0.5);
    assert.deepEqual([found?.peak.time, found?.trough.time, found?.recovery?.time], [1, 4, 6]);
    assert.equal(maxDrawdown(points)?.recovery, null, 'a deeper one is still under water');
    assert.equal(maxDrawdown([]), null);
    assert.equal(maxDrawdown([{ time: 0, value: 1 }]), null);
  });

  it('is not defined without enough returns or without any variation', () => {
    assert.deepEqual(
      [volatility([0.1]), sharpe([0.01, 0.01, 0.01]), sortino([0.1, 0.2]), calmar([0.1, 0.2]), calmar([])],
      [null, null, null, null, null],
    );
  });

  it('is annualised by 365 unless asked otherwise', () => {
    near(volatility([0.01, -0.01]), Math.sqrt(0.0002 * 365));
    near(volatility([0.01, -0.01], 252), Math.sqrt(0.0002 * 252));
  });
});

describe('the benchmark', () => {
  it('returns what its price did', () => {
    near(benchmarkReturn(fixed('50'), fixed('75')), 0.5);
    assert.equal(benchmarkReturn(fixed('0'), fixed('75')), null);
    assert.equal(benchmarkReturn(null, fixed('75')), null);
  });

  it('is what the same flows would have become', () => {
    const flows = [
      { value: fixed('100'), price: fixed('20') },
      { value: fixed('-60'), price: fixed('30') },
    ];
    // 10 units at the start, 5 more, 2 less.
    assert.equal(sameFlowsEquity(fixed('100'), flows, fixed('10'), fixed('40')), fixed('520'));
    assert.equal(
      sameFlowsEquity(fixed('100'), [{ value: null, price: fixed('1') }], fixed('10'), fixed('40')),
      null,
    );
    assert.equal(sameFlowsEquity(fixed('0'), [], null, fixed('40')), 0n, 'nothing to buy needs no price');
  });

  it('is followed exactly by twice its returns: beta 2, correlation 1, no alpha', () => {
    const benchmark = [0.01, -0.02, 0.03, null, 0.005];
    const { beta, alpha, correlation } = compare([0.02, -0.04, 0.06, 0.5, 0.01], benchmark);
    near(beta, 2);
    near(alpha, 0);
    near(correlation, 1);
  });

  it('that does not move compares to nothing', () => {
    const { beta, correlation, alpha } = compare([0.1, 0.2], [0, 0]);
    assert.deepEqual([beta, correlation, alpha], [null, null, null]);
  });
});

describe('closed-trade statistics', () => {
  const disposals: Disposal[] = [];
  const hour = 3_600_000;
  const entries = [
    tradeOf('buy', '4', '100', { time: 0 }),
    tradeOf('sell', '1', '150', { time: 2 * hour, id: 'win' }),
    tradeOf('sell', '1', '80', { time: 4 * hour, id: 'loss' }),
    tradeOf('sell', '1', '100', { time: 6 * hour, id: 'even' }),
  ];
  foldAll(
    entries,
    { baseCurrency: 'KRW', costMethod: 'average', cashMode: 'tracked', simulated: false },
    { onDisposal: (disposal) => disposals.push(disposal) },
  );

  it('count wins, losses, and what they brought', () => {
    const { trades, unknown } = closedTrades(disposals);
    assert.deepEqual(tradeStats(trades, { fees: fixed('3'), turnover: null, unknown }), {
      count: 3,
      wins: 1,
      losses: 1,
      unknown: 0,
      winRate: '0.3333333333',
      profitFactor: '2.5',
      expectancy: '10',
      expectancyRatio: '0.1666666667',
      averageWin: '50',
      averageLoss: '-20',
      best: { entryId: 'win', profit: '50' },
      worst: { entryId: 'loss', profit: '-20' },
      averageHoldingMs: 4 * hour,
      totalProfit: '30',
      fees: '3',
      turnover: null,
    });
  });

  it('of no trades are null, not zero divided by zero', () => {
    const stats = tradeStats([], { fees: 0n, turnover: 0n, unknown: 0 });
    assert.deepEqual(
      [
        stats.winRate,
        stats.profitFactor,
        stats.expectancy,
        stats.expectancyRatio,
        stats.best,
        stats.averageHoldingMs,
      ],
      [null, null, null, null, null, null],
    );
  });
});

describe('down-sampling', () => {
  it('keeps the ends, the order and the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })), { maxLength: 300 }),
        fc.integer({ min: 1, max: 60 }),
        (values, limit) => {
          const times = values.map((_, index) => index * DAY);
          const chosen = downsample(times, values, limit);
          assert.ok(chosen.length <= Math.max(limit, 0) || values.length <= limit);
          assert.deepEqual(
            chosen,
            [...new Set(chosen)].sort((a, b) => a - b),
          );
          const drawn = values.flatMap((value, index) => (value === null ? [] : [index]));
          if (values.length > limit && limit >= 2 && drawn.length > 1) {
            assert.equal(chosen[0], drawn[0]);
            assert.equal(chosen.at(-1), drawn.at(-1));
          }
        },
      ),
    );
  });

  it('keeps a spike', () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 617 ? 50 : Math.sin(index / 40)));
    assert.ok(
      downsample(
        values.map((_, index) => index),
        values,
        50,
      ).includes(617),
    );
  });
});
