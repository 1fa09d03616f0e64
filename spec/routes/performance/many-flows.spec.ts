import assert from 'node:assert/strict';
import { bookkeeper, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const START = Date.UTC(2026, 1, 1);
const DAY = 86_400_000;
const BATCH = 1_000;

eachApp('performance of very many external flows', (app) => {
  const { get, post, portfolio, closes } = bookkeeper(app);
  before(() => closes({ 'BTC/KRW': { '2026-01-31': '100', '2026-02-10': '125' } }));

  /** Deposits of 1, each two minutes after the last; all of it is invested at once, and gains a quarter on the tenth day. */
  async function invested(count: number): Promise<string> {
    const path = await portfolio({ timeZone: 'UTC', benchmark: 'BTC/KRW' });
    for (let sent = 0; sent < count; sent += BATCH) {
      const items = Array.from({ length: Math.min(BATCH, count - sent) }, (_, nth) => ({
        kind: 'deposit',
        asset: 'BTC',
        quantity: '1',
        unitCost: '100',
        time: new Date(START + (sent + nth) * 120_000).toISOString(),
      }));
      await post(`${path}/entries`, { items });
    }
    return path;
  }

  async function performance(path: string) {
    const span = `from=${new Date(START).toISOString()}&to=${new Date(START + 20 * DAY).toISOString()}`;
    return await get(`${path}/performance?${span}`);
  }

  it('is told to the last digit, and says which figures are approximate', async () => {
    const few = await performance(await invested(4_000));
    assert.deepEqual(
      few.warnings.filter(({ code }: { code: string }) => code === 'gathered-flows'),
      [],
    );
    const many = await performance(await invested(4_001));
    const [warning] = many.warnings.filter(({ code }: { code: string }) => code === 'gathered-flows');
    assert.deepEqual(warning?.figures, ['xirr', 'benchmark.equity']);
    for (const [body, count] of [
      [few, 4_000n],
      [many, 4_001n],
    ] as const) {
      assert.equal(units(body.netFlows), count * units('100'));
      assert.equal(units(body.pnl), count * units('25'));
      assert.equal(body.twr, '0.25');
    }
    // An hour instead of two minutes moves the rate by far less than it is worth.
    assert.ok(Math.abs(Number(many.xirr) / Number(few.xirr) - 1) < 0.02, `${few.xirr} ${many.xirr}`);
  });
});
