import assert from 'node:assert/strict';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Figures are told with ten decimals, of doubles that were added up in another order. */
function assertClose(actual: unknown, expected: number, what: string): void {
  assert.ok(typeof actual === 'string', `${what} is missing`);
  const allowed = 1e-9 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(Number(actual) - expected) <= allowed, `${what}: ${actual}, expected ${expected}`);
}

/** Six days of a portfolio of one coin, all flows of which are known. */
const CLOSES = { 1: '110', 2: '99', 3: '132', 4: '120', 5: '90', 6: '126' };
const BENCHMARK = { 0: '10', 1: '11', 2: '12', 3: '9', 4: '12', 5: '10', 6: '11' };

function dated(closes: Record<string, string>): Record<string, string> {
  const date = (day: number): string => new Date(Date.UTC(2026, 1, day)).toISOString().slice(0, 10);
  return Object.fromEntries(Object.entries(closes).map(([day, close]) => [date(Number(day)), close]));
}

eachApp('performance', (app) => {
  const { get, post, portfolio, price, closes } = bookkeeper(app);

  async function sixDays(name: string): Promise<string> {
    const path = await portfolio({ timeZone: 'UTC' });
    await closes({ [`${name}/KRW`]: dated(CLOSES), [`${name}B/KRW`]: dated(BENCHMARK) });
    const at = (day: number, hour: number): number => Date.UTC(2026, 1, day, hour);
    const cash = { asset: 'KRW' };
    await post(`${path}/transfers`, {
      items: [
        { ...cash, kind: 'deposit', quantity: '1000', time: at(1, 9) },
        { ...cash, kind: 'deposit', quantity: '500', time: at(3, 12) },
        { ...cash, kind: 'withdrawal', quantity: '100', time: at(4, 8) },
        { ...cash, kind: 'income', quantity: '7', time: at(6, 12) },
      ],
    });
    const fee = (amount: string): object => ({ fee: { amount, currency: 'KRW' } });
    const coin = { symbol: `${name}/KRW` };
    await post(`${path}/trades`, {
      items: [
        { ...coin, side: 'buy', quantity: '5', price: '100', ...fee('1'), time: at(1, 10) },
        { ...coin, side: 'sell', quantity: '1', price: '120', ...fee('2'), time: at(2, 6) },
        { ...coin, side: 'buy', quantity: '2', price: '130', time: at(3, 13) },
        { ...coin, side: 'sell', quantity: '3', price: '95', ...fee('1'), time: at(5, 11) },
      ],
    });
    return path;
  }

  // What is expected was worked out from the definitions with fractions, in another language.
  it('returns what the definitions say, for every kind of return', async () => {
    const path = await sixDays('PF');
    const body = await get(`${path}/performance?from=2026-02-01&to=2026-02-07&benchmark=PFB/KRW`);
    assert.deepEqual([body.days, body.timeZone, body.periodsPerYear], [6, 'UTC', 365]);
    const { startEquity, endEquity, netFlows, pnl } = body;
    assert.deepEqual([startEquity, endEquity, netFlows, pnl], ['0', '1426', '1400', '26']);
    assertClose(body.twr, 0.019392046631741787, 'TWR');
    assertClose(body.annualReturn, 2.2168105634992727, 'TWR by the year');
    assertClose(body.xirr, 2.752727356906057, 'XIRR');
    assertClose(body.simple, 0.018571428571428572, 'simple return');
    assert.deepEqual(body.warnings, []);
  });

  it('measures risk by the daily returns', async () => {
    const path = await sixDays('PR');
    const span = 'from=2026-02-01&to=2026-02-07&benchmark=PRB/KRW';
    const { risk } = await get(`${path}/performance?${span}`);
    assert.equal(risk.days, 6);
    assertClose(risk.maxDrawdown.depth, 0.15114554152144066, 'drawdown');
    const { peak, trough, recovery } = risk.maxDrawdown;
    assert.deepEqual(
      [peak, trough, recovery],
      ['2026-02-04T00:00:00.000Z', '2026-02-06T00:00:00.000Z', null],
    );
    assertClose(risk.volatility, 1.5678264913347342, 'volatility');
    assertClose(risk.sharpe, 1.4059849940421922, 'Sharpe');
    assertClose(risk.sortino, 2.2544519271625583, 'Sortino');
    assertClose(risk.calmar, 14.666728116388457, 'Calmar');
    const { risk: beyond } = await get(`${path}/performance?${span}&riskFree=0.03`);
    assertClose(beyond.sharpe, 1.3871308674422238, 'Sharpe beyond three per cent');
    assertClose(beyond.sortino, 2.2220397460824604, 'Sortino beyond three per cent');
    const { risk: trading } = await get(`${path}/performance?${span}&periodsPerYear=252`);
    assertClose(trading.volatility, 1.5678264913347342 * Math.sqrt(252 / 365), 'volatility by 252 days');
    // The first five days have made good nothing of what the fifth lost; the third made good all that the second lost.
    const { risk: early } = await get(`${path}/performance?from=2026-02-01&to=2026-02-05&benchmark=PRB/KRW`);
    assert.equal(early.maxDrawdown.peak, '2026-02-04T00:00:00.000Z');
    const { risk: first } = await get(`${path}/performance?from=2026-02-01&to=2026-02-04&benchmark=PRB/KRW`);
    assert.equal(first.maxDrawdown.recovery, '2026-02-04T00:00:00.000Z');
  });

  it('compares with what the benchmark did, and with the same money in it', async () => {
    const path = await sixDays('PB');
    const span = 'from=2026-02-01&to=2026-02-07&benchmark=PBB/KRW';
    const { benchmark } = await get(`${path}/performance?${span}`);
    assert.deepEqual([benchmark.symbol, benchmark.return, benchmark.days], ['PBB/KRW', '0.1', 6]);
    assertClose(benchmark.equity, 1436.111111111111, 'the same money');
    assertClose(benchmark.excess, -0.08060795336825821, 'excess');
    assertClose(benchmark.beta, -0.04043679179224205, 'beta');
    assertClose(benchmark.correlation, -0.10393884119719482, 'correlation');
    assertClose(benchmark.trackingError, 4.47347350958882, 'tracking error');
    assertClose(benchmark.alpha, 13.952965969715795, 'alpha');
    const beyond = await get(`${path}/performance?${span}&riskFree=0.03`);
    assertClose(beyond.benchmark.alpha, 13.503357315785834, 'alpha beyond three per cent');
    // BTC in the base currency unless the portfolio says otherwise.
    await closes({ 'BTC/KRW': { '2026-01-31': '100', '2026-02-06': '150' } });
    const usual = await get(`${path}/performance?from=2026-02-01&to=2026-02-07`);
    assert.deepEqual([usual.benchmark.symbol, usual.benchmark.return], ['BTC/KRW', '0.5']);
  });

  it('loses nothing but the comparison when the benchmark has never had a price', async () => {
    const path = await sixDays('PN');
    const span = 'from=2026-02-01&to=2026-02-07';
    const {
      benchmark: _,
      warnings: none,
      asOf: __,
      ...known
    } = await get(`${path}/performance?${span}&benchmark=PNB/KRW`);
    const {
      benchmark,
      warnings,
      asOf: ___,
      ...rest
    } = await get(`${path}/performance?${span}&benchmark=NONE/KRW`);
    assert.deepEqual(none, []);
    assert.deepEqual(rest, known);
    const { symbol, days, ...figures } = benchmark;
    assert.deepEqual([symbol, days, [...new Set(Object.values(figures))]], ['NONE/KRW', 0, [null]]);
    const [{ code, symbol: named, figures: lacking, detail }, ...others] = warnings;
    assert.deepEqual([code, named, others], ['missing-price', 'NONE/KRW', []]);
    assert.deepEqual(
      lacking.sort(),
      Object.keys(figures)
        .map((name) => `benchmark.${name}`)
        .sort(),
    );
    assert.match(detail, /^The benchmark NONE\/KRW has no price in KRW by 2026-02-07/);
  });

  it('counts closed trades', async () => {
    const path = await sixDays('PT');
    const { trades } = await get(`${path}/performance?from=2026-02-01&to=2026-02-07&benchmark=PTB/KRW`);
    const { best, worst, profitFactor, expectancyRatio, ...counted } = trades;
    // 120 − 2 for a fifth of 501; 3 × 95 − 1 for half of 400.8 + 260.
    assert.deepEqual(counted, {
      count: 2,
      wins: 1,
      losses: 1,
      unknown: 0,
      winRate: '0.5',
      expectancy: '-14.3',
      averageWin: '17.8',
      averageLoss: '-46.4',
      averageHoldingMs: (20 * HOUR + 4 * DAY + HOUR) / 2,
      totalProfit: '-28.6',
      fees: '4',
      turnover: '1165',
    });
    assert.deepEqual([best.profit, worst.profit], ['17.8', '-46.4']);
    assertClose(profitFactor, 17.8 / 46.4, 'profit factor');
    assertClose(expectancyRatio, (1 + 17.8 / 46.4) * 0.5 - 1, 'expectancy ratio');
    // First in, first out: 4 of the first five are left when three are sold.
    const fifo = await get(
      `${path}/performance?from=2026-02-01&to=2026-02-07&benchmark=PTB/KRW&costMethod=fifo`,
    );
    assert.equal(fifo.trades.totalProfit, '1.2');
    assert.equal(fifo.costMethod, 'fifo');
    const { trades: later } = await get(
      `${path}/performance?from=2026-02-05&to=2026-02-07&benchmark=PTB/KRW`,
    );
    assert.deepEqual([later.count, later.totalProfit, later.fees, later.turnover], [1, '-46.4', '1', '285']);
  });

  it('is null where it is not known or not defined, and says of every such figure why', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    const nulls = (node: unknown, at = ''): string[] => {
      if (node === null) return [at];
      if (typeof node !== 'object' || node === undefined) return [];
      return Object.entries(node).flatMap(([key, value]) => nulls(value, at === '' ? key : `${at}.${key}`));
    };
    const assertExplained = async (query: string): Promise<Record<string, string | null>> => {
      const body = await get(`${path}/performance?${query}`);
      assert.doesNotMatch(JSON.stringify(body), /NaN|Infinity/);
      const named = body.warnings.flatMap(({ figures }: { figures: string[] }) => figures);
      const { warnings: _, ...rest } = body;
      // When a recovery is still to come that is no figure that lacks something.
      const missing = nulls(rest).filter((figure) => !figure.startsWith('risk.maxDrawdown.'));
      assert.deepEqual([...new Set(named)].sort(), missing.sort(), query);
      return body;
    };
    await assertExplained('from=2026-01-01&to=2026-01-05');
    const gift = { kind: 'deposit', asset: 'NOWORTH', quantity: '1', time: '2026-02-02T01:00:00Z' };
    await post(`${path}/transfers`, gift);
    const unknown = await assertExplained('from=2026-02-01&to=2026-02-05');
    assert.deepEqual([unknown['endEquity'], unknown['twr'], unknown['xirr']], [null, null, null]);
    await post(`${path}/trades`, {
      symbol: 'NOWORTH/NOMONEY',
      side: 'sell',
      quantity: '1',
      price: '2',
      time: '2026-02-03T01:00:00Z',
    });
    await assertExplained('from=2026-02-01&to=2026-02-05');
  });

  it('ends with the live figures', async () => {
    const path = await portfolio();
    const now = Date.now();
    const deposit = { kind: 'deposit', asset: 'KRW', quantity: '1000', time: now - 20 * DAY };
    await post(`${path}/transfers`, deposit);
    const buy = { symbol: 'PLIVE/KRW', side: 'buy', quantity: '2', price: '100', time: now - 19 * DAY };
    await post(`${path}/trades`, buy);
    await price({ 'PLIVE/KRW': '150' });
    const body = await get(`${path}/performance`);
    const pnl = await get(`${path}/pnl`);
    assert.deepEqual([body.endEquity, body.pnl, body.netFlows], ['1100', pnl.totalPnl, pnl.netContributions]);
    assert.deepEqual([pnl.equity, body.simple], ['1100', '0.1']);
    assert.equal(body.days, 21, 'from the day of the first entry to today');
    assertClose(body.twr, 0.1, 'TWR');
  });

  it('of an empty ledger is not known, rather than none', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    const body = await get(`${path}/performance?from=2026-02-01T00:00:00Z&to=2026-02-05T00:00:00Z`);
    for (const figure of ['twr', 'annualReturn', 'xirr', 'simple']) assert.equal(body[figure], null, figure);
    const { days: _, ...risk } = body.risk;
    assert.deepEqual([...new Set(Object.values(risk))], [null]);
    assert.deepEqual([body.startEquity, body.endEquity, body.pnl, body.xirrRoots], ['0', '0', '0', 0]);
  });
});
