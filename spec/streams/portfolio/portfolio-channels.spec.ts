import assert from 'node:assert/strict';
import { type TestApp, type TestUser, startApp } from '../../support/app.ts';
import { SocketClient } from '../../support/socket-client.ts';
import { StreamClient } from '../../support/stream-client.ts';

describe('the channels of a portfolio', () => {
  let app: TestApp;
  let admin: TestUser;
  let trader: TestUser;
  let portfolioId: string;

  before(async () => {
    app = await startApp({ env: { PNL_INTERVAL_MS: '20', HOLDINGS_INTERVAL_MS: '30' } });
    admin = await app.user('admin');
    trader = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: trader, body: { name: 'Main' } });
    portfolioId = body.id;
    await price('100');
  });
  after(() => app.close());

  async function price(value: string): Promise<void> {
    const answer = await app.call('POST', '/v1/market/ticks', {
      as: admin,
      body: { symbol: 'BTC/KRW', price: value },
    });
    assert.equal(answer.status, 200);
  }

  async function buy(quantity: string): Promise<void> {
    const body = { symbol: 'BTC/KRW', side: 'buy', quantity, price: '90', time: Date.now() };
    const answer = await app.call('POST', `/v1/portfolios/${portfolioId}/trades`, { as: trader, body });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }

  function open(channels: string, lastEventId: string | null = null): StreamClient {
    return new StreamClient(`${app.url}/v1/streams?channels=${channels}`, {
      headers: { authorization: trader.authorization },
      lastEventId,
    });
  }

  async function get(what: string): Promise<Record<string, unknown>> {
    return (await app.call('GET', `/v1/portfolios/${portfolioId}/${what}`, { as: trader })).body;
  }

  it('pnl and holdings have the digits of REST at the same position, over SSE and WebSocket', async () => {
    const channels = `pnl:${portfolioId},holdings:${portfolioId}`;
    const stream = open(channels);
    await stream.ready();
    const socket = new SocketClient(`${app.url}/v1/ws?channels=${channels}`, {
      headers: { authorization: trader.authorization },
    });
    await socket.ready();
    assert.equal(stream.of('pnl').length, 1);
    assert.deepEqual(stream.of('holdings')[0]?.data.items, []);
    await buy('2');
    // A candle moves the market's position too, but no figure: then another tick is needed to get in step.
    let tick = 0;
    const stop = app.services.market.onTick((_record, { offset }) => {
      tick = offset;
    });
    const last = (event: string): string => stream.of(event).at(-1)?.data.position ?? '';
    const isTold = (event: string): boolean => Number(last(event).split('.').at(-1)) >= tick;
    let current: Record<string, unknown>;
    let holdings: Record<string, unknown>;
    do {
      await price('105');
      [current, holdings] = [await get('pnl'), await get('holdings')];
      await stream.until(() => isTold('pnl') && isTold('holdings'), 'the tick');
    } while (new Set([last('pnl'), last('holdings'), current['position'], holdings['position']]).size > 1);
    stop();
    assert.deepEqual(stream.of('pnl').at(-1)?.data, current);
    assert.deepEqual(stream.of('holdings').at(-1)?.data.items, holdings['items']);
    const { position } = holdings;
    await socket.until(() => socket.of('pnl').at(-1)?.data.position === current['position']);
    assert.deepEqual(socket.of('pnl').at(-1)?.data, current);
    await socket.until(() => socket.of('holdings').at(-1)?.data.position === position);
    assert.deepEqual(socket.of('holdings').at(-1)?.data, stream.of('holdings').at(-1)?.data);
    stream.cut();
    socket.cut();
  });

  it('fills come once each, in order, over a cut', async () => {
    const first = open(`fills:${portfolioId}`);
    await first.ready();
    await buy('1');
    await first.until(() => first.of('fill').length === 1);
    first.cut();
    await buy('3');
    await buy('4');
    const second = open(`fills:${portfolioId}`, first.lastEventId);
    await second.until(() => second.of('fill').length === 2);
    assert.deepEqual(
      [...first.of('fill'), ...second.of('fill')].map(({ data }) => data.trade.quantity),
      ['1', '3', '4'],
    );
    assert.equal(second.of('reset').length, 0);
    second.cut();
  });

  it('ledger tells every change, once, in the order of versions, over a cut; fills only of trades', async () => {
    const { body: own } = await app.call('POST', '/v1/portfolios', { as: trader, body: { name: 'Own' } });
    const path = `/v1/portfolios/${own.id}`;
    const { body: started } = await app.call('GET', `${path}/pnl`, { as: trader });
    assert.equal(started.position.split('@')[0], '0');
    const call = async (method: string, rest: string, body?: unknown): Promise<Record<string, unknown>> => {
      const answer = await app.call(method, `${path}${rest}`, { as: trader, body });
      assert.ok(answer.status < 300, JSON.stringify(answer.body));
      return answer.body;
    };
    const channels = `ledger:${own.id},fills:${own.id},pnl:${own.id}`;
    const first = open(channels);
    await first.ready();
    const time = '2026-01-01T00:00:00.000Z';
    const deposit = { kind: 'deposit', asset: 'KRW', quantity: '1000', time };
    const { items } = (await call('POST', '/transfers', { items: [deposit, deposit] })) as {
      items: { transfer: { id: string } }[];
    };
    const [one, two] = items.map(({ transfer }) => transfer.id);
    const trade = await call('POST', '/trades', {
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '90',
      time,
    });
    await first.until(() => first.of('ledger').length === 3);
    first.cut();
    await call('PATCH', `/transfers/${one}`, { quantity: '500' });
    await call('DELETE', `/transfers/${two}`);
    await call('PATCH', `/trades/${String(trade['id'])}`, { note: 'why' });
    await call('PATCH', '', { name: 'Renamed', timeZone: 'UTC' });
    const second = open(channels, first.lastEventId);
    await second.until(() => second.of('ledger').length === 4);
    await second.until(
      () => second.of('pnl').at(-1)?.data.position.split('@')[0] === '7',
      'the last version',
    );
    await call('DELETE', '');
    await second.closed();
    const told = [...first.of('ledger'), ...second.of('ledger')].map(({ data }) => data);
    assert.deepEqual(
      told.map(({ version, subject, change }) => [version, subject, change]),
      [
        [2, 'transfer', 'booked'],
        [2, 'transfer', 'booked'],
        [3, 'trade', 'booked'],
        [4, 'transfer', 'changed'],
        [5, 'transfer', 'removed'],
        [6, 'trade', 'changed'],
        [7, 'portfolio', 'changed'],
        [8, 'portfolio', 'deleted'],
      ],
    );
    assert.deepEqual(told[3].transfer.quantity, '500');
    assert.deepEqual(told[4].transfer.id, two);
    assert.deepEqual([told[6].portfolio.name, told[6].portfolio.timeZone], ['Renamed', 'UTC']);
    assert.equal(told[7].portfolioId, own.id);
    assert.equal(second.of('notice').at(-1)?.data.code, 'access-lost');
    const fills = [...first.of('fill'), ...second.of('fill')].map(({ data }) => [data.version, data.change]);
    assert.deepEqual(fills, [
      [3, 'booked'],
      [6, 'changed'],
    ]);
  });

  it('market and portfolio share one id on one connection', async () => {
    const channels = `ticker:*,trade:BTC/KRW,pnl:${portfolioId},fills:${portfolioId}`;
    const first = open(channels);
    await first.ready();
    await price('110');
    await buy('5');
    await first.until(() => first.of('fill').length === 1 && first.of('ticker').length > 1);
    const id = first.lastEventId;
    first.cut();
    await price('111');
    await buy('6');
    const second = open(channels, id);
    await second.until(() => second.of('fill').length === 1 && second.of('ticker').length === 1);
    assert.equal(second.of('fill')[0]?.data.trade.quantity, '6');
    assert.equal(second.of('ticker')[0]?.data.price, '111');
    second.cut();
  });

  it("another user's portfolio is 404", async () => {
    const stranger = await app.user();
    const answer = await app.call('GET', `/v1/streams/pnl?portfolioId=${portfolioId}`, { as: stranger });
    assert.equal(answer.status, 404);
    assert.equal(answer.body.type, '/problems/not-found');
  });

  it('logging out ends the stream with a notice and a retry', async () => {
    const leaving = await app.user();
    const stream = new StreamClient(`${app.url}/v1/streams/market`, {
      headers: { authorization: leaving.authorization },
    });
    await stream.ready();
    await app.call('POST', '/v1/auth/logout', { as: leaving });
    await stream.closed();
    assert.equal(stream.of('notice')[0]?.data.code, 'revoked');
    assert.ok(stream.retry !== null);
  });
});
