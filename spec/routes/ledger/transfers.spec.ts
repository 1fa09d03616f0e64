import assert from 'node:assert/strict';
import { StreamClient } from '../../support/stream-client.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const ID = '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80';

eachApp('transfers', (app) => {
  const { user, call, get, post, portfolio, closes } = bookkeeper(app);
  const deposit = (more: object = {}): object => ({
    externalId: 'bank-1',
    exchange: 'bank',
    kind: 'deposit',
    asset: 'KRW',
    quantity: '1000',
    time: '2026-03-01T00:00:00Z',
    note: 'first',
    tags: ['a'],
    ...more,
  });

  it('are shown one by one as they were booked', async () => {
    const path = await portfolio();
    const booked = await post(`${path}/transfers`, deposit());
    assert.deepEqual(await get(`${path}/transfers/${booked.id}`), booked);
  });

  it('are corrected field by field, and what rests on them is restated', async () => {
    const path = await portfolio();
    const booked = await post(`${path}/transfers`, deposit());
    const { status, body } = await call('PATCH', `${path}/transfers/${booked.id}`, {
      quantity: '1500.50',
      time: '2026-03-02T00:00:00Z',
      note: null,
    });
    assert.equal(status, 200);
    assert.deepEqual(
      { ...body, updatedAt: 0 },
      { ...booked, quantity: '1500.5', time: '2026-03-02T00:00:00.000Z', note: null, updatedAt: 0 },
    );
    assert.deepEqual(await get(`${path}/transfers/${booked.id}`), body);
    const pnl = await get(`${path}/pnl`);
    assert.deepEqual([pnl.cash, pnl.netContributions, pnl.totalPnl], ['1500.5', '1500.5', '0']);
    const { body: empty } = await call('PATCH', `${path}/transfers/${booked.id}`, {});
    assert.deepEqual({ ...empty, updatedAt: 0 }, { ...body, updatedAt: 0 });
    const again = await call('POST', `${path}/transfers`, deposit());
    assert.deepEqual([again.status, again.body], [200, empty], 'the original sent again is the same entry');
  });

  it('are taken out, and what rested on them is restated and told', async () => {
    const path = await portfolio();
    const { id } = await post(`${path}/transfers`, deposit());
    await post(`${path}/transfers`, deposit({ externalId: 'bank-2', quantity: '7' }));
    const stream = new StreamClient(
      `${app().url}/v1/streams/pnl?portfolioId=${path.split('/').at(-1) ?? ''}`,
      { headers: { authorization: user().authorization } },
    );
    await stream.ready();
    assert.equal((await call('DELETE', `${path}/transfers/${id}`)).status, 204);
    await stream.until(() => stream.of('pnl').at(-1)?.data.equity === '7', 'the removal');
    stream.cut();
    assertProblem(await call('GET', `${path}/transfers/${id}`), 404, 'not-found');
    assertProblem(await call('DELETE', `${path}/transfers/${id}`), 404, 'not-found');
    assertProblem(await call('PATCH', `${path}/transfers/${id}`, { note: 'x' }), 404, 'not-found');
    assert.equal((await get(`${path}/transfers`)).items.length, 1);
  });

  it('of a coin take their price from the market unless it is given', async () => {
    const path = await portfolio();
    await closes({ 'GIFT/KRW': { '2026-03-01': '100', '2026-03-05': '300' } });
    const coin = { asset: 'GIFT', quantity: '2', time: '2026-03-02T00:00:00Z' };
    const { id } = await post(`${path}/transfers`, deposit(coin));
    const where = `${path}/transfers/${id}`;
    const cost = async (change: object): Promise<string> => {
      const { status, body } = await call('PATCH', where, change);
      assert.equal(status, 200, JSON.stringify(body));
      return (await get(`${path}/pnl`)).costBasis;
    };
    assert.equal(await cost({}), '200');
    assert.equal(await cost({ unitCost: '40' }), '80');
    assert.equal(await cost({ note: 'still' }), '80');
    assert.equal(await cost({ unitCost: null }), '200');
    assert.equal(await cost({ time: '2026-03-06T00:00:00Z' }), '600');
    // Candles are not kept for ever.
    await app().services.db('candles').where({ symbol: 'GIFT/KRW' }).delete();
    assert.equal(await cost({ note: 'the price is kept' }), '600');
    assert.equal(await cost({ quantity: '3' }), '900');
    assert.equal(await cost({ time: '2026-03-07T00:00:00Z' }), null, 'no price is made up for another time');
  });

  it('and trades do not show each other', async () => {
    const path = await portfolio();
    const trade = await post(`${path}/trades`, {
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '2',
      time: '2026-03-02T00:00:00Z',
    });
    const transfer = await post(`${path}/transfers`, deposit());
    for (const [method, body] of [['GET'], ['PATCH', { note: 'x' }], ['DELETE']] as [string, unknown?][]) {
      assertProblem(await call(method, `${path}/transfers/${trade.id}`, body), 404, 'not-found', method);
      assertProblem(await call(method, `${path}/trades/${transfer.id}`, body), 404, 'not-found', method);
      assertProblem(await call(method, `${path}/transfers/${ID}`, body), 404, 'not-found', method);
      assertProblem(await call(method, `${path}/transfers/x`, body), 404, 'not-found', method);
    }
    assert.deepEqual(await get(`${path}/transfers/${transfer.id}`), transfer);
    const shown = await get(`${path}/trades/${trade.id}`);
    assert.deepEqual({ ...shown, ...trade }, shown);
  });

  it('of other users are not there', async () => {
    const path = await portfolio();
    const { id } = await post(`${path}/transfers`, deposit());
    const stranger = await app().user();
    for (const [method, body] of [['GET'], ['PATCH', { note: 'x' }], ['DELETE']] as [string, unknown?][]) {
      const answer = await app().call(method, `${path}/transfers/${id}`, { as: stranger, body });
      assertProblem(answer, 404, 'not-found', method);
    }
  });

  it('are not corrected to what they cannot be', async () => {
    const path = await portfolio();
    const { id } = await post(`${path}/transfers`, deposit());
    const before = await get(`${path}/transfers/${id}`);
    for (const [change, status, names] of [
      [{ kind: 'income' }, 400, ['/kind']],
      [{ externalId: 'x' }, 400, ['/externalId']],
      [{ quantity: '0' }, 400, ['/quantity']],
      [{ quantity: '-1' }, 400, ['/quantity']],
      [{ quantity: '9'.repeat(40) }, 400, ['/quantity']],
      [{ asset: null }, 400, ['/asset']],
      [{ time: '2026-03-02' }, 400, ['/time']],
      [{ unitCost: '1' }, 422, ['/unitCost']],
      [{ time: '9999-01-01T00:00:00Z' }, 422, ['/time']],
      [{ colour: 'red' }, 400, ['/colour']],
    ] as [object, number, string[]][]) {
      const answer = await call('PATCH', `${path}/transfers/${id}`, change);
      const what = JSON.stringify(change).slice(0, 80);
      assertProblem(answer, status, status === 400 ? 'invalid-request' : 'unprocessable-entry', what);
      assertNames(answer, names, what);
    }
    assert.deepEqual(await get(`${path}/transfers/${id}`), before);
  });
});
