import assert from 'node:assert/strict';
import { bookkeeper, randomEntries, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const FIGURES = ['netContributions', 'realizedPnl', 'income', 'fees', 'transferredPnl'] as const;
const HOUR_MS = 3_600_000;

interface Part {
  amount: string;
  entry: { id: string; kind: string; time: string };
}

eachApp('the entries behind a figure', (app) => {
  const { call, get, post, portfolio, closes } = bookkeeper(app);

  /** All pages, and what each says of the whole. */
  async function everyPage(path: string, limit: number): Promise<{ total: string; parts: Part[] }> {
    const parts: Part[] = [];
    const totals = new Set<string>();
    let cursor = '';
    do {
      const page = await get(`${path}&limit=${limit}${cursor}`);
      assert.ok(page.items.length <= limit);
      parts.push(...page.items);
      totals.add(page.total);
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    assert.equal(totals.size, 1, 'every page has the same total');
    return { total: [...totals][0] ?? '', parts };
  }

  it('add up to the figure exactly, page by page, whatever the method and the cash mode', async () => {
    for (const [costMethod, cashMode] of [
      ['average', 'tracked'],
      ['fifo', 'untracked'],
    ]) {
      const path = await portfolio({ costMethod, cashMode });
      const { transfers, trades } = randomEntries(11, 40, {
        start: Date.UTC(2026, 0, 5),
        stepMs: HOUR_MS,
      });
      await post(`${path}/transfers`, { items: transfers });
      await post(`${path}/trades`, { items: trades });
      const pnl = await get(`${path}/pnl`);
      for (const figure of FIGURES) {
        const what = `${figure}, ${costMethod}, ${cashMode}`;
        const { total, parts } = await everyPage(`${path}/pnl/explain/entries?figure=${figure}`, 20);
        const known = figure === 'realizedPnl' ? pnl.realizedPnl.net : pnl[figure];
        assert.equal(total, known, what);
        assert.equal(sum(parts.map(({ amount }) => amount)), units(total), what);
        assert.equal(new Set(parts.map(({ entry }) => entry.id)).size, parts.length, what);
        const times = parts.map(({ entry }) => entry.time);
        assert.deepEqual(times, times.toSorted().toReversed(), `the newest first: ${what}`);
        assert.ok(
          parts.every(({ amount }) => units(amount) !== 0n),
          what,
        );
      }
      const cash = await everyPage(`${path}/pnl/explain/entries?figure=quantity`, 1000);
      assert.equal(cash.total, pnl.cash);
      assert.equal(sum(cash.parts.map(({ amount }) => amount)), units(pnl.cash));
      const { items } = await get(`${path}/holdings`);
      for (const { asset, quantity, realizedPnl } of items) {
        if (asset === pnl.baseCurrency) continue;
        const of = `${path}/pnl/explain/entries?asset=${asset}&figure=`;
        assert.equal((await everyPage(`${of}quantity`, 1000)).total, quantity);
        assert.equal((await everyPage(`${of}realizedPnl`, 1000)).total, realizedPnl.net);
      }
    }
  });

  it('are those of a span, which add up to what the span has', async () => {
    const path = await portfolio({ timeZone: 'Asia/Seoul' });
    const at = (time: string, quantity: string): object => ({
      kind: 'deposit',
      asset: 'KRW',
      quantity,
      time,
    });
    await post(`${path}/transfers`, {
      items: [
        at('2026-03-01T14:59:59Z', '1'),
        at('2026-03-01T15:00:00Z', '20'),
        at('2026-03-02T14:59:59Z', '300'),
        at('2026-03-02T15:00:00Z', '4000'),
      ],
    });
    const span = `${path}/pnl/explain/entries?figure=netContributions&from=2026-03-02&to=2026-03-03`;
    const { total, items } = await get(span);
    assert.deepEqual([total, items.map(({ amount }: Part) => amount)], ['320', ['300', '20']]);
  });

  it('say which of them lacks a rate, and have no total then', async () => {
    const path = await portfolio();
    await closes({ 'ETH/KRW': { '2026-03-01': '100' } });
    const got = (asset: string, time: string, more: object = {}): object => ({
      kind: 'deposit',
      asset,
      quantity: '2',
      time,
      ...more,
    });
    await post(`${path}/transfers`, {
      items: [
        got('ETH', '2026-03-03T00:00:00Z'),
        got('NOPE', '2026-03-04T00:00:00Z'),
        got('KRW', '2026-03-05T00:00:00Z'),
        got('NOPE', '2026-03-06T00:00:00Z', { unitCost: '3' }),
      ],
    });
    const body = await get(`${path}/pnl/explain/entries?figure=netContributions`);
    assert.equal(body.total, null);
    assert.deepEqual(
      body.items.map(({ amount }: Part) => amount),
      ['6', '2', null, '200'],
    );
    assert.ok(
      body.warnings.some(
        ({ code, asset }: Record<string, string>) => code === 'missing-rate' && asset === 'NOPE',
      ),
    );
  });

  it('refuses what it does not know', async () => {
    const path = `${await portfolio()}/pnl/explain/entries`;
    assertNames(await call('GET', path), ['figure']);
    assertNames(await call('GET', `${path}?figure=equity`), ['figure']);
    assertNames(await call('GET', `${path}?figure=fees&asset=DOGE`), ['asset']);
    assertNames(await call('GET', `${path}?figure=fees&from=2026-03-02&to=2026-03-01`), ['from']);
    assertProblem(await call('GET', `${path}?figure=fees&cursor=x`), 400, 'invalid-cursor');
  });
});
