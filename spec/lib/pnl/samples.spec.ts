import assert from 'node:assert/strict';
import type { Fixed } from '../../../lib/money/money.ts';
import { ONE, ZERO, div, fixed, mul, toNumber } from '../../../lib/money/money.ts';
import { capture, compare } from '../../../lib/pnl/performance/benchmark.ts';
import { calendarOf } from '../../../lib/pnl/performance/calendar.ts';
import { allTimeHigh, longestUnderwater, maxDrawdown } from '../../../lib/pnl/performance/drawdown.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import type { LedgerEntry, PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { totalsAt } from '../../../lib/pnl/valuation/marking.ts';
import { periodReturns } from '../../../lib/pnl/performance/period-returns.ts';
import type { PeriodPnl } from '../../../lib/pnl/performance/periods.ts';
import { periodPnl, periodPnls } from '../../../lib/pnl/performance/periods.ts';
import type { AssetState, Disposal } from '../../../lib/pnl/ledger/position.ts';
import { emptyState } from '../../../lib/pnl/ledger/position.ts';
import {
  annualReturn,
  annualise,
  bucketReturns,
  cagr,
  cumulativeReturns,
} from '../../../lib/pnl/performance/returns.ts';
import {
  calmar,
  downsideRisk,
  drawdownOf,
  omega,
  sortino,
  spanVolatility,
} from '../../../lib/pnl/performance/risk.ts';
import type { TotalsAt } from '../../../lib/pnl/ledger/totals.ts';
import { knownAveragePrice } from '../../../lib/pnl/ledger/totals.ts';
import { tradeStats } from '../../../lib/pnl/performance/trade-stats.ts';
import type { PriceSource } from '../../../lib/pnl/valuation/valuation.ts';
import { indexSymbols } from '../../../lib/pnl/valuation/valuation.ts';
import { xirr } from '../../../lib/pnl/performance/xirr.ts';
import { Checker, samples, type Sample } from '../../support/pnl-samples.ts';
import { foldAll } from './ledger-arbitraries.ts';

const DAY = 86_400_000;

const at = (text: string): number => Date.parse(text.includes('T') ? text : `${text}T00:00:00Z`);

function entriesOf(sample: Sample): LedgerEntry[] {
  const quote = sample.quote ?? 'USD';
  const trades = sample.trades.map((trade, index): LedgerEntry => {
    const gross =
      trade.grossAmount ?? (trade.price === undefined || trade.price === null ? trade.amount : undefined);
    // Two sources leave out the price of a sale, because the cost of it does not depend on it.
    const price = gross === undefined ? fixed(trade.price ?? '1') : div(fixed(gross), fixed(trade.quantity));
    const fee = fixed(trade.fee) + fixed(trade.tax ?? '0');
    const tie = String(index).padStart(4, '0');
    return {
      kind: 'trade',
      id: tie,
      tie,
      time: at(trade.time),
      base: trade.symbol,
      quote,
      side: trade.side,
      quantity: fixed(trade.quantity),
      price,
      quoteRate: ONE,
      feeRate: null,
      fee: fee === ZERO ? null : { amount: fee, currency: quote },
    };
  });
  const flows = sample.cashflows
    .filter(({ type }) => type === 'deposit' || type === 'withdrawal' || type === 'income')
    .map(({ time, type, amount }, index): LedgerEntry => {
      const kind = type === 'income' || type === 'withdrawal' ? type : 'deposit';
      const tie = `c${index}`;
      const entry = { id: tie, tie, time: at(time), asset: quote, unitValue: ONE };
      return { ...entry, kind, quantity: fixed(amount) };
    });
  const income = (sample.income ?? []).map(({ time, quantity, unitAmount }, index): LedgerEntry => {
    const tie = `i${index}`;
    const earned = mul(fixed(quantity), fixed(unitAmount));
    return { kind: 'income', id: tie, tie, time: at(time), asset: quote, quantity: earned, unitValue: ONE };
  });
  return [...trades, ...flows, ...income];
}

function termsOf(sample: Sample, costMethod: CostMethod = 'average'): PortfolioTerms {
  return { baseCurrency: sample.quote ?? 'USD', costMethod, cashMode: 'untracked', simulated: false };
}

/** The only coin of a sample's ledger as of an instant. */
function coinOf(sample: Sample, entries: LedgerEntry[], costMethod: CostMethod = 'average'): AssetState {
  const coin = sample.trades[0]?.symbol ?? '';
  const states = foldAll(entries, termsOf(sample, costMethod));
  return states.find(({ asset }) => asset === coin) ?? emptyState(coin);
}

function disposalsOf(sample: Sample, costMethod: CostMethod): Disposal[] {
  const disposals: Disposal[] = [];
  foldAll(entriesOf(sample), termsOf(sample, costMethod), {
    onDisposal: (disposal) => disposals.push(disposal),
  });
  return disposals;
}

function totalsOf(sample: Sample, time: number): TotalsAt {
  const before = entriesOf(sample).filter((entry) => entry.time <= time);
  const terms = termsOf(sample);
  const prices: PriceSource = (symbol) => {
    const known = sample.prices.filter(
      (p) => `${p.symbol}/${terms.baseCurrency}` === symbol && at(p.time) <= time,
    );
    const last = known.at(-1);
    return last === undefined ? null : { price: fixed(last.price), time: at(last.time) };
  };
  return { time, ...totalsAt(foldAll(before, terms), terms, prices, indexSymbols([])) };
}

const numbers = (texts: (string | null)[]): (number | null)[] =>
  texts.map((value) => (value === null ? null : Number(value)));

const runners: Record<string, (sample: Sample, check: Checker) => void> = {
  stats(sample, check) {
    const returns = numbers(sample.returns ?? []);
    const { params = {} } = sample;
    const perYear = Number(params.periodsPerYear ?? 252);
    const benchmark =
      typeof sample.benchmark === 'string'
        ? returns.map(() => Number(sample.benchmark))
        : numbers(sample.benchmark ?? []);
    const figures: Record<string, () => number | null> = {
      // Empyrical's drawdown is a negative return; ours is a depth.
      maxDrawdown: () => 0 - drawdownOf(returns),
      annualReturn: () => annualReturn(returns, perYear),
      cagr: () => annualReturn(returns, perYear),
      calmar: () => calmar(returns, perYear),
      omega: () => omega(returns, Number(params.riskFree), Number(params.requiredAnnualReturn), perYear),
      downsideRisk: () => downsideRisk(returns, Number(params.required), perYear),
      sortino: () => sortino(returns, Number(params.required), perYear),
      excessSharpe: () => compare(returns, benchmark).excessSharpe,
      downCapture: () => capture(returns, benchmark, 'down', perYear),
    };
    if (sample.method === 'cumReturns') {
      cumulativeReturns(returns).forEach((value, index) => check.is(`cumReturns.${index}`, value));
    } else if (sample.method === 'bucketReturns') {
      const first = at(String(params.firstDate));
      const series = returns.map((value, index) => ({ time: first + index * DAY, value }));
      bucketReturns(series, 'week', calendarOf('UTC')).forEach(({ value }, index) =>
        check.is(`bucketReturns.${index}`, value),
      );
    } else {
      const figure = figures[sample.method];
      assert.ok(figure, sample.method);
      check.is(sample.method, figure());
    }
  },

  sequence(sample, check) {
    const entries = entriesOf(sample);
    const costMethod = sample.method === 'fifo' ? 'fifo' : 'average';
    const disposals = disposalsOf(sample, costMethod);
    if (sample.id === 'rk-fiat-round-trip') {
      check.is('pnlTotal', coinOf(sample, entries, costMethod).realisedNet);
      return;
    }
    let invested = ZERO;
    let ratio: Fixed | null = null;
    entries.forEach((entry, index) => {
      assert.equal(entry.kind, 'trade');
      const state = coinOf(sample, entries.slice(0, index + 1));
      const disposal = disposals.find(({ entryId }) => entryId === entry.id);
      const path = `afterEach.${index}`;
      if (sample.id === 'rk-average-11-steps') {
        check.is(`${path}.totalCost`, state.costBasis);
        check.is(`${path}.amount`, state.quantity);
        const uncovered = disposal?.uncovered ?? ZERO;
        const brought = uncovered === ZERO ? ZERO : (disposal?.cost ?? ZERO) - (invested - state.costBasis);
        invested = state.costBasis;
        const pnl = disposal?.realised.net ?? ZERO;
        if (uncovered === ZERO) check.is(`${path}.pnl`, pnl);
        else {
          check.differs(
            `${path}.pnl`,
            'rotki gives coins it has never seen a cost of zero; here they count as transferred in at the sale price',
            pnl + brought,
          );
          const order = check.at('missing.0.step') === index + 1 ? 0 : 1;
          check.is(`missing.${order}.step`, index + 1);
          check.is(`missing.${order}.missing`, uncovered);
          check.is(`missing.${order}.found`, (disposal?.quantity ?? ZERO) - uncovered);
        }
        return;
      }
      if (entry.kind === 'trade' && entry.side === 'buy') invested += mul(entry.quantity, entry.price);
      const flat = index === entries.length - 1;
      if (flat) {
        check.is(`${path}.flat`, state.quantity === ZERO);
        // The source keeps what a closed trade had before it was closed.
        const before = coinOf(sample, entries.slice(0, index));
        check.differs(
          `${path}.quantity`,
          'freqtrade keeps the quantity of before the close',
          before.quantity,
        );
        check.differs(
          `${path}.average`,
          'freqtrade keeps the average of before the close',
          before.averagePrice,
        );
        check.differs(`${path}.cost`, 'freqtrade keeps the cost of before the close', before.costBasis);
      } else {
        check.is(`${path}.quantity`, state.quantity);
        check.is(`${path}.average`, knownAveragePrice(state));
        check.is(`${path}.cost`, state.costBasis);
      }
      check.is(`${path}.realised`, state.realisedNet);
      const last = disposals.filter(({ entryId }) => entryId <= entry.id).at(-1);
      const sold = last !== undefined;
      check.is(`${path}.realisedLast`, sold ? last.realised.net : null);
      // The source refers to everything bought so far, as of the last sale.
      if (disposal !== undefined) ratio = div(state.realisedNet, invested);
      check.is(`${path}.ratio`, ratio);
      if (flat) {
        check.is('final.realised', state.realisedNet);
        check.is('final.ratio', div(state.realisedNet, invested));
      }
    });
  },

  'round-trip'(sample, check) {
    const [disposal] = disposalsOf(sample, 'average');
    assert.ok(disposal?.realised.net && disposal.cost);
    check.is('profit', disposal.realised.net);
    check.is('profitRatio', div(disposal.realised.net, disposal.cost));
  },

  fee(sample, check) {
    check.is('openValue', coinOf(sample, entriesOf(sample)).costBasis);
  },

  'trade-stats'(sample, check) {
    const trades = (sample.closedProfits ?? []).map((profit, index) => ({
      entryId: String(index),
      openedAt: null,
      closedAt: index,
      profit: fixed(profit),
      cost: ZERO,
    }));
    const stats = tradeStats(trades, { fees: ZERO, turnover: ZERO, unknown: 0 });
    check.is('expectancy', stats.expectancy);
    check.is('expectancyRatio', stats.expectancyRatio);
  },

  cagr(sample, check) {
    const { start, end, days } = sample.params ?? {};
    check.is('cagr', cagr(Number(start), Number(end), Number(days)));
  },

  annualise(sample, check) {
    const { params = {} } = sample;
    check.is('annualised', annualise(Number(params.return), Number(params.days)));
  },

  drawdown(sample, check) {
    const start = at(sample.startDate ?? '');
    const values =
      sample.accumulated?.map((value) => 1 + Number(value)) ??
      (sample.closedProfits ?? []).map((_, index, profits) =>
        profits
          .slice(0, index + 1)
          .reduce((sum, profit) => sum + Number(profit), Number(sample.startBalance)),
      );
    const points = values.map((value, index) => ({ time: start + index * DAY, value }));
    if (sample.method === 'accumulated-return') {
      check.is('maxDrawdown', maxDrawdown(points)?.depth ?? 0);
      check.is('maxDrawdownDurationDays', longestUnderwater(points) / DAY);
    } else {
      const found = maxDrawdown(points, 'amount');
      assert.ok(found);
      check.is('drawdownAbs', found.amount);
      check.is('drawdownRelative', found.depth);
    }
  },

  portfolio(sample, check) {
    const now = at(sample.valuationTime ?? '');
    const totals = totalsOf(sample, now);
    const investments = [...new Set(sample.trades.map(({ time }) => time))];
    if (sample.id !== 'gf-dividend-separate') check.is('currentValue', totals.marketValue);
    check.is('totalFees', totals.fees);
    const coin = coinOf(sample, entriesOf(sample));
    const feesBought = coin.costBasis - coin.grossCost;
    // Ghostfolio's investment is fee-free: our gross cost.
    check.is('totalInvestment', (totals.costBasis ?? ZERO) - feesBought);
    if (sample.id === 'gf-empty') return;

    const gross = (totals.realisedGross ?? ZERO) + (totals.marketValue ?? ZERO) - coin.grossCost;
    const net = (totals.realisedNet ?? ZERO) + (totals.unrealised ?? ZERO);
    check.is('position.quantity', coin.quantity);
    check.is('position.averagePrice', coin.averagePrice);
    check.is('position.investment', coin.grossCost);
    check.is('position.fee', totals.fees);
    check.is('position.grossPerformance', gross);
    const why = 'Ghostfolio refers performance to its time-weighted, fee-free investment';
    const invested = sample.id === 'gf-dividend-separate' ? coin.grossCost : fixed('285.8');
    check.differs('position.grossPerformancePercentage', why, div(gross, invested));
    check.is('position.netPerformanceMax', net);
    if (sample.id === 'gf-buy-sell-two-same-day') {
      check.differs('position.timeWeightedInvestment', why, invested);
      check.differs('position.netPerformancePercentageMax', why, div(net, invested));
      check.is('position.valueInBaseCurrency', totals.marketValue);
      check.is('history.2021-12-18.netPerformance', net);
      check.differs('history.2021-12-18.netPerformanceInPercentage', why, div(net, invested));
      check.is('history.2021-12-18.totalInvestment', totals.costBasis);
      investments.forEach((date, index) => {
        const upTo = entriesOf(sample).filter(({ time }) => time <= at(date));
        check.is(`investments.${index}.date`, date);
        check.is(`investments.${index}.investment`, coinOf(sample, upTo).grossCost);
      });
      return;
    }
    check.is('position.dividend', totals.income);
    check.is('position.netPerformance', net);
    check.differs('position.netPerformancePercentage', why, div(net, invested));
    // 2023-07-10 is a Monday: the day and the week begin at the same close, that of the day before.
    const day = periodPnl(totalsOf(sample, at('2023-07-09')), totals);
    check.is('position.netPerformance_1d', day.pnl);
    check.is('position.netPerformance_wtd', day.pnl);
    const everything = periodPnl(totalsOf(sample, at('2018-07-10')), totals);
    check.is('position.netPerformance_5y', (everything.pnl ?? ZERO) - (everything.income ?? ZERO));
  },

  split(sample, check) {
    const [split] = sample.splits ?? [];
    assert.ok(split);
    const before = coinOf(sample, entriesOf(sample));
    // A redenomination is booked as a deposit of the additional units at no value.
    const added = (before.quantity * BigInt(split.numerator - split.denominator)) / BigInt(split.denominator);
    const entry = { id: 's', tie: 's', time: at(split.time), asset: split.symbol, quantity: added };
    const after = coinOf(sample, [...entriesOf(sample), { ...entry, kind: 'deposit', unitValue: ZERO }]);
    check.is('position.quantity', after.quantity);
    check.is('position.averagePrice', after.averagePrice);
    check.is('position.investment', after.costBasis);
    assert.equal(after.contributions, before.contributions);
  },

  history(sample, check) {
    for (const symbol of new Set(sample.prices.map((p) => p.symbol))) {
      sample.prices
        .filter((p) => p.symbol === symbol)
        .forEach(({ time, price }, index) => {
          const upTo = entriesOf(sample).filter((entry) => entry.time <= at(time));
          const state = foldAll(upTo, termsOf(sample)).find(({ asset }) => asset === symbol);
          const path = `daily.${symbol}.${index}`;
          check.is(`${path}.date`, time);
          check.is(`${path}.quantity`, state?.quantity ?? ZERO);
          check.is(`${path}.value`, mul(state?.quantity ?? ZERO, fixed(price)));
        });
    }
  },

  cost_basis(sample, check) {
    check.is('costFifo', coinOf(sample, entriesOf(sample), 'fifo').costBasis);
    check.is('costAverage', coinOf(sample, entriesOf(sample), 'average').costBasis);
  },

  pnl(sample, check) {
    for (const [name, method] of [
      ['Fifo', 'fifo'],
      ['Average', 'average'],
    ] as const) {
      const state = coinOf(sample, entriesOf(sample), method);
      check.is(`realised${name}`, state.realisedNet);
      const value = mul(state.quantity, fixed(sample.prices.at(-1)?.price ?? '0'));
      check.is(`unrealised${name}`, value - state.costBasis);
    }
  },

  trades(sample, check) {
    const disposals = disposalsOf(sample, 'fifo');
    const state = coinOf(sample, entriesOf(sample), 'fifo');
    disposals.forEach((disposal, index) => {
      const { cost, proceeds, realised, openedAt, time, quantity } = disposal;
      assert.ok(cost !== null && proceeds.net !== null && realised.net !== null && openedAt !== null);
      const path = `trades.${index}`;
      check.is(`${path}.closed`, state.quantity === ZERO);
      check.is(`${path}.quantity`, quantity);
      check.is(`${path}.entryValue`, cost);
      check.is(`${path}.exitValue`, proceeds.net);
      check.is(`${path}.profit`, realised.net);
      check.is(`${path}.return`, div(realised.net, cost));
      const flows = [
        { time: openedAt, amount: -toNumber(cost) },
        { time, amount: toNumber(proceeds.net) },
      ];
      check.is(`${path}.irr`, xirr(flows)?.rate ?? null);
      if (sample.id === 'pp-trade-fx-closed') check.is(`${path}.profitWithoutFees`, realised.gross);
      else {
        check.is(`${path}.start`, new Date(openedAt).toISOString().slice(0, 10));
        check.is(`${path}.end`, new Date(time).toISOString().slice(0, 10));
      }
    });
  },

  xirr(sample, check) {
    const flows = sample.cashflows.map(({ time, amount }) => ({ time: at(time), amount: Number(amount) }));
    const found = xirr(flows);
    if (found === null || found.rates.length === 1) check.is('rate', found?.rate ?? null);
    else {
      const expected = Number(check.at('rate'));
      const same = found.rates.find((rate) => Math.abs(rate - expected) < 1e-6) ?? null;
      check.differs('rate', 'of several rates pyxirr takes another than the one nearest to zero', same);
    }
  },

  risk(sample, check) {
    const found = spanVolatility(numbers(sample.returns ?? []));
    assert.ok(found);
    check.is('volatility', found.all);
    check.is('semiDeviation', found.down);
  },

  twr(sample, check) {
    const first = at(sample.period?.start ?? '');
    const days = (at(sample.period?.end ?? '') - first) / DAY + 1;
    let equity = ZERO;
    let contributions = ZERO;
    let inflows = ZERO;
    const totals: TotalsAt[] = [];
    const push = (time: number): void => {
      const none = { cash: ZERO, costBasis: ZERO, realisedGross: ZERO, realisedNet: ZERO, fees: ZERO };
      const rest = { marketValue: ZERO, unrealised: ZERO, totalPnl: ZERO, income: ZERO, transferred: ZERO };
      totals.push({ ...none, ...rest, time, equity, contributions, inflows });
    };
    push(first - DAY);
    for (let day = 0; day < days; day += 1) {
      for (const { type, amount } of sample.cashflows.filter(({ time }) => at(time) === first + day * DAY)) {
        const signed = type === 'withdrawal' || type === 'fee' ? -fixed(amount) : fixed(amount);
        equity += signed;
        if (type === 'deposit' || type === 'withdrawal') contributions += signed;
        if (type === 'deposit') inflows += signed;
      }
      push(first + day * DAY);
    }
    const returns = periodReturns(periodPnls(totals));
    if (sample.id === 'pp-twr-excel') returns.forEach((r, index) => check.is(`delta.${index}`, r));
    cumulativeReturns(returns).forEach((r, index) => check.is(`accumulated.${index}`, r));
  },

  'period-report'(sample, check) {
    const { start = '', end = '' } = sample.period ?? {};
    const period: PeriodPnl = periodPnl(totalsOf(sample, at(start)), totalsOf(sample, at(end)));
    check.is('initialValue', period.startEquity);
    check.is('finalValue', period.endEquity);
    check.is('earnings', period.pnl);
  },

  'all-time-high'(sample, check) {
    const points = sample.prices
      .map(({ time, price }) => ({ time: at(time), value: Number(price) }))
      .filter(({ time }) => time > at(sample.period?.start ?? ''));
    const found = allTimeHigh(points);
    assert.ok(found);
    check.is('high', found.high.value);
    check.is('distance', found.distance);
    check.is('date', new Date(found.high.time).toISOString().slice(0, 10));
  },

  bucket(_sample, check) {
    const expected = check.at('startOf');
    assert.ok(expected !== null && typeof expected === 'object');
    for (const date of Object.keys(expected)) {
      for (const zone of ['UTC', 'Asia/Seoul', 'America/New_York']) {
        const calendar = calendarOf(zone);
        const noon = calendar.startOfDay(at(date) + DAY / 2) + DAY / 2;
        check.is(`startOf.${date}`, calendar.periodAt(noon, 'week').label);
      }
    }
  },

  lots(sample, check) {
    const costMethod = sample.method === 'hifo' ? 'hifo' : 'fifo';
    const left = new Map(
      sample.trades.map(({ quantity }, index) => [String(index).padStart(4, '0'), fixed(quantity)]),
    );
    const seeks: { available: Fixed; lot: number; used: Fixed }[] = [];
    const disposals = disposalsOf(sample, costMethod);
    for (const { entryId, quantity } of disposals.flatMap(({ matches }) => matches)) {
      const available = left.get(entryId) ?? ZERO;
      seeks.push({ available, lot: Number(entryId) + 1, used: quantity });
      left.set(entryId, available - quantity);
    }
    if (sample.id === 'rk-fifo-8') {
      check.is('boughtCost', disposals[0]?.cost ?? null);
      check.is('missing', disposals[0]?.uncovered ?? null);
      seeks.forEach(({ lot, used }, index) => {
        check.is(`lots.${index}.lot`, lot);
        check.is(`lots.${index}.quantity`, used);
      });
      // The first lot that still holds anything.
      check.is('remainingFirstLot', left.get('0001') ?? null);
      return;
    }
    seeks.forEach(({ available, lot }, index) => {
      check.is(`lotSeeks.${index}.available`, available);
      check.is(`lotSeeks.${index}.lot`, lot);
    });
  },
};

describe('cases of other projects', () => {
  for (const sample of samples) {
    it(`${sample.id}: ${sample.kind}, ${sample.method}`, () => {
      const run = runners[sample.kind];
      assert.ok(run, `nothing runs samples of the kind ${sample.kind}`);
      const check = new Checker(sample);
      run(sample, check);
      assert.deepEqual(check.unseen(), [], 'every answer of the sample is compared');
    });
  }

  it('are all here', () => assert.equal(samples.length, 49));
});
