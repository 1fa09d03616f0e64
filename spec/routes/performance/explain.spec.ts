import assert from 'node:assert/strict';
import { bookkeeper, randomEntries, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
const SIDES = ['gross', 'net'] as const;

interface Realized {
  gross: string;
  net: string;
}

interface Disposal {
  entryId: string;
  reason: string;
  quantity: string;
  uncovered: string;
  proceeds: Realized;
  costBasis: string;
  realizedPnl: Realized;
  matches: { entryId: string; quantity: string; costBasis: string }[];
}

type Sums = Record<'quantity' | 'costBasis' | 'marketValue' | 'unrealizedPnl', string>;

interface Explanation extends Sums {
  asset: string;
  realizedPnl: Realized;
  lots: Sums[];
  acquisitions: { entryId: string }[];
  disposals: Disposal[];
  earlier: {
    lots: Sums & { count: number };
    acquisitions: { count: number };
    disposals: { count: number; realizedPnl: Realized };
  };
}

eachApp('the explanation of PnL', (app) => {
  const { call, get, post, portfolio, price } = bookkeeper(app);

  /** Lists and what came before them, against the figures. */
  function assertAddsUp(item: Explanation, what: string): void {
    const { lots, disposals, earlier } = item;
    for (const figure of ['quantity', 'costBasis', 'marketValue', 'unrealizedPnl'] as const) {
      const total = sum([...lots.map((lot) => lot[figure]), earlier.lots[figure]]);
      assert.equal(total, units(item[figure]), `${figure} ${what}`);
    }
    for (const side of SIDES) {
      const total = sum([
        ...disposals.map((one) => one.realizedPnl[side]),
        earlier.disposals.realizedPnl[side],
      ]);
      assert.equal(total, units(item.realizedPnl[side]), `${side} ${what}`);
    }
    for (const { realizedPnl, proceeds, costBasis, matches, uncovered } of disposals) {
      assert.equal(units(realizedPnl.net), units(proceeds.net) - units(costBasis), what);
      if (matches.length === 0 || units(uncovered) > 0n) continue;
      assert.equal(sum(matches.map((match) => match.costBasis)), units(costBasis), `matches ${what}`);
    }
  }

  it('adds up under every method: lists to the figures, assets to the totals, totals to those of GET …/pnl', async () => {
    for (const cashMode of ['tracked', 'untracked']) {
      const path = await portfolio({ costMethod: 'lifo', cashMode });
      const entries = randomEntries(7, 150, { start: Date.UTC(2026, 0, 5), stepMs: 3_600_000 });
      await post(`${path}/transfers`, { items: entries.transfers });
      const { items: booked } = await post(`${path}/trades`, { items: entries.trades });
      const ids = new Set(booked.map(({ trade }: { trade: { id: string } }) => trade.id));
      await price({ 'BTC/KRW': '4321.123456789012345678', 'ETH/KRW': '77.7' });
      for (const costMethod of METHODS) {
        const what = `under ${costMethod}, ${cashMode}`;
        const body = await get(`${path}/pnl/explain?costMethod=${costMethod}`);
        assert.equal(body.costMethod, costMethod);
        const items: Explanation[] = body.items;
        assert.deepEqual(
          items.map(({ asset }) => asset),
          ['BTC', 'ETH'],
        );
        for (const item of items) {
          assertAddsUp(item, what);
          assert.deepEqual(item.earlier.disposals.count, 0);
          const sales = item.disposals.filter(({ reason }) => reason === 'sale');
          assert.ok(sales.length > 5 && sales.every(({ entryId }) => ids.has(entryId)));
          const short = await get(`${path}/pnl/explain?costMethod=${costMethod}&asset=${item.asset}&limit=3`);
          const [explained, ...none]: Explanation[] = short.items;
          assert.ok(explained);
          assert.deepEqual(none, []);
          assertAddsUp(explained, `in short ${what}`);
          assert.deepEqual(explained.disposals, item.disposals.slice(-3));
          assert.deepEqual(explained.acquisitions, item.acquisitions.slice(-3));
          assert.equal(explained.earlier.disposals.count, item.disposals.length - 3);
          assert.deepEqual(
            { ...explained, lots: 0, acquisitions: 0, disposals: 0, earlier: 0 },
            { ...item, lots: 0, acquisitions: 0, disposals: 0, earlier: 0 },
          );
        }
        const pnl = await get(`${path}/pnl?costMethod=${costMethod}`);
        assert.equal(pnl.costMethod, costMethod);
        // Candles move the rest of the position, and no figure.
        assert.equal(body.position.split('@')[0], pnl.position.split('@')[0]);
        assert.deepEqual(body.realizedPnl, pnl.realizedPnl, what);
        assert.equal(body.unrealizedPnl, pnl.unrealizedPnl, what);
        assert.equal(sum(items.map((item) => item.realizedPnl.net)), units(body.realizedPnl.net));
        assert.equal(sum(items.map((item) => item.unrealizedPnl)), units(body.unrealizedPnl));
        assert.deepEqual(
          body.warnings.map(({ code }: { code: string }) => code),
          pnl.warnings
            .map(({ code }: { code: string }) => code)
            .filter((code: string) => ['oversold', 'unmatched-withdrawal'].includes(code)),
        );
        const holdings = await get(`${path}/holdings?costMethod=${costMethod}`);
        for (const {
          asset,
          quantity,
          costBasis,
          marketValue,
          unrealizedPnl,
          realizedPnl,
        } of holdings.items) {
          const item = items.find((one) => one.asset === asset);
          if (item === undefined) continue;
          const own = { quantity, costBasis, marketValue, unrealizedPnl, realizedPnl };
          const { quantity: q, costBasis: c, marketValue: m, unrealizedPnl: u, realizedPnl: r } = item;
          assert.deepEqual(
            { quantity: q, costBasis: c, marketValue: m, unrealizedPnl: u, realizedPnl: r },
            own,
          );
        }
      }
    }
  });

  it('keeps to what is known: no mark, no rate', async () => {
    const path = await portfolio();
    const time = '2026-03-01T00:00:00Z';
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'NOPRICE', quantity: '2', time });
    const body = await get(`${path}/pnl/explain?asset=NOPRICE`);
    const [item] = body.items;
    assert.deepEqual(
      [item.mark, item.marketValue, item.unrealizedPnl, item.costBasis],
      [null, null, null, null],
    );
    assert.deepEqual(body.unrealizedPnl, null);
    const codes = body.warnings.map(({ code }: { code: string }) => code);
    assert.deepEqual(codes, ['missing-rate', 'missing-rate']);
    assert.equal(body.warnings[0].entries.length, 1);
  });

  it('of everything at once has short lists', async () => {
    const path = await portfolio();
    const answer = await call('GET', `${path}/pnl/explain?limit=101`);
    assertProblem(answer, 400, 'invalid-request');
    assertNames(answer, ['limit']);
    assert.deepEqual((await get(`${path}/pnl/explain`)).items, []);
  });

  it('of very many assets has shorter lists, which still add up', async () => {
    const path = await portfolio();
    const trade = { symbol: 'A0/KRW', side: 'buy', quantity: '1', price: '2', time: '2026-01-01T00:00:00Z' };
    const others = Array.from({ length: 200 }, (_, n) => ({ ...trade, symbol: `B${n}/KRW` }));
    const many = Array.from({ length: 60 }, () => trade);
    await post(`${path}/trades`, { items: [...others, ...many] });
    // 10,000 for 202 assets, the base currency among them.
    const { items } = await get(`${path}/pnl/explain?limit=100`);
    const [first] = items as Explanation[];
    assert.equal(first?.asset, 'A0');
    assert.deepEqual([first.acquisitions.length, first.earlier.acquisitions.count], [49, 11]);
    for (const item of items as Explanation[]) assertAddsUp(item, item.asset);
    const one = (await get(`${path}/pnl/explain?limit=100&asset=A0`)).items as Explanation[];
    assert.equal(one[0]?.acquisitions.length, 60);
  });
});
