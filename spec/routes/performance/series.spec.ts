import assert from 'node:assert/strict';
import { saveEquitySnapshots } from '../../../db/history/equity-snapshots.ts';
import { getPortfolio } from '../../../db/ledger/portfolios/portfolios.ts';
import { fixed } from '../../../lib/money/money.ts';
import { bookkeeper, dice, randomEntries } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

eachApp('series', (app) => {
  const { call, get, post, portfolio, price, closes } = bookkeeper(app);

  async function funded(symbol: string): Promise<string> {
    const path = await portfolio({ timeZone: 'UTC' });
    await closes({
      [symbol]: { '2026-01-30': '10', '2026-01-31': '20', '2026-02-01': '40', '2026-02-02': '30' },
    });
    await post(`${path}/transfers`, {
      items: [
        { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-01-31T09:00:00Z' },
        { kind: 'deposit', asset: 'KRW', quantity: '100', time: '2026-02-01T00:00:00Z' },
        { kind: 'withdrawal', asset: 'KRW', quantity: '400', time: '2026-02-02T12:00:00Z' },
      ],
    });
    return path;
  }

  it('buys as much of it as came in, at the price of that moment', async () => {
    const path = await funded('SA/KRW');
    const query = 'from=2026-01-31&to=2026-02-03&benchmark=SA/KRW';
    const { columns, warnings } = await get(`${path}/series?${query}`);
    // 1000 at 10; at the beginning of February 100 more at 20, which do not count at that very instant; 400 out at 40.
    assert.deepEqual(columns.t, ['2026-01-31', '2026-02-01', '2026-02-02', '2026-02-03'].map(Date.parse));
    assert.deepEqual(columns.benchmark, ['0', '2000', '4200', '2850']);
    assert.deepEqual(columns.equity, ['0', '1000', '1100', '700']);
    assert.deepEqual(warnings, []);
  });

  it('begins with what the portfolio was worth, and ends where performance does', async () => {
    const path = await funded('SB/KRW');
    const query = 'from=2026-02-01&to=2026-02-03&benchmark=SB/KRW';
    const { columns } = await get(`${path}/series?${query}`);
    const { benchmark } = await get(`${path}/performance?${query}`);
    assert.equal(columns.benchmark[0], '1000');
    assert.equal(columns.benchmark.at(-1), benchmark.equity);
    assert.equal(benchmark.equity, '1350');
  });

  it('is live at its end', async () => {
    const path = await funded('SC/KRW');
    await price({ 'SC/KRW': '50' });
    const { columns } = await get(`${path}/series?from=2026-02-02T23:00:00Z&benchmark=SC/KRW&points=3`);
    assert.equal(columns.benchmark[0], '700');
    assert.equal(columns.benchmark.at(-1), String((700 / 40) * 50));
    assert.equal(columns.t.length, 3);
  });

  it('says where it has no price, and has no such column unless asked', async () => {
    const path = await funded('SD/KRW');
    const { columns, warnings } = await get(`${path}/series?from=2026-01-29&to=2026-02-02&benchmark=SD/KRW`);
    // Nothing was invested when there was no price: only the instant itself is not known.
    assert.deepEqual(columns.benchmark, [null, null, '0', '2000', '4200']);
    assert.deepEqual(
      warnings.map(({ code, figures }: { code: string; figures: string[] }) => [code, figures]),
      [['missing-price', ['benchmark']]],
    );
    assert.equal('benchmark' in (await get(`${path}/series?from=2026-02-01`)).columns, false);
  });

  it('loses nothing but the benchmark when that has never had a price', async () => {
    const path = await funded('SN/KRW');
    const span = 'from=2026-01-31&to=2026-02-03';
    const alone = await get(`${path}/series?${span}`);
    const compared = await get(`${path}/series?${span}&benchmark=NONE/KRW`);
    const { warnings, columns, asOf: __, ...rest } = compared;
    const { benchmark, ...figures } = columns;
    const { warnings: none, asOf: _, ...known } = alone;
    assert.deepEqual([{ ...rest, columns: figures }, none], [known, []]);
    // Nothing was invested at first, but what it was worth by then is not known either.
    assert.deepEqual(benchmark, [null, null, null, null]);
    const [{ code, symbol, detail, ...warning }, ...others] = warnings;
    assert.deepEqual(
      [code, symbol, warning, others],
      ['missing-price', 'NONE/KRW', { figures: ['benchmark'] }, []],
    );
    assert.match(detail, /^The benchmark NONE\/KRW has no price in KRW by 2026-02-03.*\/v1\/market\/candles/);
    const points = await get(`${path}/series?${span}&benchmark=NONE/KRW&format=points`);
    assert.deepEqual(
      points.points.map(([, value]: [number, string]) => value),
      figures.equity,
    );
    const file = async (more: string): Promise<string[][]> => {
      const answer = await call('GET', `${path}/series.csv?${span}${more}`);
      assert.equal(answer.status, 200, answer.body);
      return answer.body
        .trim()
        .split(/\r?\n/)
        .map((line: string) => line.split(','));
    };
    const [head, ...rows] = await file('&benchmark=NONE/KRW');
    assert.equal(head?.at(-1)?.includes('benchmark'), true);
    assert.deepEqual([...new Set(rows.map((row) => row.at(-1)))], ['']);
    assert.deepEqual(
      rows.map((row) => row.slice(0, -1)),
      (await file('')).slice(1),
    );
  });

  it('takes every so many minutes or hours, at round times', async () => {
    const path = await funded('SE/KRW');
    const from = Date.parse('2026-02-01T00:07:00Z');
    const { columns } = await get(
      `${path}/series?interval=minute&every=10&from=${from}&to=${from + DAY / 48}`,
    );
    const minutes = columns.t.map((t: number) => new Date(t).getUTCMinutes());
    assert.deepEqual(minutes, [7, 10, 20, 30, 37]);
  });

  it('are what one gets with pencil and paper, in either format', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    await closes({ 'PEN/KRW': { '2026-01-30': '100', '2026-01-31': '120', '2026-02-01': '90' } });
    await post(`${path}/transfers`, {
      items: [
        { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-01-31T09:00:00Z' },
        { kind: 'withdrawal', asset: 'KRW', quantity: '50', time: '2026-02-01T12:00:00Z' },
        { kind: 'income', asset: 'KRW', quantity: '5', time: '2026-02-01T13:00:00Z' },
      ],
    });
    const trade = { symbol: 'PEN/KRW', fee: { amount: '1', currency: 'KRW' } };
    await post(`${path}/trades`, {
      items: [
        { ...trade, side: 'buy', quantity: '4', price: '101', time: '2026-01-31T10:00:00Z' },
        { ...trade, side: 'sell', quantity: '1', price: '110', time: '2026-02-01T10:00:00Z' },
      ],
    });
    const query = 'from=2026-01-31&to=2026-02-02';
    const { columns, warnings, interval, timeZone } = await get(`${path}/series?${query}`);
    assert.deepEqual([interval, timeZone, warnings], ['day', 'UTC', []]);
    // 1000 − 404 − 1 in cash and 4 × 120; then 595 + 109 − 50 + 5 in cash and 3 × 90.
    assert.deepEqual(columns, {
      t: ['2026-01-31', '2026-02-01', '2026-02-02'].map(Date.parse),
      equity: ['0', '1075', '929'],
      contributions: ['0', '1000', '950'],
      pnl: ['0', '75', '-21'],
    });
    for (const metric of ['equity', 'contributions', 'pnl'] as const) {
      const { points } = await get(`${path}/series?${query}&format=points&metric=${metric}`);
      assert.deepEqual(
        points,
        columns.t.map((time: number, index: number) => [time, columns[metric][index]]),
      );
    }
  });

  it('have the equity that periods begin and end with, of trades that were imported long after', async () => {
    const path = await portfolio({ timeZone: 'Europe/Berlin', cashMode: 'untracked' });
    const start = Date.UTC(2025, 2, 20);
    const { trades, transfers } = randomEntries(11, 60, { start, stepMs: DAY / 2 });
    await post(`${path}/trades`, { items: trades });
    await post(`${path}/transfers`, { items: transfers });
    const roll = dice(8);
    const days = Array.from({ length: 40 }, (_, day) => new Date(start + (day - 1) * DAY).toISOString());
    const walk = (): Record<string, string> =>
      Object.fromEntries(days.map((day) => [day.slice(0, 10), `${3_000 + roll(3_000)}.${1 + roll(999)}`]));
    await closes({ 'BTC/KRW': walk(), 'ETH/KRW': walk() });
    const query = 'from=2025-03-21&to=2025-04-12';
    const { columns } = await get(`${path}/series?${query}`);
    const { items } = await get(`${path}/pnl/periods?${query}`);
    assert.equal(items.length, 22);
    const edges = [...items.map(({ start: time }: { start: string }) => time), items.at(-1).end];
    assert.deepEqual(columns.t, edges.map(Date.parse));
    const worth = items.map(({ startEquity }: { startEquity: string }) => startEquity);
    assert.deepEqual(columns.equity, [...worth, items.at(-1).endEquity]);
    assert.ok(new Set(columns.equity).size > 20, 'it moves');
    // Fewer points are some of them, the ends among them.
    const few = (await get(`${path}/series?${query}&points=7`)).columns;
    assert.equal(few.t.length, 7);
    assert.deepEqual([few.t[0], few.t.at(-1)], [columns.t[0], columns.t.at(-1)]);
    few.t.forEach((time: number, index: number) => {
      assert.equal(few.equity[index], columns.equity[columns.t.indexOf(time)]);
    });
  });

  it('end with the live figures', async () => {
    const path = await portfolio();
    const buy = { symbol: 'LIVE/KRW', side: 'buy', quantity: '2', price: '100', time: Date.now() - 3 * DAY };
    await post(`${path}/trades`, buy);
    await price({ 'LIVE/KRW': '130.5' });
    const { columns, asOf } = await get(`${path}/series?interval=hour`);
    const pnl = await get(`${path}/pnl`);
    const last = [columns.equity.at(-1), columns.contributions.at(-1), columns.pnl.at(-1)];
    assert.deepEqual(last, [pnl.equity, pnl.netContributions, pnl.totalPnl]);
    assert.equal(columns.t.at(-1), Date.parse(asOf));
    assert.ok(columns.t.length >= 72, 'it begins with the first entry');
  });

  it('of every minute have what was published in between, until the ledger is another', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    const from = Date.UTC(2026, 1, 3, 10);
    const minute = (n: number): number => from + n * MINUTE;
    const closeOf = (n: number): string => new Date(minute(n)).toISOString();
    await closes({ 'DAYC/KRW': { [closeOf(-1)]: '10', [closeOf(0)]: '11', [closeOf(1)]: '12' } }, '1m');
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '50', time: from - DAY });
    const buy = { symbol: 'DAYC/KRW', side: 'buy', quantity: '3', price: '10', time: from - 5_000 };
    await post(`${path}/trades`, buy);
    const { db } = app().services;
    const portfolioId = path.split('/').at(-1) ?? '';
    const { version = 0 } = (await getPortfolio(db, portfolioId)) ?? {};
    const published = (time: number, equity: string): Parameters<typeof saveEquitySnapshots>[1][number] => ({
      portfolioId,
      version,
      time,
      equity: fixed(equity),
      contributions: fixed('50'),
    });
    await saveEquitySnapshots(db, [
      published(minute(0) + 17_000, '51.5'),
      published(minute(1), '999'),
      published(minute(1) + 30_000, '55.25'),
      published(minute(9), '1'),
    ]);
    const span = `from=${minute(0)}&to=${minute(2)}`;
    const { columns } = await get(`${path}/series?interval=minute&${span}`);
    // 20 in cash and three coins, worth the last closes on the minute.
    assert.deepEqual(columns, {
      t: [minute(0), minute(0) + 17_000, minute(1), minute(1) + 30_000, minute(2)],
      equity: ['50', '51.5', '53', '55.25', '56'],
      contributions: ['50', '50', '50', '50', '50'],
      pnl: ['0', '1.5', '3', '5.25', '6'],
    });
    const { columns: coarse } = await get(`${path}/series?interval=minute&every=2&${span}`);
    assert.deepEqual(coarse.t, [minute(0), minute(2)]);
    await post(`${path}/trades`, { ...buy, quantity: '1', time: minute(1) + 10_000 });
    const { columns: restated } = await get(`${path}/series?interval=minute&${span}`);
    assert.deepEqual(restated.t, [minute(0), minute(0) + 17_000, minute(1), minute(2)]);
    assert.deepEqual(restated.equity, ['50', '51.5', '53', '58']);
  });

  it('do not make up a value that is not known', async () => {
    const path = await portfolio({ timeZone: 'UTC' });
    const gift = {
      kind: 'deposit',
      asset: 'BLANK',
      quantity: '2',
      unitCost: '3',
      time: '2026-02-02T01:00:00Z',
    };
    await post(`${path}/transfers`, gift);
    await closes({ 'BLANK/KRW': { '2026-02-03': '50' } });
    const { columns, warnings } = await get(`${path}/series?from=2026-02-02&to=2026-02-04`);
    assert.deepEqual(columns.equity, ['0', null, '100']);
    assert.deepEqual(columns.pnl, ['0', null, '94']);
    assert.deepEqual(columns.contributions, ['0', '6', '6']);
    assert.deepEqual(
      warnings.map(({ code, asset, figures }: { code: string; asset: string; figures: string[] }) => [
        code,
        asset,
        figures,
      ]),
      [['missing-price', 'BLANK', ['equity', 'pnl']]],
    );
  });
});
