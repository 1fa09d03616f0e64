import assert from 'node:assert/strict';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

eachApp('statistics by tag', (app) => {
  const { call, get, post, portfolio } = bookkeeper(app);
  const fill = (side: string, price: string, minute: number, more: object = {}): object => ({
    symbol: 'BTC/KRW',
    side,
    quantity: '1',
    price,
    fee: { amount: '0.5', currency: 'KRW' },
    time: new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString(),
    ...more,
  });

  it('are those that the trades with the tag have on their own', async () => {
    const path = await portfolio({ costMethod: 'fifo' });
    await post(`${path}/trades`, {
      items: [
        fill('buy', '100', 0, { quantity: '10', tags: ['swing', 'swing'] }),
        fill('sell', '120', 1, { tags: ['swing', '돌파'] }),
        fill('sell', '90', 2, { tags: ['swing'] }),
        fill('sell', '130', 3, { tags: ['돌파'] }),
        fill('sell', '140', 4),
        { ...fill('buy', '1', 5, { tags: ['unrated'] }), symbol: 'BTC/NOPE' },
      ],
    });
    const { items, nextCursor } = await get(`${path}/trades/stats/tags`);
    assert.equal(nextCursor, null);
    assert.deepEqual(
      items.map(({ tag, count }: Record<string, unknown>) => [tag, count]),
      [
        ['swing', 3],
        ['unrated', 1],
        ['돌파', 2],
      ],
    );
    for (const { tag, ...figures } of items) {
      const alone = await get(`${path}/trades/stats?tag=${encodeURIComponent(tag)}`);
      const { wins, losses, unknown, winRate, profitFactor, expectancy } = alone.closed;
      assert.deepEqual(
        figures,
        {
          count: alone.count,
          sells: alone.sells,
          wins,
          losses,
          unknown,
          winRate,
          profitFactor,
          expectancy,
          realizedPnl: alone.realizedPnl,
          volume: alone.volume.total,
          fees: alone.fees,
        },
        tag,
      );
    }
    assert.deepEqual([items[0].winRate, items[2].winRate], ['0.5', '1']);
    const { items: first, nextCursor: cursor } = await get(`${path}/trades/stats/tags?limit=2`);
    const { items: rest } = await get(`${path}/trades/stats/tags?limit=2&cursor=${cursor}`);
    assert.deepEqual([...first, ...rest], items);
    const sales = await get(`${path}/trades/stats/tags?side=sell&symbol=BTC/KRW`);
    assert.deepEqual(
      sales.items.map(({ tag, count }: Record<string, unknown>) => [tag, count]),
      [
        ['swing', 2],
        ['돌파', 2],
      ],
    );
  });

  it('refuses what is no filter of them', async () => {
    const path = `${await portfolio()}/trades/stats/tags`;
    assert.deepEqual((await get(path)).items, []);
    assertNames(await call('GET', `${path}?tag=swing`), ['tag']);
    assertProblem(await call('GET', `${path}?cursor=x`), 400, 'invalid-cursor');
  });
});
