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
    await price('105');
    const current = await get('pnl');
    await stream.until(
      () => stream.of('pnl').at(-1)?.data.position === current['position'],
      'the same position',
    );
    assert.deepEqual(stream.of('pnl').at(-1)?.data, current);
    const { items, position } = await get('holdings');
    await stream.until(() => stream.of('holdings').at(-1)?.data.position === position, 'the same position');
    assert.deepEqual(stream.of('holdings').at(-1)?.data.items, items);
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
