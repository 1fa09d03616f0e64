import assert from 'node:assert/strict';
import { bookkeeper } from './bookkeeper.ts';
import { eachApp } from './each-app.ts';
import { assertNames, assertProblem } from './problems.ts';

const DAY = 24 * 3_600_000;

eachApp('series against a benchmark', (app) => {
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
    const refused = await call('GET', `${path}/series?benchmark=NONE/KRW`);
    assertProblem(refused, 400, 'invalid-request');
    assertNames(refused, ['benchmark']);
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
});
