import assert from 'node:assert/strict';
import { upsertCandles } from '../../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../../db/connection/database.ts';
import { rateAt } from '../../../../db/ledger/rates/rates.ts';
import { decimal, fixed } from '../../../../lib/money/money.ts';
import { eachDatabase } from '../../../support/databases.ts';
import { NOON } from '../../../support/db/fixture.ts';

eachDatabase('the rate of an asset at a time', (open) => {
  let opened: OpenedDatabase;

  before(async () => {
    opened = await open();
    const candles = Object.entries({
      'BTC/KRW': '50000000',
      'USDT/KRW': '1400',
      'ADA/USDT': '0.5',
      'DOT/ADA': '3',
    }).map(([symbol, price]) => {
      const close = fixed(price);
      const prices = { open: close, high: close, low: close, close };
      const volumes = { volume: 0n, quoteVolume: 0n, trades: 1, simulated: false };
      return { symbol, time: NOON, closeTime: NOON + 30_000, ...prices, ...volumes };
    });
    await upsertCandles(opened.knex, candles, 'replace');
  });
  after(() => opened.close());

  async function rate(asset: string, base: string, time = NOON + 60_000): Promise<unknown> {
    const found = await rateAt(opened.knex, asset, { baseCurrency: base, simulated: false }, time);
    return found && [decimal(found.rate), ...found.path];
  }

  it('is one of the base currency itself, which takes no price', async () => {
    assert.deepEqual(await rate('KRW', 'KRW'), ['1']);
  });

  it('goes straight, the other way round, or through one asset', async () => {
    assert.deepEqual(await rate('BTC', 'KRW'), ['50000000', 'BTC/KRW']);
    assert.deepEqual(await rate('KRW', 'BTC'), ['0.00000002', 'BTC/KRW']);
    assert.deepEqual(await rate('ADA', 'KRW'), ['700', 'ADA/USDT', 'USDT/KRW']);
  });

  it('is unknown before the first price, and where it would take three symbols', async () => {
    assert.equal(await rate('BTC', 'KRW', NOON + 29_999), null);
    assert.deepEqual(await rate('BTC', 'KRW', NOON + 30_000), ['50000000', 'BTC/KRW']);
    assert.equal(await rate('DOT', 'KRW'), null);
    assert.equal(await rate('XYZ', 'KRW'), null);
  });

  it('carries the time of the oldest price it is made of', async () => {
    assert.equal(
      (await rateAt(opened.knex, 'ADA', { baseCurrency: 'KRW', simulated: false }, NOON + 60_000))?.time,
      NOON + 30_000,
    );
  });
});
