import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { bookkeeper, dice } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { randomTrades } from '../../support/routes/random-trades.ts';
import { type Filter, fits, type Listed, sorted } from '../../support/routes/trade-oracle.ts';

const COUNT = 40;
const LIMIT = 6;
const SORTS = ['time', 'symbol', 'value', 'fee', 'pnl'];
/** Each sort in either order, whole or filtered, and the next one the other way round. */
const WAYS: Record<string, Filter>[] = [
  { asc: {}, desc: { asset: 'KRW', q: 'b' } },
  { asc: { side: 'sell' }, desc: {} },
];

/** A purchase, and sales of it that are worth, cost and earn the same. */
const EQUAL = Array.from({ length: 15 }, (_, n) => ({
  symbol: 'TIE/KRW',
  side: n === 0 ? 'buy' : 'sell',
  quantity: n === 0 ? '100' : '1',
  price: n === 0 ? '100' : '110',
  time: new Date(Date.UTC(2026, 0, 5, Math.ceil(n / 2))).toISOString(),
}));

/** What a trade is found and sorted by: it stays where it is as long as this is the same. */
const placeOf = ({ note: _note, tags: _tags, ...rest }: Listed): string => JSON.stringify(rest);

eachApp('the list of trades, while it moves', (app) => {
  const { call, get, post, portfolio } = bookkeeper(app);

  /** Takes out, changes and books some, mostly late in the ledger, and often the one that was shown last. */
  async function move(path: string, all: readonly Listed[], last: Listed, seed: number): Promise<void> {
    const roll = dice(seed);
    const anyone = (): Listed => all[Math.floor(all.length / 2) + roll(Math.ceil(all.length / 2))] ?? last;
    const [gone, changed] = [roll(3) === 0 ? last : anyone(), roll(3) === 0 ? last : anyone()];
    if (roll(2) === 0) assert.equal((await call('DELETE', `${path}/trades/${gone.id}`)).status, 204);
    const [other] = randomTrades(seed, 1) as [{ quantity: string; price: string; time: string }];
    const change = [{ price: other.price }, { quantity: other.quantity }, { time: other.time }][roll(3)];
    const { status } = await call('PATCH', `${path}/trades/${changed.id}`, change);
    assert.ok(status === 200 || (status === 404 && changed.id === gone.id), `${status}`);
    const items = randomTrades(seed + 1, roll(4)).map((trade, n) => ({
      ...trade,
      externalId: `${seed} ${n}`,
    }));
    if (items.length > 0) await post(`${path}/trades`, { items });
  }

  async function assertPages(sort: string, order: string, filter: Filter, seed: number): Promise<void> {
    const what = `${sort} ${order} ${JSON.stringify(filter)}`;
    const path = await portfolio();
    await post(`${path}/trades`, { items: [...randomTrades(seed, COUNT), ...EQUAL] });
    const everything = async (): Promise<Listed[]> =>
      (await get(`${path}/trades?sort=time&order=asc&limit=1000`)).items;
    let now = await everything();
    const steady = new Map(now.map((trade) => [trade.id, placeOf(trade)]));
    const look = async (): Promise<void> => {
      now = await everything();
      const places = new Map(now.map((trade) => [trade.id, placeOf(trade)]));
      for (const [id, place] of steady) if (places.get(id) !== place) steady.delete(id);
    };
    /** A page, and the list that it is of: amounts without a price are valued meanwhile, once one is known. */
    const pageOf = async (query: string): Promise<{ items: Listed[]; nextCursor: string | null }> => {
      const before = now;
      const page = await get(`${path}/trades?${query}`);
      await look();
      return isDeepStrictEqual(before, now) ? page : await pageOf(query);
    };
    const [shown, pages]: [Listed[], Listed[][]] = [[], []];
    const asked = new URLSearchParams({ ...filter, sort, order, limit: String(LIMIT) });
    for (;;) {
      const page = await pageOf(asked.toString());
      // What is behind the last one, if that stands where it stood.
      const list = sorted(now, sort, order).filter((trade) => fits(trade, filter));
      const last = shown.at(-1);
      const at = list.findIndex((trade) => last !== undefined && placeOf(trade) === placeOf(last));
      if (last === undefined || at >= 0) {
        const expected = list.slice(at + 1, at + 1 + LIMIT);
        assert.deepEqual(page.items, expected, what);
        assert.equal(page.nextCursor !== null, list.length > at + 1 + LIMIT, what);
      }
      shown.push(...page.items);
      pages.push(page.items);
      if (page.nextCursor === null) break;
      asked.set('cursor', page.nextCursor);
      await move(path, now, page.items.at(-1) ?? assert.fail(), seed * 1_000 + pages.length);
      await look();
    }
    const expected = sorted(now, sort, order).filter((trade) => steady.has(trade.id) && fits(trade, filter));
    assert.deepEqual(
      shown.filter(({ id }) => steady.has(id)).map(({ id }) => id),
      expected.map(({ id }) => id),
      what,
    );
    // Whatever is shown twice has moved in between.
    assert.equal(new Set(shown.map((trade) => placeOf(trade))).size, shown.length, what);
    const few = Object.keys(filter).length === 0 ? 12 : 4;
    assert.ok(expected.length >= few && pages.length > 2, `${what}: ${expected.length} stayed`);
  }

  for (const [index, sort] of SORTS.entries()) {
    it(`by ${sort} has what was there all along exactly once, and each page what is behind the one before`, async () => {
      for (const [order, filter] of Object.entries(WAYS[index % WAYS.length] ?? {})) {
        await assertPages(sort, order, filter, 1 + index);
      }
    });
  }
});
