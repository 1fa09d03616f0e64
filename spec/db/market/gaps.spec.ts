import assert from 'node:assert/strict';
import {
  closeGaps,
  endDoubts,
  type Gap,
  gapsBetween,
  gapsSince,
  pruneGaps,
  saveGaps,
  spansOf,
} from '../../../db/market/gaps.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { eachDatabase } from '../../support/databases.ts';

eachDatabase('gaps in the market', (open) => {
  let database: OpenedDatabase;
  const gap = (from: number, to: number, symbol = 'BTC/KRW') => ({ symbol, from, to, feed: 'ccxt:upbit' });

  const told = (gaps: Gap[]) => ({ gaps, doubted: [], settled: [] });

  before(async () => {
    database = await open();
  });
  after(() => database.close());

  it('are found by what they touch, and stored once each', async () => {
    const { knex } = database;
    const gaps = [gap(100, 200), gap(300, 301), gap(150, 400, 'ETH/KRW')];
    await saveGaps(knex, told(gaps), 1);
    await saveGaps(knex, told(gaps.slice(1)), 1);
    await saveGaps(knex, told([]), 1);
    assert.equal((await gapsSince(knex, 0, 10)).length, 3);
    assert.deepEqual(await gapsSince(knex, 301, 10), [gap(150, 400, 'ETH/KRW')]);
    assert.deepEqual(await gapsSince(knex, 0, 1), [gap(150, 400, 'ETH/KRW')], 'the newest first');
    const between = (from: number, to: number): ReturnType<typeof gapsBetween> =>
      gapsBetween(knex, 'BTC/KRW', { from, to, limit: 10 });
    assert.deepEqual(await between(0, 1_000), [gap(100, 200), gap(300, 301)]);
    assert.deepEqual(await between(199, 300), [gap(100, 200)]);
    assert.deepEqual(await between(200, 300), []);
    assert.equal(await pruneGaps(knex, 301), 1);
    assert.deepEqual(await between(0, 1_000), [gap(300, 301)]);
  });

  it('are closed as far as what was missed is known', async () => {
    const { knex } = database;
    const [a, b] = [gap(10_030_000, 10_200_000, 'C/KRW'), gap(10_030_000, 10_200_000, 'D/KRW')];
    await saveGaps(knex, told([a, b]), 1);
    const left = (symbol: string) => gapsBetween(knex, symbol, { from: 0, to: 20_000_000, limit: 10 });
    const minutes = (...times: number[]) => times.map((time) => ({ symbol: 'C/KRW', time: time * 60_000 }));
    assert.deepEqual(spansOf(minutes(168, 167, 170)), [
      { symbol: 'C/KRW', from: 10_020_000, to: 10_140_000 },
      { symbol: 'C/KRW', from: 10_200_000, to: 10_260_000 },
    ]);
    assert.deepEqual(await closeGaps(knex, spansOf(minutes(166, 170))), [], 'before it and after it');
    assert.deepEqual(await left('C/KRW'), [a]);
    const closed = { symbol: 'C/KRW', from: 10_080_000, to: 10_140_000 };
    assert.deepEqual(await closeGaps(knex, spansOf(minutes(168))), [closed]);
    assert.deepEqual(await left('C/KRW'), [
      { ...a, to: 10_080_000 },
      { ...a, from: 10_140_000 },
    ]);
    await closeGaps(knex, spansOf(minutes(167, 169)));
    assert.deepEqual([await left('C/KRW'), await left('D/KRW')], [[], [b]]);
    await knex('market_gaps').where({ symbol: 'D/KRW' }).delete();
  });

  it('are in doubt until it is known, or the term that was in doubt is over', async () => {
    const { knex } = database;
    const [a, b] = [gap(1_000, 1_100, 'A/KRW'), gap(1_000, 1_100, 'B/KRW')];
    await saveGaps(knex, { ...told([]), doubted: [a, b] }, 5);
    await saveGaps(knex, { ...told([]), doubted: [gap(900, 1_200, 'A/KRW')] }, 5);
    await saveGaps(knex, { ...told([]), settled: [b] }, 5);
    await saveGaps(knex, { ...told([]), settled: [a] }, 4);
    assert.deepEqual(await endDoubts(knex, 5), []);
    assert.deepEqual(await gapsSince(knex, 1_000, 10), []);
    assert.deepEqual(
      await endDoubts(knex, 6),
      [gap(900, 1_200, 'A/KRW')],
      'another term settles its own only',
    );
    assert.deepEqual(await endDoubts(knex, 6), []);
    assert.deepEqual(await gapsSince(knex, 1_000, 10), [gap(900, 1_200, 'A/KRW')]);
  });
});
