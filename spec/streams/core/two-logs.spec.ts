import assert from 'node:assert/strict';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';

describe('a stream over two logs', () => {
  let app: TestApp;
  let admin: TestUser;
  let reader: TestUser;
  let portfolioId: string;

  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
    reader = await app.user();
    const body = { name: 'Mine', cashMode: 'untracked' };
    portfolioId = (await app.call('POST', '/v1/portfolios', { as: reader, body })).body.id;
  });
  after(() => app.close());

  it('keeps its place in the second when it is cut while the first catches up', async () => {
    const path = `/v1/streams?channels=trade:BTC/KRW,fills:${portfolioId}`;
    const open = (lastEventId: string | null, bytes?: number): StreamClient =>
      new StreamClient(app.url + path, {
        headers: { authorization: reader.authorization },
        lastEventId,
        ...(bytes === undefined ? {} : { bytes }),
      });
    const first = open(null);
    await first.ready();
    const { lastEventId } = first;
    first.cut();
    const time = '2026-03-02T09:00:00.000Z';
    const fills = [1, 2, 3].map((n) => ({
      externalId: `fill-${n}`,
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '5',
      time,
    }));
    const booked = await app.call('POST', `/v1/portfolios/${portfolioId}/trades`, {
      as: reader,
      body: { items: fills },
    });
    assert.ok(booked.status < 300, JSON.stringify(booked.body));
    const items = Array.from({ length: 200 }, (_, index) => ({
      symbol: 'BTC/KRW',
      price: String(1 + index),
      quantity: '1',
      side: 'buy',
    }));
    await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });

    // The market log goes first: so many bytes hold some of its trades, and none of the fills.
    const cut = open(lastEventId, 5_000);
    await cut.closed();
    assert.ok(cut.of('trade').length > 0 && cut.of('trade').length < 200);
    assert.equal(cut.of('fill').length, 0);
    const again = open(cut.lastEventId);
    await again.ready();
    assert.deepEqual(
      again.of('fill').map(({ data }) => data.trade.externalId),
      ['fill-1', 'fill-2', 'fill-3'],
    );
    assert.equal(cut.of('trade').length + again.of('trade').length, 200);
    again.cut();
  });
});
