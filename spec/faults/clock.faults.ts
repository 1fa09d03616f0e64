import assert from 'node:assert/strict';
import { systemClock } from '../../lib/clock.ts';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { StreamClient } from '../support/stream-client.ts';

const HOUR = 3_600_000;

describe('a clock that jumps', function () {
  this.timeout(60_000);
  let shift = 0;
  let app: TestApp;
  let user: TestUser;
  let admin: TestUser;
  let portfolioId: string;
  let stream: StreamClient;
  let price = 100;

  before(async () => {
    // As a machine whose time is set: the time of day jumps, timers and the monotonic clock do not.
    const clock = { ...systemClock, now: () => systemClock.now() + shift };
    app = await startApp({ clock, env: { ACCESS_TOKEN_TTL: '86400' } });
    [user, admin] = [await app.user(), await app.user('admin')];
    portfolioId = (await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'Mine' } })).body.id;
    await book('first');
    stream = new StreamClient(
      `${app.url}/v1/streams?channels=ticker:BTC/KRW,pnl:${portfolioId},fills:${portfolioId}`,
      { headers: { authorization: user.authorization } },
    );
    await stream.ready();
  });
  after(async () => {
    stream?.cut();
    await app?.close();
  });

  async function book(externalId: string): Promise<number> {
    const body = {
      externalId,
      exchange: 'bot',
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '100',
      time: '2026-03-02T09:00:00Z',
    };
    return (await app.call('POST', `/v1/portfolios/${portfolioId}/trades`, { as: user, body })).status;
  }

  for (const [name, by] of [
    ['an hour forward', HOUR],
    ['over midnight', 20 * HOUR],
    ['half a minute back', -30_000],
  ] as const) {
    it(`${name}: ticks, PnL and fills go on, and the figures are those of REST`, async () => {
      shift += by;
      price += 1;
      const body = { symbol: 'BTC/KRW', price: String(price) };
      assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body })).status, 200);
      await stream.until(
        () => stream.of('ticker').some(({ data }) => data.price === String(price)),
        'the tick',
      );
      assert.equal(await book(name), 201);
      assert.equal(await book(name), 200);
      await stream.until(
        () => stream.of('fill').some(({ data }) => data.trade.externalId === name),
        'the fill',
      );
      const rest = await app.call('GET', `/v1/portfolios/${portfolioId}/pnl`, { as: user });
      assert.equal(rest.status, 200);
      await stream.until(
        () => stream.of('pnl').some(({ data }) => data.equity === rest.body.equity),
        'the same PnL',
      );
      assert.equal(stream.of('reset').length, 0);
      assert.equal(stream.isClosed, false);
    });
  }
});
