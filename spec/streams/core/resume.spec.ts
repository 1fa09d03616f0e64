import assert from 'node:assert/strict';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';

function tick(index: number, symbol = 'BTC/KRW'): object {
  return { symbol, price: String(1_000_000 + index), quantity: '0.01', side: 'buy' };
}

describe('resume on one node with the memory broker', () => {
  let app: TestApp;
  let admin: TestUser;
  let reader: TestUser;

  before(async () => {
    app = await startApp();
    admin = await app.user('admin');
    reader = await app.user();
  });
  after(() => app.close());

  async function push(from: number, count: number): Promise<void> {
    const items = Array.from({ length: count }, (_, index) => tick(from + index));
    const answer = await app.call('POST', '/v1/market/ticks', { as: admin, body: { items } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  function open(path: string, lastEventId: string | null = null, bytes?: number): StreamClient {
    return new StreamClient(app.url + path, {
      headers: { authorization: reader.authorization },
      lastEventId,
      ...(bytes === undefined ? {} : { bytes }),
    });
  }

  it('sends the state on connect, then ready with an id, then events in order', async () => {
    await push(0, 1);
    const client = open('/v1/streams/market?symbols=BTC/KRW');
    await client.ready();
    assert.equal(client.events[0]?.event, 'ticker');
    assert.equal(client.events[0]?.data.price, '1000000');
    assert.match(client.of('ready')[0]?.id ?? '', /^[A-Za-z0-9._~-]{1,128}$/);
    await push(1, 3);
    await client.until(() => client.of('trade').length === 3);
    assert.deepEqual(
      client.of('trade').map(({ data }) => data.price),
      ['1000001', '1000002', '1000003'],
    );
    client.cut();
  });

  it('after a cut, the last id brings every event since, none twice, then live ones', async () => {
    const path = '/v1/streams?channels=trade:BTC/KRW';
    const first = open(path);
    await first.ready();
    await push(100, 5);
    await first.until(() => first.of('trade').length === 5);
    first.cut();
    await push(105, 5);
    const second = open(path, first.lastEventId);
    await second.ready();
    await push(110, 5);
    await second.until(() => second.of('trade').length === 10);
    assert.deepEqual(
      [...first.of('trade'), ...second.of('trade')].map(({ data }) => data.price),
      Array.from({ length: 15 }, (_, index) => String(1_000_100 + index)),
    );
    assert.equal(second.of('reset').length, 0);
    second.cut();
  });

  it('whatever the byte at which the connection is cut', async () => {
    const path = '/v1/streams?channels=trade:BTC/KRW,ticker:BTC/KRW';
    const start = open(path);
    await start.ready();
    const origin = start.lastEventId;
    start.cut();
    await push(1_000, 60);
    const whole = open(path, origin);
    await whole.ready();
    const expected = whole.events
      .filter(({ event }) => event !== 'ready')
      .map(({ event, data }) => `${event} ${data.price}`);
    assert.equal(expected.length, 120);
    const length = whole.body.length;
    whole.cut();
    for (let round = 0; round < 150; round += 1) {
      const seen: string[] = [];
      let id = origin;
      for (let part = 0; seen.length < expected.length; part += 1) {
        assert.ok(part < 200, 'no progress');
        const client = open(path, id, part < 3 ? 1 + ((round * 7919 + part * 104_729) % length) : undefined);
        await Promise.race([
          client.closed(),
          client.until(() => client.of('ready').length > 0).catch(() => undefined),
        ]);
        seen.push(
          ...client.events
            .filter(({ event }) => event === 'trade' || event === 'ticker')
            .map(({ event, data }) => `${event} ${data.price}`),
        );
        id = client.lastEventId;
        client.cut();
      }
      assert.deepEqual(seen, expected);
    }
  });

  for (const [what, id] of [
    ['garbled', 'not one of ours'],
    ['from another epoch', 'AAAA.5Na000001'],
  ] as const) {
    it(`resets and sends the current state on an id that is ${what}`, async () => {
      const client = open('/v1/streams?channels=ticker:BTC/KRW', id);
      await client.ready();
      assert.equal(client.status, 200);
      assert.equal(client.events[0]?.event, 'reset');
      assert.deepEqual(client.events[0]?.data.channels, ['ticker:BTC/KRW']);
      assert.equal(client.events[1]?.event, 'ticker');
      client.cut();
    });
  }
});
