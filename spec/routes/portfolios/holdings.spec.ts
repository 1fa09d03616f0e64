import assert from 'node:assert/strict';
import { HOLDING_COLUMNS, type HoldingColumn } from '../../../routes/portfolios/holding-page.ts';
import { bookkeeper, dice, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

/** A holding, as it comes over the wire. */
type Item = Record<string, unknown> & { asset: string; marketValue: string | null };

const TEXTS = ['asset', 'symbol', 'markTime'];

function valueOf(item: Item, column: HoldingColumn): string | null {
  const [name = '', part] = column.split('.');
  const value = item[name];
  return (part === undefined ? value : (value as Record<string, unknown>)[part]) as string | null;
}

/** Sorted the slow way: known values by insertion, then the unknown ones by asset. */
function sortedBySlowWay(items: readonly Item[], column: HoldingColumn, order: string): string[] {
  const known: Item[] = [];
  const unknown: Item[] = [];
  const isBefore = (a: Item, b: Item): boolean => {
    const [x, y] = [valueOf(a, column) ?? '', valueOf(b, column) ?? ''];
    if (x === y) return a.asset < b.asset;
    const isLess = TEXTS.includes(column) ? x < y : units(x) < units(y);
    return order === 'asc' ? isLess : !isLess;
  };
  for (const item of items) {
    if (valueOf(item, column) === null) {
      unknown.push(item);
      continue;
    }
    const at = known.findIndex((each) => isBefore(item, each));
    known.splice(at < 0 ? known.length : at, 0, item);
  }
  const byAsset = unknown.map(({ asset }) => asset).sort();
  return [...known.map(({ asset }) => asset), ...byAsset];
}

eachApp('holdings', (app) => {
  const { get, post, portfolio, price, call } = bookkeeper(app);
  let path: string;

  before(async () => {
    path = await portfolio();
    const roll = dice(7);
    const time = new Date(Date.now() - 3_600_000).toISOString();
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '90000000.5', time });
    const trades: object[] = [];
    const prices: Record<string, string> = { 'USDT/KRW': '1380.5' };
    for (let coin = 0; coin < 40; coin += 1) {
      const asset = `C${String(coin).padStart(2, '0')}`;
      const quote = coin % 5 === 0 ? 'USDT' : 'KRW';
      const symbol = `${asset}/${quote}`;
      // Some are equal in most columns, so that the tie counts.
      const quantity = coin % 4 === 0 ? '2' : `${1 + roll(50)}.${1 + roll(9)}`;
      const cost = coin % 4 === 0 ? '100' : `${1 + roll(900)}.25`;
      trades.push({ symbol, side: 'buy', quantity, price: cost, time });
      if (coin % 3 === 0)
        trades.push({ symbol, side: 'sell', quantity: '0.5', price: `${1 + roll(900)}`, time });
      if (coin % 7 !== 6) prices[symbol] = coin % 4 === 0 ? '150' : `${1 + roll(900)}.5`;
    }
    await price(prices);
    await post(`${path}/trades`, { items: trades });
    // Without a symbol that leads to the base currency nothing is known of them.
    for (const asset of ['LOST', 'GONE']) {
      await post(`${path}/transfers`, { kind: 'deposit', asset, quantity: '3', time });
    }
  });

  it('are sorted by every column in both directions, page by page, as an oracle has it', async () => {
    const { items: all }: { items: Item[] } = await get(`${path}/holdings`);
    assert.ok(all.length > 40);
    assert.ok(all.some(({ marketValue }) => marketValue === null));
    const roll = dice(11);
    for (const column of HOLDING_COLUMNS) {
      for (const order of ['asc', 'desc']) {
        const expected = sortedBySlowWay(all, column, order);
        const seen: string[] = [];
        const limit = 1 + roll(15);
        let cursor: string | null = '';
        do {
          const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
          const page = await get(`${path}/holdings?sort=${column}&order=${order}&limit=${limit}${more}`);
          assert.ok(page.items.length <= limit);
          seen.push(...page.items.map(({ asset }: Item) => asset));
          cursor = page.nextCursor;
        } while (cursor !== null);
        assert.deepEqual(seen, expected, `${column} ${order}`);
      }
      const byDefault = await get(`${path}/holdings?sort=${column}`);
      const order = column === 'asset' || column === 'symbol' ? 'asc' : 'desc';
      assert.deepEqual(
        byDefault.items.map(({ asset }: Item) => asset),
        sortedBySlowWay(all, column, order),
        column,
      );
    }
  });

  it('go on after the last one of a page, though prices have moved meanwhile', async () => {
    const query = `${path}/holdings?sort=marketValue&order=desc`;
    const first = await get(`${query}&limit=10`);
    const last: Item = first.items.at(-1);
    await price({ 'C01/KRW': '9000000', 'C02/KRW': '0.01' });
    const { items: now }: { items: Item[] } = await get(`${path}/holdings`);
    const { items: rest } = await get(`${query}&cursor=${first.nextCursor}`);
    const below = now.filter(
      ({ marketValue, asset }) =>
        marketValue === null ||
        units(marketValue) < units(last.marketValue) ||
        (marketValue === last.marketValue && asset > last.asset),
    );
    assert.deepEqual(
      rest.map(({ asset }: Item) => asset),
      sortedBySlowWay(below, 'marketValue', 'desc'),
    );
  });

  it('leave dust out when asked to, but nothing whose value is not known', async () => {
    const { items: all }: { items: Item[] } = await get(`${path}/holdings`);
    for (const least of ['0', '0.000000000000000001', '150', '300', '5000.5', '99999999999']) {
      const { items } = await get(`${path}/holdings?minValue=${least}`);
      const expected = all.filter(({ marketValue }) => {
        if (marketValue === null) return true;
        const value = units(marketValue);
        return (value < 0n ? -value : value) >= units(least);
      });
      assert.deepEqual(items, expected, least);
    }
    const debtor = await portfolio();
    const time = new Date().toISOString();
    const trade = { symbol: 'C01/KRW', side: 'buy', quantity: '1', price: '5000', time };
    await post(`${debtor}/trades`, trade);
    const { items } = await get(`${debtor}/holdings?minValue=1000`);
    assert.deepEqual(
      items.map(({ asset, marketValue }: Item) => [asset, marketValue]),
      [
        ['C01', '9000000'],
        ['KRW', '-5000'],
      ],
      'a debt is no dust',
    );
  });

  it('have only the fields that are asked for', async () => {
    const { items: all }: { items: Item[] } = await get(`${path}/holdings`);
    const fields = ['marketValue', 'asset', 'realizedPnl'];
    const { items } = await get(`${path}/holdings?fields=${fields.join(',')}&limit=3`);
    const expected = all
      .slice(0, 3)
      .map(({ asset, marketValue, realizedPnl }) => ({ asset, marketValue, realizedPnl }));
    assert.deepEqual(items, expected);
    assert.deepEqual((await get(`${path}/holdings?fields=quantity`)).items[0], {
      quantity: all[0]?.['quantity'],
    });
    // Sorting needs no field to be shown.
    const lean = await get(`${path}/holdings?fields=asset&sort=weight&limit=2`);
    const whole = await get(`${path}/holdings?sort=weight&limit=2`);
    assert.deepEqual(
      lean.items,
      whole.items.map(({ asset }: Item) => ({ asset })),
    );
    assert.equal(lean.nextCursor, whole.nextCursor);
  });

  it('have the digits of the PnL at the same position', async () => {
    const [pnl, holdings, allocation] = await Promise.all(
      ['pnl', 'holdings', 'allocation'].map((what) => get(`${path}/${what}`)),
    );
    assert.equal(holdings.position, pnl.position);
    assert.deepEqual(holdings.warnings, pnl.warnings);
    assert.equal(pnl.equity, null, 'something has no price');
    assert.equal(allocation.equity, null);
    const realised = holdings.items.flatMap(
      ({ asset, realizedPnl }: Item & { realizedPnl: { net: string | null } }) =>
        asset === 'KRW' || realizedPnl.net === null ? [] : [realizedPnl.net],
    );
    assert.ok(realised.length > 30);
    if (pnl.realizedPnl.net !== null) assert.equal(sum(realised), units(pnl.realizedPnl.net));
    for (const { asset, marketValue, weight } of holdings.items) {
      const share = allocation.byAsset.find((each: Item) => each.asset === asset);
      assert.deepEqual(share, { asset, marketValue, weight });
    }
  });

  it('refuse what makes no sense, by name', async () => {
    const cases: [string, string[]][] = [
      ['sort=colour', ['sort']],
      ['sort=', ['sort']],
      ['order=up', ['order']],
      ['limit=0', ['limit']],
      ['limit=1001', ['limit']],
      ['limit=ten', ['limit']],
      ['minValue=-1', ['minValue']],
      ['minValue=1e3', ['minValue']],
      ['minValue=NaN', ['minValue']],
      ['fields=asset,colour', ['fields']],
      ['fields=', ['fields']],
      ['fields=,', ['fields']],
      ['dust=1', ['dust']],
      ['sort=asset&sort=weight', ['sort']],
      ['costMethod=best', ['costMethod']],
    ];
    for (const [query, names] of cases) {
      const answer = await call('GET', `${path}/holdings?${query}`);
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, names, query);
    }
    const { nextCursor } = await get(`${path}/holdings?sort=weight&order=asc&limit=1`);
    const made = (key: unknown): string => Buffer.from(JSON.stringify(key)).toString('base64url');
    for (const query of [
      `sort=weight&order=desc&cursor=${nextCursor}`,
      `sort=quantity&order=asc&cursor=${nextCursor}`,
      'cursor=garbage',
      'cursor=',
      `cursor=${made(['asset asc', 'value', 'C01'])}`,
      `cursor=${made(['asset asc', 'value', 7, 'C01'])}`,
      `sort=weight&order=asc&cursor=${made(['weight asc', 'value', '1e9', 'C01'])}`,
      `sort=weight&order=asc&cursor=${made(['weight asc', 'value', '', 'C01'])}`,
    ]) {
      assertProblem(await call('GET', `${path}/holdings?${query}`), 400, 'invalid-cursor', query);
    }
  });
});
