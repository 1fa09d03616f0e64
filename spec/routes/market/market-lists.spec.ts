import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { TestUser } from '../../support/app.ts';
import { runs } from '../../support/runs.ts';
import { bookkeeper, dice, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

type Item = Record<string, string | null> & { symbol: string };
interface Tick {
  symbol: string;
  price: string;
  quantity: string | undefined;
  time: string;
}

const NUMERIC = ['price', 'change', 'changeRate', 'high', 'low', 'volume', 'quoteVolume'];
const TICKER_SORTS = ['symbol', ...NUMERIC, 'time'];
const SYMBOL_SORTS = ['symbol', 'base', 'quote'];
const BASES = ['BTC', 'ETH', 'XRP', 'A1', '1INCH', 'BTCUP', 'KRW'];
const QUOTES = ['KRW', 'BTC', 'USDT', 'ETH'];
const SYMBOLS = BASES.flatMap((base) => QUOTES.map((quote) => `${base}/${quote}`)).filter(
  (_, n) => n % 5 > 0,
);

/** Unknown ones last in either order, equal ones by symbol. */
const comparing =
  (sort: string, order: string) =>
  (a: Item, b: Item): number => {
    const [one, other] = [a, b].map((item) => {
      const value = item[sort] ?? null;
      return value !== null && NUMERIC.includes(sort) ? units(value) : value;
    }) as [bigint | string | null, bigint | string | null];
    if (one === other) return a.symbol === b.symbol ? 0 : a.symbol < b.symbol ? -1 : 1;
    if (one === null || other === null) return one === null ? 1 : -1;
    return one < other === (order === 'asc') ? -1 : 1;
  };

function isOf({ symbol }: Item, { base, quote, symbols }: Record<string, string | undefined>): boolean {
  const [one, other] = symbol.split('/');
  return (
    (base ?? one) === one &&
    (quote ?? other) === other &&
    (symbols === undefined || symbols.split(',').includes(symbol))
  );
}

const option = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 1 });
const common = {
  order: option(['asc', 'desc']),
  base: option([...BASES, 'NONE']),
  quote: option([...QUOTES, 'NONE']),
  limit: fc.integer({ min: 1, max: 25 }),
};

eachApp('the lists of the market', (app) => {
  const { call, get, price } = bookkeeper(app);
  const minute = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  let admin: TestUser;
  let ticks: Tick[] = [];

  before(async () => {
    admin = await app().user('admin');
    const roll = dice(11);
    const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
    ticks = SYMBOLS.flatMap((symbol) =>
      Array.from({ length: 1 + roll(4) }, (_, n) => ({
        symbol,
        price: pick(['100', '100.5', '99.125', '9', '10', '1000']),
        quantity: pick([undefined, '0.5', '2', '10']),
        time: new Date(minute + n * 60_000 + roll(3) * 1_000).toISOString(),
      })),
    );
    const items = ticks.map(({ quantity, ...rest }) =>
      quantity === undefined ? rest : { ...rest, quantity },
    );
    const { status } = await app().call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    assert.equal(status, 200);
    // What is told later in the same log is seen later.
    await price({ 'LAST/KRW': '1' });
  });

  async function pages(list: string, query: object, limit: number): Promise<Item[]> {
    const given = Object.entries({ ...query, limit: String(limit) }).filter(
      ([, value]) => value !== undefined,
    );
    const asked = new URLSearchParams(given as [string, string][]);
    const found: Item[] = [];
    for (;;) {
      const page = await get(`/v1/market/${list}?${asked.toString()}`);
      found.push(...page.items);
      if (page.nextCursor === null) return found;
      assert.equal(page.items.length, limit, 'only the last page may be short');
      asked.set('cursor', page.nextCursor);
    }
  }

  it('have every symbol with the figures of its ticks', async () => {
    const { items } = await get('/v1/market/tickers');
    assert.deepEqual(
      items.map(({ symbol }: Item) => symbol),
      [...SYMBOLS, 'LAST/KRW'].sort(),
    );
    for (const symbol of SYMBOLS) {
      const ticker = items.find((each: Item) => each.symbol === symbol);
      const own = ticks.filter((tick) => tick.symbol === symbol);
      const [first, last] = [own[0], own.at(-1)];
      const prices = own.map((tick) => units(tick.price)).sort((a, b) => (a < b ? -1 : 1));
      assert.deepEqual([ticker.price, ticker.time], [last?.price, last?.time], symbol);
      assert.equal(ticker.status, 'live', symbol);
      assert.deepEqual([units(ticker.low), units(ticker.high)], [prices[0], prices.at(-1)], symbol);
      const volumes = own.map(({ quantity = '0' }) => units(quantity));
      const quoted = own.map((tick, n) => (units(tick.price) * (volumes[n] ?? 0n)) / 10n ** 18n);
      const sum = (list: bigint[]): bigint => list.reduce((a, b) => a + b, 0n);
      assert.deepEqual(
        [units(ticker.volume), units(ticker.quoteVolume)],
        [sum(volumes), sum(quoted)],
        symbol,
      );
      if (own.length === 1) assert.deepEqual([ticker.change, ticker.changeRate], [null, null], symbol);
      else
        assert.equal(units(ticker.change), units(last?.price ?? null) - units(first?.price ?? null), symbol);
    }
    assert.ok(items.some(({ change }: Item) => change === null));
  });

  it('have the tickers that fit, by any column, in either order, page by page, as an oracle sorts them', async () => {
    const all: Item[] = (await get('/v1/market/tickers')).items;
    const ask = async (query: Record<string, string | undefined>, limit: number): Promise<void> => {
      const { sort = 'symbol', order = sort === 'symbol' ? 'asc' : 'desc' } = query;
      const expected = all.filter((each) => isOf(each, query)).sort(comparing(sort, order));
      assert.deepEqual(await pages('tickers', query, limit), expected, JSON.stringify(query));
    };
    for (const sort of TICKER_SORTS) for (const order of ['asc', 'desc']) await ask({ sort, order }, 7);
    const symbols = fc.option(
      fc.uniqueArray(fc.constantFrom(...SYMBOLS, 'NO/PRICE'), { minLength: 1 }).map((list) => list.join(',')),
      { nil: undefined, freq: 1 },
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ ...common, sort: option(TICKER_SORTS), symbols }), ({ limit, ...query }) =>
        ask(query, limit),
      ),
      { numRuns: runs(20), endOnFailure: true },
    );
  });

  it('have the symbols that fit, by any part, in either order, page by page', async () => {
    const all = [...SYMBOLS, 'LAST/KRW'].map((symbol): Item => {
      const [base = '', quote = ''] = symbol.split('/');
      return { symbol, base, quote };
    });
    await fc.assert(
      fc.asyncProperty(fc.record({ ...common, sort: option(SYMBOL_SORTS) }), async ({ limit, ...query }) => {
        const { sort = 'symbol', order = 'asc' } = query;
        const expected = all.filter((each) => isOf(each, query)).sort(comparing(sort, order));
        assert.deepEqual(await pages('symbols', query, limit), expected, JSON.stringify(query));
      }),
      { numRuns: runs(20), endOnFailure: true },
    );
  });

  it('go on behind the last ticker of a page, wherever that and the others stand by then', async () => {
    const roll = dice(5);
    const rest = new Set((await pages('tickers', {}, 1_000)).map(({ symbol }) => symbol));
    for (const order of ['asc', 'desc']) {
      const [still, seen] = [new Set(rest), [] as string[]];
      let [cursor, last]: [string, Item | null] = ['', null];
      for (;;) {
        const page = await get(`/v1/market/tickers?sort=price&order=${order}&limit=5${cursor}`);
        const now: Item[] = (await get('/v1/market/tickers')).items;
        const compare = comparing('price', order);
        // Behind where it stood when it was shown.
        const expected = now.filter((each) => last === null || compare(last, each) < 0).sort(compare);
        assert.deepEqual(page.items, expected.slice(0, 5), order);
        seen.push(...page.items.map(({ symbol }: Item) => symbol));
        last = page.items.at(-1);
        if (page.nextCursor === null) break;
        cursor = `&cursor=${page.nextCursor}`;
        const symbols = [
          SYMBOLS[roll(SYMBOLS.length)] ?? '',
          roll(2) === 0 ? (last?.symbol ?? '') : 'LAST/KRW',
        ];
        const prices = Object.fromEntries(
          symbols.map((symbol) => [symbol, `${1 + roll(1_200)}.${1 + roll(9)}`]),
        );
        await price(prices);
        for (const symbol of symbols) still.delete(symbol);
      }
      for (const symbol of still) assert.equal(seen.filter((each) => each === symbol).length, 1, symbol);
      assert.ok(still.size > 8);
    }
  });

  it('refuse what makes no sense, by its name', async () => {
    const { nextCursor } = await get('/v1/market/tickers?sort=price&limit=1');
    for (const [query, name] of [
      ['tickers?sort=exchange', 'sort'],
      ['tickers?order=up', 'order'],
      ['tickers?symbols=BTC', 'symbols'],
      ['tickers?base=btc/krw', 'base'],
      ['tickers?limit=0', 'limit'],
      ['symbols?sort=price', 'sort'],
      ['symbols?quote=', 'quote'],
    ] as const) {
      const answer = await call('GET', `/v1/market/${query}`);
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, [name], query);
    }
    for (const query of [
      `tickers?cursor=${nextCursor}`,
      `tickers?sort=price&order=asc&cursor=${nextCursor}`,
      `symbols?cursor=${nextCursor}`,
      'tickers?cursor=x',
      `tickers?sort=price&cursor=${Buffer.from('["price desc","value","x","BTC/KRW"]').toString('base64url')}`,
    ]) {
      const answer = await call('GET', `/v1/market/${query}`);
      assertProblem(answer, 400, 'invalid-cursor', query);
      assertNames(answer, ['cursor'], query);
    }
  });
});
