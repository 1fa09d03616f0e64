import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { listTrades } from '../../../db/trades/trade-list.ts';
import { TRADE_SORTS, type TradeOrder } from '../../../db/trades/trade-order.ts';
import type { ReadBounds } from '../../../db/trades/trade-part.ts';
import type { TradeFilter } from '../../../db/trades/trade-query.ts';
import { runs } from '../../support/runs.ts';
import { bookkeeper, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { filters, QUESTIONS, randomTrades } from '../../support/routes/random-trades.ts';
import { type Filter, fits, type Listed, sorted } from '../../support/routes/trade-oracle.ts';

const SORTS = ['time', 'symbol', 'value', 'fee', 'pnl'];
const ORDERS = ['asc', 'desc'];
eachApp('the list of trades', (app) => {
  const { call, closes, get, post, portfolio } = bookkeeper(app);

  /** Every page of a list. */
  async function pages(path: string, query: object, limit: number): Promise<Listed[]> {
    const asked = new URLSearchParams({ ...query, limit: String(limit) });
    const found: Listed[] = [];
    for (;;) {
      const page = await get(`${path}/trades?${asked.toString()}`);
      found.push(...page.items);
      assert.ok(page.items.length <= limit);
      if (page.nextCursor === null) return found;
      assert.equal(page.items.length, limit, 'only the last page may be short');
      asked.set('cursor', page.nextCursor);
    }
  }

  async function filled(seed: number, count: number, settings: object = {}): Promise<string> {
    const path = await portfolio(settings);
    const trades = randomTrades(seed, count);
    for (let at = 0; at < count; at += 29) {
      await post(`${path}/trades`, { items: trades.slice(at, at + 29) });
    }
    return path;
  }

  describe('of a random ledger', () => {
    const COUNT = 150;
    let path = '';
    let all: Listed[] = [];

    before(async () => {
      await closes({ 'BTC/KRW': { '2026-01-03': '120' } });
      path = await filled(3, COUNT);
      all = await pages(path, { sort: 'time', order: 'asc' }, 1000);
    });

    it('has each trade once, in order of time, with its value and its fee in base currency', () => {
      assert.equal(new Set(all.map(({ id }) => id)).size, COUNT);
      assert.deepEqual(
        all.map(({ time }) => time),
        all.map(({ time }) => time).sort(),
      );
      // Of a unit of the quote in KRW; there is none for USDT.
      const rates: Record<string, bigint> = { KRW: 1n, BTC: 120n };
      for (const { symbol, quantity, price, fee, value, feeValue } of all) {
        const [base, quote = ''] = symbol.split('/');
        const rate = rates[quote];
        const worth = (amount: string): bigint | null =>
          rate === undefined ? null : ((units(amount) * units(price)) / 10n ** 18n) * rate;
        const expected = base === 'KRW' ? units(quantity) : worth(quantity);
        assert.equal(value === null ? null : units(value), expected, symbol);
        if (fee === null) assert.equal(feeValue, '0');
        else if (fee.currency === 'KRW') assert.equal(feeValue, fee.amount);
        else if (fee.currency === 'BNB') assert.equal(feeValue, null);
        else assert.equal(feeValue === null ? null : units(feeValue), worth(fee.amount), symbol);
      }
      assert.ok(all.some(({ value }) => value === null) && all.some(({ feeValue }) => feeValue === null));
    });

    it('has the realised PnL of each sale, digit for digit as it is explained', async () => {
      const explained = new Map<string, object>();
      for (const asset of ['BTC', 'ETH', 'XRP']) {
        const { items } = await get(`${path}/pnl/explain?asset=${asset}&limit=1000`);
        for (const { reason, entryId, realizedPnl } of items[0].disposals) {
          if (reason === 'sale') explained.set(entryId, realizedPnl);
        }
      }
      for (const { id, symbol, side, realizedPnl } of all) {
        assert.deepEqual(realizedPnl, explained.get(id) ?? null, `${side} ${symbol}`);
        // Buying the base currency with a coin is selling the coin.
        assert.equal(realizedPnl !== null, (side === 'sell') !== symbol.startsWith('KRW/'), symbol);
      }
      assert.ok(all.some(({ realizedPnl }) => realizedPnl !== null && realizedPnl.net === null));
      assert.ok(new Set(all.map(({ realizedPnl }) => realizedPnl?.net)).size > 20);
    });

    async function assertAsTheOracle(
      filter: Filter,
      sort: string,
      order: string,
      limit: number,
    ): Promise<void> {
      const expected = sorted(all, sort, order).filter((trade) => fits(trade, filter));
      const what = JSON.stringify({ filter, sort, order });
      const actual = await pages(path, { ...filter, sort, order }, limit);
      assert.deepEqual(
        actual.map(({ id }) => id),
        expected.map(({ id }) => id),
        what,
      );
      const counted = new URLSearchParams({ ...filter, count: 'true', limit: '1' });
      const { total } = await get(`${path}/trades?${counted.toString()}`);
      assert.equal(total, expected.length, what);
    }

    it('is in any order, page by page, what an oracle sorts; purchases and sales too', async () => {
      for (const sort of SORTS) for (const order of ORDERS) await assertAsTheOracle({}, sort, order, 37);
      for (const side of ['buy', 'sell']) await assertAsTheOracle({ side }, 'pnl', 'desc', 37);
    });

    it('has what each word of a search is in, and nothing else', async () => {
      let found = 0;
      for (const q of QUESTIONS) {
        await assertAsTheOracle({ q }, 'time', 'desc', 1000);
        if (all.some((trade) => fits(trade, { q }))) found += 1;
      }
      assert.ok(found > 25 && found < QUESTIONS.length, `${found} of them are there`);
    });

    it('has what fits any filter, in any order, page by page', async () => {
      await fc.assert(
        fc.asyncProperty(
          filters,
          fc.constantFrom(...SORTS),
          fc.constantFrom(...ORDERS),
          fc.integer({ min: 1, max: 60 }),
          assertAsTheOracle,
        ),
        { numRuns: runs(25), endOnFailure: true },
      );
    });

    it('is the same whichever way it is read', async () => {
      const { db } = app().services;
      const id = path.slice(path.lastIndexOf('/') + 1);
      const reach = (n: number): ReadBounds['walk'] => ({ along: n, inStore: n, scattered: n });
      const ways: ReadBounds[] = [
        { glance: reach(1), walk: reach(1), few: 0, fewAlong: 0 },
        { glance: reach(7), walk: { ...reach(9), along: 40 }, few: 9_999, fewAlong: 9_999 },
        { glance: reach(9_999), walk: reach(9_999), few: 0, fewAlong: 0 },
        { glance: reach(1), walk: reach(9_999), few: 0, fewAlong: 0 },
      ];
      async function read(filter: TradeFilter, order: TradeOrder, bounds?: ReadBounds): Promise<string[]> {
        const found: string[] = [];
        for (let cursor: string | undefined; ;) {
          const given = { ...order, limit: 9, cursor, ...(bounds === undefined ? {} : { bounds }) };
          const page = await listTrades(db, id, filter, given);
          found.push(...page.items.map(({ trade }) => trade.id));
          if (page.nextCursor === null) return found;
          cursor = page.nextCursor;
        }
      }
      const first = Date.parse(all[COUNT / 3]?.time ?? '');
      const some: TradeFilter[] = [
        { tag: 'bot' },
        { text: 'btc', side: 'sell' },
        { symbols: ['BTC/KRW'] },
        { asset: 'ETH', from: first },
        { exchange: 'upbit', side: 'buy', to: first },
      ];
      let rows = 0;
      for (const filter of some) {
        for (const sort of TRADE_SORTS) {
          for (const order of ['asc', 'desc'] as const) {
            const expected = await read(filter, { sort, order });
            rows += expected.length;
            for (const bounds of ways) {
              const what = JSON.stringify({ filter, sort, order, bounds });
              assert.deepEqual(await read(filter, { sort, order }, bounds), expected, what);
            }
          }
        }
      }
      assert.ok(rows > 1_000, `${rows} rows`);
    });

    it('refuses the cursor of another filter, sort, order or portfolio, by name', async () => {
      const other = await portfolio();
      const { nextCursor } = await get(`${path}/trades?side=buy&sort=value&limit=2`);
      const ask = (query: string, where = path) =>
        call('GET', `${where}/trades?${query}&cursor=${nextCursor}`);
      assert.equal((await ask('side=buy&sort=value&limit=3')).status, 200);
      assert.equal((await ask('sort=value&side=buy&order=desc&count=true')).status, 200);
      for (const [query, where] of [
        ['side=sell&sort=value'],
        ['sort=value'],
        ['side=buy&sort=value&q=btc'],
        ['side=buy&sort=fee'],
        ['side=buy&sort=value&order=asc'],
        ['side=buy&sort=value', other],
      ] as const) {
        const answer = await ask(query, where);
        assertProblem(answer, 400, 'invalid-cursor', query);
        assertNames(answer, ['cursor'], query);
        assert.match(answer.body.detail, /another filter or order/);
      }
    });

    it('refuses a cursor that was tampered with', async () => {
      const { nextCursor } = await get(`${path}/trades?sort=value&limit=2`);
      const [list, part, value, id] = JSON.parse(Buffer.from(nextCursor, 'base64url').toString());
      for (const key of [
        [list, part, value],
        [list, part, value, id, id],
        [list, part, 5, id],
        [list, part, '1e9', id],
        [list, part, 'NaN', id],
        [list, part, '1', "x'"],
        [list, part, '9'.repeat(300), id],
        [list, 2, value, id],
        [list, -1, value, id],
        [list, 0.5, value, id],
        [list, '0', value, id],
        [list, 'length', value, id],
        [part, list, value, id],
        [],
        { list },
        null,
      ]) {
        const cursor = Buffer.from(JSON.stringify(key)).toString('base64url');
        const answer = await call('GET', `${path}/trades?sort=value&cursor=${cursor}`);
        assertProblem(answer, 400, 'invalid-cursor', JSON.stringify(key).slice(0, 100));
        assertNames(answer, ['cursor']);
      }
    });
  });

  it('finds a sale by its new time when that alone was changed, along the order too', async () => {
    const path = await portfolio();
    const day = (n: number): string => `2026-02-0${n}T00:00:00.000Z`;
    // The first sale earns the most.
    const trades = [1, 9, 8, 7].map((price, n) => ({
      price: String(price),
      time: day([1, 2, 6, 7][n] ?? 1),
    }));
    const items = trades.map((trade, n) => ({
      ...trade,
      symbol: 'BTC/KRW',
      side: n === 0 ? 'buy' : 'sell',
      quantity: n === 0 ? '3' : '1',
    }));
    await post(`${path}/trades`, { items });
    const [best] = (await get(`${path}/trades?sort=pnl&limit=1`)).items;
    assert.equal((await call('PATCH', `${path}/trades/${best.id}`, { time: day(8) })).status, 200);
    const portfolioId = path.slice(path.lastIndexOf('/') + 1);
    const reach = { along: 99, inStore: 99, scattered: 99 };
    for (const sort of ['pnl', 'value'] as const) {
      const { items: found } = await listTrades(
        app().services.db,
        portfolioId,
        { from: Date.parse(day(5)) },
        { sort, order: 'desc', limit: 1, bounds: { glance: reach, walk: reach, few: 0, fewAlong: 0 } },
      );
      assert.equal(found[0]?.trade.id, best.id, sort);
    }
  });
});
