import assert from 'node:assert/strict';
import { bookkeeper, randomEntries, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
const START = Date.UTC(2026, 0, 5);

interface Lot {
  asset: string;
  entryId: string | null;
  time: string;
  quantity: string;
  bought: string | null;
  costBasis: string;
  marketValue: string;
  unrealizedPnl: string;
}

eachApp('lots', (app) => {
  const { call, get, post, portfolio, price } = bookkeeper(app);

  async function lotsOf(path: string, query: string, limit = 1000): Promise<Lot[]> {
    const lots: Lot[] = [];
    let cursor = '';
    do {
      const page = await get(`${path}/lots?${query}&limit=${limit}${cursor}`);
      lots.push(...page.items);
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    return lots;
  }

  it('are the purchases that a sale has left, in the order of the method', async () => {
    const path = await portfolio({ costMethod: 'fifo' });
    const trade = (side: string, quantity: string, at: string, day: number): object => ({
      symbol: 'LOT/KRW',
      side,
      quantity,
      price: at,
      time: `2026-03-0${day}T00:00:00Z`,
      ...(side === 'buy' ? { fee: { amount: '10', currency: 'KRW' } } : {}),
    });
    const { items } = await post(`${path}/trades`, {
      items: [
        trade('buy', '1', '100', 1),
        trade('buy', '2', '300', 2),
        trade('buy', '4', '200', 3),
        trade('sell', '2', '500', 4),
      ],
    });
    const ids = items.map(({ trade: { id } }: { trade: { id: string } }) => id);
    await price({ 'LOT/KRW': '400' });
    const left = async (method: string): Promise<[number, string, string][]> =>
      (await lotsOf(path, `asset=LOT&costMethod=${method}`)).map((lot) => [
        ids.indexOf(lot.entryId),
        lot.quantity,
        lot.costBasis,
      ]);
    assert.deepEqual(await left('fifo'), [
      [1, '1', '305'],
      [2, '4', '810'],
    ]);
    assert.deepEqual(await left('lifo'), [
      [0, '1', '110'],
      [1, '2', '610'],
      [2, '2', '405'],
    ]);
    assert.deepEqual(await left('hifo'), [
      [0, '1', '110'],
      [2, '4', '810'],
    ]);
    const [pool, ...none] = await lotsOf(path, 'asset=LOT&costMethod=average');
    assert.deepEqual(none, []);
    assert.deepEqual([pool?.entryId, pool?.bought, pool?.quantity], [null, null, '5']);
    assert.equal(pool?.time, '2026-03-01T00:00:00.000Z');
    const own = await get(`${path}/lots`);
    assert.equal(own.costMethod, 'fifo', 'the method of the portfolio is the default');
    assert.equal(own.items[0].marketValue, '400');
    assert.equal(own.items[0].unrealizedPnl, '95');
  });

  it('add up to the holdings under every method, also page by page', async () => {
    for (const seed of [1, 2]) {
      const path = await portfolio({ costMethod: 'hifo' });
      const { trades, transfers } = randomEntries(seed, 120, { start: START, stepMs: 3_600_000 });
      await post(`${path}/transfers`, { items: transfers });
      await post(`${path}/trades`, { items: trades });
      await price({ 'BTC/KRW': '4321.123456789012345678', 'ETH/KRW': '77.7' });
      for (const costMethod of METHODS) {
        const holdings = await get(`${path}/holdings?costMethod=${costMethod}`);
        assert.equal(holdings.costMethod, costMethod);
        const lots = await lotsOf(path, `costMethod=${costMethod}`);
        assert.deepEqual(await lotsOf(path, `costMethod=${costMethod}`, 7), lots);
        assert.deepEqual(
          lots,
          lots.toSorted((a, b) => (a.asset === b.asset ? 0 : a.asset < b.asset ? -1 : 1)),
        );
        for (const holding of holdings.items) {
          if (holding.asset === 'KRW') continue;
          const own = lots.filter(({ asset }) => asset === holding.asset);
          for (const figure of ['quantity', 'costBasis', 'marketValue', 'unrealizedPnl'] as const) {
            assert.equal(
              sum(own.map((lot) => lot[figure])),
              units(holding[figure]),
              `${figure} of ${holding.asset} under ${costMethod}`,
            );
          }
        }
        if (costMethod !== 'average') assert.ok(lots.length > 10, `${lots.length} lots`);
      }
    }
  });

  it('are refused of an asset that has none, by name', async () => {
    const path = await portfolio();
    assert.deepEqual((await get(`${path}/lots`)).items, []);
    for (const view of ['lots', 'pnl/explain']) {
      for (const query of ['asset=BTC', 'asset=KRW', 'asset=btc', 'asset=', 'asset=BTC/KRW']) {
        const answer = await call('GET', `${path}/${view}?${query}`);
        assertProblem(answer, 400, 'invalid-request', query);
        assertNames(answer, ['asset'], query);
      }
      const method = await call('GET', `${path}/${view}?costMethod=best`);
      assertProblem(method, 400, 'invalid-request');
      assertNames(method, ['costMethod']);
    }
    for (const cursor of ['x', 'W10', Buffer.from('["BTC"]').toString('base64url')]) {
      assertProblem(await call('GET', `${path}/lots?cursor=${cursor}`), 400, 'invalid-cursor', cursor);
    }
  });
});
