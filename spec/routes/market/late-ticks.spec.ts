import assert from 'node:assert/strict';
import { StreamClient } from '../../support/stream-client.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';

describe('ticks that are not of now', () => {
  let app: TestApp;
  let admin: TestUser;
  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
  });
  after(() => app.close());

  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const push = async (...items: object[]): Promise<unknown> => {
    const { status, body } = await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    return status === 200 ? 200 : body.errors;
  };

  it('show in the ticker at once when they are late, to whoever asks and whoever listens', async () => {
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:LATE/KRW,trade:LATE/KRW`, {
      headers: { authorization: admin.authorization },
    });
    await stream.ready();
    const time = at(-1_000);
    await push({ symbol: 'LATE/KRW', price: '100', quantity: '1', time });
    await push({ symbol: 'LATE/KRW', price: '90', quantity: '2', time: at(-60_000) });
    const figures = { price: '100', high: '100', low: '90', volume: '3', quoteVolume: '280', time };
    await stream.until(
      () => stream.of('ticker').at(-1)?.data.volume === '3' && stream.of('trade').length === 2,
    );
    const { body } = await app.call('GET', '/v1/market/tickers?symbols=LATE/KRW', { as: admin });
    for (const ticker of [stream.of('ticker').at(-1)?.data, body.items[0]]) {
      const { price, high, low, volume, quoteVolume } = ticker;
      assert.deepEqual({ price, high, low, volume, quoteVolume, time: ticker.time }, figures);
    }
    stream.cut();
  });

  it('are refused by name when they are further ahead than clocks may differ, and nothing of the batch is taken', async () => {
    const tick = (symbol: string, ms: number): object => ({ symbol, price: '7', time: at(ms) });
    const detail = (name: string): string => `\`${name}\` is more than 10 seconds in the future.`;
    assert.deepEqual(await push(tick('AHEAD/KRW', 0), tick('AHEAD/KRW', 30_000)), [
      { pointer: '/items/1/time', detail: detail('items/1/time') },
    ]);
    const body = tick('AHEAD/KRW', 30_000);
    const alone = await app.call('POST', '/v1/market/ticks', { as: admin, body });
    assert.deepEqual(
      [alone.status, alone.body.errors],
      [400, [{ pointer: '/time', detail: detail('time') }]],
    );
    const { body: none } = await app.call('GET', '/v1/market/tickers?symbols=AHEAD/KRW', { as: admin });
    assert.deepEqual(none.items, []);
    assert.equal(await push(tick('AHEAD/KRW', 5_000)), 200);
  });
});
