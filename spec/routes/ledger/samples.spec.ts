import assert from 'node:assert/strict';
import { Checker, samples, type Sample } from '../../support/pnl-samples.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const DAY = 86_400_000;
const at = (text: string): number => Date.parse(text.includes('T') ? text : `${text}T00:00:00Z`);

/** Decimals with up to 18 places, as text, from units of 10⁻¹⁸. */
function text(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(19, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}

function units(decimal: string): bigint {
  const [whole = '', places = ''] = decimal.replace('-', '').split('.');
  const size = BigInt(whole + places.slice(0, 18).padEnd(18, '0'));
  return decimal.startsWith('-') ? -size : size;
}

/** Why a sample is told of by pure functions alone. */
const BEYOND: Record<string, string> = {
  'em-045-omega': 'no endpoint has omega',
  'em-054-downsideRisk': 'the downside risk is only part of the Sortino ratio',
  'em-062-downsideRisk': 'the downside risk is only part of the Sortino ratio',
  'em-080-excessSharpe': 'no endpoint has it',
  'em-101-downCapture': 'no endpoint has captures',
  'ft-dd-28': 'chosen by the largest fall in money; endpoints choose by the share that is lost',
  'gf-annualise-1': 'of zero days; endpoints have one at least',
  'pp-vol': 'not annualised, of logarithmic returns',
  'pp-ath-ten': 'no endpoint has the all-time high',
  'pp-twr-empty': 'returns of nothing are null here, with a warning',
};

/** Units of 10⁻¹⁸ per unit, rounded. */
function quotient(amount: string, quantity: string): string {
  const [dividend, divisor] = [units(amount) * 10n ** 18n, units(quantity)];
  return text((2n * dividend + divisor) / (2n * divisor));
}

type Item = { time: number } & Record<string, unknown>;
interface Parts {
  trades: Item[];
  transfers: Item[];
}

/** Some cases are older than any coin; an epoch time of theirs could be another in seconds. */
function old(item: Item): object {
  return { ...item, time: new Date(item.time).toISOString(), allowBefore2009: true };
}

eachApp('cases of other projects over HTTP', (app) => {
  const book = bookkeeper(app);
  const { get, post } = book;
  let opened = 0;

  for (const sample of samples) {
    if (BEYOND[sample.id] !== undefined) continue;
    it(`${sample.id}: ${sample.kind}, ${sample.method}`, async () => {
      const run = runners[sample.kind];
      assert.ok(run, `nothing runs samples of the kind ${sample.kind}`);
      const check = new Checker(sample);
      await run(sample, check);
      assert.ok(check.seen.size > 0, 'something of the sample is compared');
    });
  }

  it('are all here, or it is said why not', () => {
    const ids = new Set(samples.map(({ id }) => id));
    assert.deepEqual(
      Object.keys(BEYOND).filter((id) => !ids.has(id)),
      [],
    );
    assert.equal(ids.size - Object.keys(BEYOND).length, 39);
  });

  /** Coins of a name nobody else's prices have. */
  function renamed(sample: Sample): (symbol: string) => string {
    opened += 1;
    const suffix = `S${opened}`;
    return (symbol) => `${symbol}${suffix}/${sample.quote ?? 'USD'}`;
  }

  async function portfolio(sample: Sample, cashMode: 'tracked' | 'untracked'): Promise<string> {
    return await book.portfolio({ baseCurrency: sample.quote ?? 'USD', cashMode, timeZone: 'UTC' });
  }

  function tradesOf(sample: Sample, symbolOf: (symbol: string) => string): object[] {
    return sample.trades.map((trade) => {
      const price = trade.price ?? undefined;
      const gross = trade.grossAmount ?? (price === undefined ? trade.amount : undefined);
      const fee = units(trade.fee) + units(trade.tax ?? '0');
      return {
        symbol: symbolOf(trade.symbol),
        side: trade.side,
        quantity: trade.quantity,
        price: gross === undefined ? (price ?? '1') : quotient(gross, trade.quantity),
        time: at(trade.time),
        ...(fee === 0n ? {} : { fee: { amount: text(fee), currency: sample.quote } }),
      };
    });
  }

  /** A portfolio with the sample's trades, where cash is not tracked. @returns the ids of the trades */
  async function traded(sample: Sample): Promise<{ path: string; asset: string; ids: string[] }> {
    const symbolOf = renamed(sample);
    const path = await portfolio(sample, 'untracked');
    const { items } = await post(`${path}/trades`, { items: tradesOf(sample, symbolOf) });
    const [asset = ''] = symbolOf(sample.trades[0]?.symbol ?? '').split('/');
    return { path, asset, ids: items.map(({ trade }: { trade: { id: string } }) => trade.id) };
  }

  /** Also what is no longer held. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  async function holding(path: string, asset: string, query = ''): Promise<any> {
    return (await get(`${path}/pnl/explain?asset=${asset}${query}`)).items[0];
  }

  let losses = 0;

  /** Money that is earned, or lost by a coin that was worth less. */
  function earned(amount: bigint, time: number, currency: string): Parts {
    if (amount === 0n) return { trades: [], transfers: [] };
    if (amount > 0n) {
      const income = { kind: 'income', asset: currency, quantity: text(amount), time };
      return { trades: [], transfers: [income] };
    }
    losses += 1;
    const dud = { symbol: `DUD${losses}/${currency}`, quantity: '1' };
    return {
      trades: [
        { ...dud, side: 'buy', price: text(10n ** 18n - amount), time },
        { ...dud, side: 'sell', price: '1', time: time + 1 },
      ],
      transfers: [],
    };
  }

  async function bookAll(path: string, parts: Parts[]): Promise<void> {
    const trades = parts.flatMap((part) => part.trades).map(old);
    const transfers = parts.flatMap((part) => part.transfers).map(old);
    if (transfers.length > 0) await post(`${path}/transfers`, { items: transfers });
    if (trades.length > 0) await post(`${path}/trades`, { items: trades });
  }

  function moved(amount: bigint, time: number, asset: string): Parts {
    if (amount === 0n) return { trades: [], transfers: [] };
    const kind = amount > 0n ? 'deposit' : 'withdrawal';
    return { trades: [], transfers: [{ kind, asset, quantity: text(amount > 0n ? amount : -amount), time }] };
  }

  /** A portfolio with these returns day by day. @returns a query for the days from one to another */
  async function withReturns(
    sample: Sample,
    returns: readonly (string | null)[],
    first: number,
  ): Promise<(from: number, to: number) => string> {
    const path = await portfolio(sample, 'tracked');
    const currency = sample.quote ?? 'USD';
    let equity = units('1000000');
    const parts = [moved(equity, first, currency)];
    returns.forEach((share, day) => {
      const gain = (equity * units(Number(share ?? 0).toFixed(18))) / 10n ** 18n;
      parts.push(earned(gain, first + day * DAY + DAY / 2, currency));
      equity += gain;
    });
    await bookAll(path, parts);
    return (from, to) => `${path}/performance?from=${first + from * DAY}&to=${first + to * DAY}`;
  }

  const runners: Record<string, (sample: Sample, check: Checker) => Promise<void>> = {
    async stats(sample, check) {
      const { returns = [], params = {}, method } = sample;
      const first = at(String(params['firstDate'] ?? '2020-01-01'));
      const query = await withReturns(sample, returns, first);
      const days = returns.length;
      if (method === 'cumReturns') {
        for (let day = 0; day < days; day += 1) {
          check.is(`cumReturns.${day}`, (await get(query(0, day + 1))).twr);
        }
        return;
      }
      if (method === 'bucketReturns') {
        // A Sunday, a week from Monday on, a Monday.
        for (const [index, [from, to]] of (
          [
            [0, 1],
            [1, 8],
            [8, 9],
          ] as const
        ).entries()) {
          check.is(`bucketReturns.${index}`, (await get(query(from, to))).twr);
        }
        return;
      }
      const body = await get(`${query(0, days)}&periodsPerYear=${Number(params['periodsPerYear'] ?? 252)}`);
      const found: Record<string, string | null> = {
        maxDrawdown: body.risk.maxDrawdown.depth,
        annualReturn: body.annualReturn,
        cagr: body.annualReturn,
        calmar: body.risk.calmar,
        sortino: body.risk.sortino,
      };
      check.is(method, found[method] ?? null);
    },

    async sequence(sample, check) {
      const symbolOf = renamed(sample);
      const path = await portfolio(sample, 'untracked');
      const costMethod = sample.method === 'fifo' ? 'fifo' : 'average';
      const [asset = ''] = symbolOf(sample.trades[0]?.symbol ?? '').split('/');
      const trades = tradesOf(sample, symbolOf);
      let realised = 0n;
      for (const [index, trade] of trades.entries()) {
        await post(`${path}/trades`, trade);
        const { quantity, averagePrice, costBasis, realizedPnl } = await holding(
          path,
          asset,
          `&costMethod=${costMethod}`,
        );
        const step = units(realizedPnl.net) - realised;
        realised += step;
        const at = `afterEach.${index}`;
        if (sample.id === 'rk-fiat-round-trip') {
          if (index === trades.length - 1) check.is('pnlTotal', realizedPnl.net);
        } else if (sample.id === 'rk-average-11-steps') {
          check.is(`${at}.amount`, quantity);
          check.is(`${at}.totalCost`, costBasis);
          // Coins sold that were never seen cost nothing there; here they came in at the sale price.
          if (index < 9) check.is(`${at}.pnl`, text(step));
        } else if (index === trades.length - 1) {
          check.is('final.realised', realizedPnl.net);
          assert.equal(quantity, '0');
        } else {
          check.is(`${at}.quantity`, quantity);
          check.is(`${at}.average`, averagePrice);
          check.is(`${at}.cost`, costBasis);
          check.is(`${at}.realised`, realizedPnl.net);
        }
      }
    },

    async 'round-trip'(sample, check) {
      const { path } = await traded(sample);
      check.is('profit', (await get(`${path}/pnl`)).realizedPnl.net);
    },

    async fee(sample, check) {
      const { path, asset } = await traded(sample);
      check.is('openValue', (await holding(path, asset)).costBasis);
    },

    async 'trade-stats'(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const start = at('2024-01-01');
      const trades = (sample.closedProfits ?? []).flatMap((profit, index) => {
        const symbol = `TS${index}/USD`;
        const time = start + index * DAY;
        return [
          { symbol, side: 'buy', quantity: '1', price: '1000', time },
          { symbol, side: 'sell', quantity: '1', price: text(units('1000') + units(profit)), time: time + 1 },
        ];
      });
      await post(`${path}/trades`, { items: trades });
      const { trades: stats } = await get(`${path}/performance`);
      check.is('expectancy', stats.expectancy);
      check.is('expectancyRatio', stats.expectancyRatio);
    },

    async cagr(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const { start, end, days } = sample.params ?? {};
      const first = at('2020-01-01');
      const [before, after] = [units(String(start)), units(String(end))];
      await bookAll(path, [moved(before, first, 'USD'), earned(after - before, first + 400 * DAY, 'USD')]);
      const last = first + Number(days) * DAY;
      check.is('cagr', (await get(`${path}/performance?from=${first}&to=${last}`)).annualReturn);
    },

    async drawdown(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const first = at(sample.startDate ?? '');
      const values = (sample.accumulated ?? []).map(Number);
      const gains = values.map((value, index) => value - (values[index - 1] ?? 0));
      await bookAll(path, [
        moved(units('1'), first, 'USD'),
        ...gains.map((gain, day) => earned(units(String(gain)), first + day * DAY + 1, 'USD')),
      ]);
      const { risk } = await get(`${path}/performance?from=${first}&to=${first + values.length * DAY}`);
      check.is('maxDrawdown', risk.maxDrawdown.depth);
    },

    async portfolio(sample, check) {
      if (sample.trades.length === 0) {
        const path = await portfolio(sample, 'untracked');
        const pnl = await get(`${path}/pnl`);
        check.is('currentValue', pnl.marketValue);
        check.is('totalFees', pnl.fees);
        check.is('totalInvestment', pnl.costBasis);
        return;
      }
      const { path, asset } = await traded(sample);
      const symbol = `${asset}/${sample.quote}`;
      await book.closes({
        [symbol]: Object.fromEntries(sample.prices.map(({ time, price }) => [time, price])),
      });
      await book.price({ [symbol]: sample.prices.at(-1)?.price ?? '' });
      for (const { time, quantity, unitAmount } of sample.income ?? []) {
        const amount = text((units(quantity) * units(unitAmount)) / 10n ** 18n);
        const income = { kind: 'income', asset: sample.quote, quantity: amount, time: at(time) };
        await post(`${path}/transfers`, income);
      }
      const pnl = await get(`${path}/pnl`);
      const own = await holding(path, asset);
      check.is('totalFees', pnl.fees);
      check.is('position.quantity', own.quantity);
      // Of nothing there is no average.
      if (own.quantity !== '0') check.is('position.averagePrice', own.averagePrice);
      const net = text(units(pnl.realizedPnl.net) + units(pnl.unrealizedPnl));
      check.is('position.netPerformanceMax', net);
      if (sample.id === 'gf-buy-sell-two-same-day') {
        check.is('currentValue', pnl.marketValue);
        check.is('history.2021-12-18.netPerformance', net);
        const { items } = await get(`${path}/pnl/periods?from=2021-12-18&to=2021-12-19`);
        assert.equal(items[0].endEquity, '0');
        return;
      }
      check.is('position.dividend', pnl.income);
      const { items } = await get(`${path}/pnl/periods?from=2023-07-10&to=2023-07-11`);
      check.is('position.netPerformance_1d', items[0].pnl);
      const { items: weeks } = await get(`${path}/pnl/periods?from=2023-07-10&to=2023-07-11&interval=week`);
      check.is('position.netPerformance_wtd', weeks[0].pnl);
    },

    async split(sample, check) {
      const { path, asset } = await traded(sample);
      const [split] = sample.splits ?? [];
      const before = await holding(path, asset);
      const added = units(before.quantity) * BigInt((split?.numerator ?? 0) - 1);
      // A redenomination is booked as a deposit of the additional units at no value.
      const deposit = { kind: 'deposit', asset, quantity: text(added), unitCost: '0' };
      await post(`${path}/transfers`, { ...deposit, time: at(split?.time ?? '') });
      const { quantity, averagePrice, costBasis } = await holding(path, asset);
      check.is('position.quantity', quantity);
      check.is('position.averagePrice', averagePrice);
      check.is('position.investment', costBasis);
    },

    async history(sample, check) {
      const symbolOf = renamed(sample);
      for (const coin of new Set(sample.prices.map(({ symbol }) => symbol))) {
        const path = await portfolio(sample, 'untracked');
        const prices = sample.prices.filter(({ symbol }) => symbol === coin);
        await book.closes({
          [symbolOf(coin)]: Object.fromEntries(prices.map(({ time, price }) => [time, price])),
        });
        const trades = sample.trades.filter(({ symbol }) => symbol === coin);
        await post(`${path}/trades`, { items: tradesOf({ ...sample, trades }, symbolOf) });
        const [from = 0, to = 0] = [prices[0], prices.at(-1)].map((price) => at(price?.time ?? ''));
        const { items } = await get(`${path}/pnl/periods?from=${from}&to=${to + DAY}&interval=day`);
        prices.forEach(({ time }, index) => {
          check.is(`daily.${coin}.${index}.date`, time);
          check.is(`daily.${coin}.${index}.value`, items[index].endEquity);
        });
      }
    },

    async cost_basis(sample, check) {
      const { path, asset } = await traded(sample);
      check.is('costFifo', (await holding(path, asset, '&costMethod=fifo')).costBasis);
      check.is('costAverage', (await holding(path, asset, '&costMethod=average')).costBasis);
    },

    async pnl(sample, check) {
      const { path, asset } = await traded(sample);
      await book.price({ [`${asset}/${sample.quote}`]: sample.prices.at(-1)?.price ?? '' });
      for (const [name, method] of [
        ['Fifo', 'fifo'],
        ['Average', 'average'],
      ] as const) {
        const { realizedPnl, unrealizedPnl } = await get(`${path}/pnl?costMethod=${method}`);
        check.is(`realised${name}`, realizedPnl.net);
        check.is(`unrealised${name}`, unrealizedPnl);
      }
    },

    async trades(sample, check) {
      const { path, asset } = await traded(sample);
      const { items } = await get(`${path}/pnl/explain?asset=${asset}&costMethod=fifo`);
      const [disposal] = items[0].disposals;
      check.is('trades.0.quantity', disposal.quantity);
      check.is('trades.0.entryValue', disposal.costBasis);
      check.is('trades.0.exitValue', disposal.proceeds.net);
      check.is('trades.0.profit', disposal.realizedPnl.net);
      check.is('trades.0.closed', items[0].quantity === '0');
      if (sample.id === 'pp-trade-fx-closed')
        check.is('trades.0.profitWithoutFees', disposal.realizedPnl.gross);
      check.is('trades.0.irr', (await get(`${path}/performance?from=2024-01-01&to=2025-01-01`)).xirr);
    },

    async xirr(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const currency = sample.quote ?? 'USD';
      const times = sample.cashflows.map(({ time }) => at(time));
      const last = Math.max(...times);
      // A ledger is of the past, and only how many days lie between is of any matter.
      const shift = at('2026-01-05') - last;
      const total = sample.cashflows.reduce((sum, { amount }) => sum + units(amount), 0n);
      await bookAll(path, [
        ...sample.cashflows.map(({ time, amount }) => moved(-units(amount), at(time) + shift, currency)),
        // Nothing is left in the end.
        earned(total, last + shift, currency),
      ]);
      const to = last + shift + DAY;
      const body = await get(`${path}/performance?from=${Math.min(...times) + shift}&to=${to}`);
      assert.equal(body.endEquity, '0');
      const expected = Number(check.at('rate'));
      if (body.xirrRoots > 1 && Math.abs(Number(body.xirr) - expected) > 1e-6) {
        const why = 'of several rates pyxirr takes another than the one nearest to zero';
        assert.ok(Math.abs(Math.log1p(Number(body.xirr))) < Math.abs(Math.log1p(expected)));
        check.differs('rate', why, expected);
      } else check.is('rate', body.xirr);
    },

    async twr(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const first = at(sample.period?.start ?? '');
      const parts = sample.cashflows.map(({ time, type, amount }) => {
        const size = units(amount);
        if (type === 'deposit' || type === 'withdrawal') {
          return moved(type === 'deposit' ? size : -size, at(time), 'EUR');
        }
        return earned(type === 'income' ? size : -size, at(time) + DAY / 2, 'EUR');
      });
      await bookAll(path, parts);
      for (let day = 0; day < 9; day += 1) {
        const [start, end] = [first + day * DAY, first + (day + 1) * DAY];
        check.is(`accumulated.${day}`, (await get(`${path}/performance?from=${first}&to=${end}`)).twr);
        check.is(`delta.${day}`, (await get(`${path}/performance?from=${start}&to=${end}`)).twr);
      }
    },

    async 'period-report'(sample, check) {
      const path = await portfolio(sample, 'tracked');
      await bookAll(
        path,
        sample.cashflows.map(({ time, type, amount }) =>
          type === 'deposit' ? moved(units(amount), at(time), 'EUR') : earned(units(amount), at(time), 'EUR'),
        ),
      );
      const { items } = await get(`${path}/pnl/periods?from=2011-01-01&to=2012-01-01&interval=year`);
      check.is('initialValue', items[0].startEquity);
      check.is('finalValue', items[0].endEquity);
      check.is('earnings', items[0].pnl);
    },

    async bucket(sample, check) {
      const path = await portfolio(sample, 'tracked');
      const expected = check.at('startOf');
      assert.ok(expected !== null && typeof expected === 'object');
      for (const date of Object.keys(expected)) {
        const to = at(date) + DAY;
        const { items } = await get(`${path}/pnl/periods?from=${date}&to=${to}&interval=week`);
        check.is(`startOf.${date}`, items[0].label);
      }
    },

    async lots(sample, check) {
      const { path, asset, ids } = await traded(sample);
      const costMethod = sample.method === 'hifo' ? 'hifo' : 'fifo';
      const { items } = await get(`${path}/pnl/explain?asset=${asset}&costMethod=${costMethod}`);
      const { disposals, lots } = items[0];
      const left = sample.trades.map(({ quantity }) => units(quantity));
      type Match = { entryId: string; quantity: string };
      const matches: Match[] = disposals.flatMap((disposal: { matches: Match[] }) => disposal.matches);
      const seeks = matches.map(({ entryId, quantity }) => {
        const lot = ids.indexOf(entryId);
        const available = left[lot] ?? 0n;
        left[lot] = available - units(quantity);
        return { lot: lot + 1, available, used: quantity };
      });
      if (sample.id !== 'rk-fifo-8') {
        seeks.forEach(({ lot, available }, index) => {
          check.is(`lotSeeks.${index}.available`, text(available));
          check.is(`lotSeeks.${index}.lot`, lot);
        });
        return;
      }
      check.is('boughtCost', disposals[0].costBasis);
      check.is('missing', disposals[0].uncovered);
      seeks.forEach(({ lot, used }, index) => {
        check.is(`lots.${index}.lot`, lot);
        check.is(`lots.${index}.quantity`, used);
      });
      check.is('remainingFirstLot', lots[0].quantity);
    },
  };
});
