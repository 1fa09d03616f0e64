import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { runs } from '../../support/runs.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { filters, QUESTIONS, randomTrades } from '../../support/routes/random-trades.ts';
import { type Filter, fits, type Listed, statsOf } from '../../support/routes/trade-oracle.ts';

eachApp('statistics of trades', (app) => {
  const { call, closes, get, post, portfolio } = bookkeeper(app);
  let path = '';
  let all: Listed[] = [];
  const openedAt = new Map<string, number | null>();
  let oversold: string[] = [];

  before(async () => {
    await closes({ 'BTC/KRW': { '2026-01-03': '120' } });
    path = await portfolio();
    await post(`${path}/trades`, { items: randomTrades(5, 150) });
    const list = await get(`${path}/trades?order=asc&limit=1000`);
    all = list.items;
    oversold = list.warnings.find(({ code }: { code: string }) => code === 'oversold').entries;
    // Not told over HTTP; that it is right is seen in `performance`, which works it out from the entries.
    const results: { entry_id: string; opened_at: number | null }[] = await app()
      .services.db('trade_results')
      .select('entry_id', 'opened_at');
    for (const { entry_id: id, opened_at: time } of results) openedAt.set(id, time);
  });

  async function assertAsTheOracle(filter: Filter): Promise<void> {
    const asked = new URLSearchParams({ ...filter });
    const stats = await get(`${path}/trades/stats?${asked.toString()}`);
    const { portfolioId, baseCurrency, costMethod, warnings, closed, ...actual } = stats;
    const { expectancyRatio, ...of } = closed;
    const fitting = all.filter((trade) => fits(trade, filter));
    const what = JSON.stringify(filter);
    assert.deepEqual({ ...actual, closed: of }, statsOf(fitting, openedAt), what);
    assert.deepEqual([path.endsWith(portfolioId), baseCurrency, costMethod], [true, 'KRW', 'average']);
    assertRatio(expectancyRatio, of);
    assertWarnings(warnings, fitting, what);
  }

  /** It is of two averages and a rate, which are looked at on their own. */
  function assertRatio(actual: string | null, of: Record<string, string | null>): void {
    const { averageWin = null, averageLoss = null, winRate = null } = of;
    if (averageLoss === null || winRate === null) return assert.equal(actual, null);
    const expected = (1 + Number(averageWin ?? 0) / -Number(averageLoss)) * Number(winRate) - 1;
    return assert.ok(Math.abs(Number(actual) - expected) < 1e-8, `${actual} ${expected}`);
  }

  function assertWarnings(
    warnings: { code: string; entries: string[]; count: number }[],
    fitting: readonly Listed[],
    what: string,
  ): void {
    const idsOf = (concerned: (trade: Listed) => boolean): string[] =>
      fitting.filter(concerned).map(({ id }) => id);
    const expected = {
      'missing-rate': idsOf(
        ({ value, realizedPnl: pnl }) => value === null || pnl?.gross === null || pnl?.net === null,
      ),
      'unvalued-amount': idsOf(({ value, feeValue }) => value !== null && feeValue === null),
      oversold: idsOf(({ id }) => oversold.includes(id)),
    };
    for (const [code, ids] of Object.entries(expected)) {
      const warning = warnings.find((each) => each.code === code);
      assert.deepEqual(
        warning && { entries: warning.entries, count: warning.count },
        ids.length === 0 ? undefined : { entries: ids.slice(0, 10), count: ids.length },
        `${code} ${what}`,
      );
    }
  }

  it('are of all trades what an oracle adds up', async () => {
    await assertAsTheOracle({});
    const { volume, fees, warnings } = await get(`${path}/trades/stats`);
    assert.deepEqual([volume.total, fees], [null, null]);
    assert.deepEqual(warnings[0].figures, [
      'volume.bought',
      'volume.sold',
      'volume.total',
      'fees',
      'realizedPnl.gross',
      'realizedPnl.net',
    ]);
  });

  it('are of what fits any filter what an oracle adds up', async () => {
    for (const q of QUESTIONS.slice(0, 12)) await assertAsTheOracle({ q });
    await fc.assert(fc.asyncProperty(filters, assertAsTheOracle), { numRuns: runs(15), endOnFailure: true });
  });

  it('have the figures of closed trades that performance has', async () => {
    for (const costMethod of ['average', 'fifo']) {
      const books = await portfolio({ costMethod });
      await post(`${books}/trades`, { items: randomTrades(8, 120) });
      const { closed } = await get(`${books}/trades/stats`);
      const { trades } = await get(`${books}/performance?from=2026-01-01&to=2026-02-01`);
      const { fees: _, turnover: __, ...expected } = trades;
      assert.deepEqual(closed, expected);
      assert.ok(closed.count > 5 && closed.averageHoldingMs > 0, JSON.stringify(closed));
    }
  });

  it('round a product half to even, as the ledger does', async () => {
    const books = await portfolio();
    const items = ['0.000000000000000005', '0.000000000000000015'].map((quantity) => ({
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity,
      price: '0.1',
      time: '2026-01-05T00:00:00Z',
    }));
    await post(`${books}/trades`, { items });
    const { volume, quotes } = await get(`${books}/trades/stats`);
    assert.deepEqual([volume.bought, quotes[0].bought], ['0.000000000000000002', '0.000000000000000002']);
  });

  it('are nothing where there is nothing', async () => {
    const stats = await get(`${await portfolio()}/trades/stats`);
    const { count, firstTime, volume, quotes, fees, feesPaid, realizedPnl, closed, warnings } = stats;
    assert.deepEqual(
      [count, firstTime, volume, quotes, fees, feesPaid, warnings],
      [0, null, { bought: '0', sold: '0', total: '0' }, [], '0', [], []],
    );
    assert.deepEqual(
      [realizedPnl, closed.count, closed.winRate, closed.totalProfit],
      [{ gross: '0', net: '0' }, 0, null, '0'],
    );
  });

  it('refuse what the list refuses, by name', async () => {
    for (const [query, name] of [
      ['from=2026-02-01&to=2026-01-01', 'from'],
      ['symbol=BTC', 'symbol'],
      ['sort=time', 'sort'],
      ['limit=3', 'limit'],
    ] as const) {
      const answer = await call('GET', `${path}/trades/stats?${query}`);
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, [name], query);
    }
    const stranger = await app().user();
    assertProblem(await app().call('GET', `${path}/trades/stats`, { as: stranger }), 404, 'not-found');
  });
});
