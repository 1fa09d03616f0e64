import assert from 'node:assert/strict';
import type { Answer, TestUser } from '../../support/app.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const TRADE = {
  externalId: 'upbit-1',
  exchange: 'upbit',
  symbol: 'BTC/KRW',
  side: 'buy',
  quantity: '0.5',
  price: '90000000',
  fee: { amount: '22500', currency: 'KRW' },
  time: '2026-03-02T09:00:00.000Z',
  orderId: 'order-1',
  type: 'limit',
  note: 'first',
  tags: ['bot', 'grid'],
};

interface Holding {
  asset: string;
  quantity: string;
  averagePrice: string;
}

eachApp('trades', (app) => {
  let user: TestUser;
  let path: string;
  let portfolio: string;
  const call = (method: string, where: string, body?: unknown): Promise<Answer> =>
    app().call(method, where, { as: user, body });
  const book = (body: unknown): Promise<Answer> => call('POST', path, body);
  const list = async (query = ''): Promise<Answer> => call('GET', `${path}${query}`);
  const ids = async (query = ''): Promise<string[]> =>
    (await list(query)).body.items.map(({ externalId }: { externalId: string }) => externalId);
  /** As it was answered when booked. */
  const stored = async (id: string): Promise<unknown> => {
    const { body } = await call('GET', `${path}/${id}`);
    const {
      value: _v,
      feeValue: _f,
      realizedPnl: _r,
      baseCurrency: _b,
      costMethod: _c,
      warnings: _w,
      ...trade
    } = body;
    return trade;
  };
  const version = async (): Promise<number> => (await call('GET', portfolio)).body.version;
  const holdings = async (): Promise<Record<string, Holding>> => {
    const { body } = await call('GET', `${portfolio}/holdings`);
    return Object.fromEntries(body.items.map((item: Holding) => [item.asset, item]));
  };

  before(async () => {
    user = await app().user();
  });
  beforeEach(async () => {
    const { body } = await app().call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    portfolio = `/v1/portfolios/${body.id}`;
    path = `${portfolio}/trades`;
  });

  it('are booked as sent, and read back the same', async () => {
    const { status, body } = await book(TRADE);
    assert.equal(status, 201);
    const { id, createdAt, updatedAt, ...rest } = body;
    assert.deepEqual(rest, { ...TRADE, rates: [] });
    assert.equal(createdAt, updatedAt);
    const listed = { ...body, value: '45000000', feeValue: '22500', realizedPnl: null };
    const context = { baseCurrency: 'KRW', costMethod: 'average', warnings: [] };
    assert.deepEqual((await call('GET', `${path}/${id}`)).body, { ...listed, ...context });
    const portfolioId = portfolio.split('/').at(-1);
    assert.deepEqual((await list()).body, { items: [listed], nextCursor: null, portfolioId, ...context });
  });

  it('need no more than symbol, side, quantity, price and time', async () => {
    const least = { symbol: 'BTC/KRW', side: 'sell', quantity: '1', price: '2', time: 1_772_442_000_123 };
    const { status, body } = await book(least);
    assert.equal(status, 201);
    const { id: _id, createdAt: _c, updatedAt: _u, ...rest } = body;
    assert.deepEqual(rest, {
      ...least,
      externalId: null,
      exchange: null,
      fee: null,
      time: '2026-03-02T09:00:00.123Z',
      orderId: null,
      type: null,
      note: null,
      tags: [],
      rates: [],
    });
  });

  it('sent again are answered with the booked one', async () => {
    const first = await book(TRADE);
    for (const same of [
      TRADE,
      { ...TRADE, quantity: '0.50', price: '90000000.000' },
      { ...TRADE, time: '2026-03-02T18:00:00+09:00' },
      { ...TRADE, time: Date.parse(TRADE.time) },
      { ...TRADE, fee: { amount: '22500.0', currency: 'KRW' } },
    ]) {
      const again = await book(same);
      assert.equal(again.status, 200, JSON.stringify(same));
      assert.deepEqual(again.body, first.body);
    }
    assert.equal(await version(), 1);
    assert.equal((await holdings())['BTC']?.quantity, '0.5');
  });

  it('sent again with another content are a conflict that names the field, and change nothing', async () => {
    const first = await book(TRADE);
    for (const change of [
      { quantity: '0.500000000000000001' },
      { price: '90000001' },
      { side: 'sell' },
      { symbol: 'BTC/USDT' },
      { time: '2026-03-02T09:00:00.001Z' },
      { fee: { amount: '22501', currency: 'KRW' } },
      { fee: { amount: '22500', currency: 'USDT' } },
      { fee: undefined },
      { note: 'second' },
      { orderId: 'order-2' },
      { type: 'market' },
      { tags: ['grid', 'bot'] },
    ]) {
      const other = await book({ ...TRADE, ...change });
      assertProblem(other, 409, 'trade-conflict', JSON.stringify(change));
      assertNames(other, ['/externalId']);
      assert.ok(other.body.detail.includes(first.body.id));
    }
    assert.deepEqual(await stored(first.body.id), first.body);
    assert.equal((await list()).body.items.length, 1);
    assert.equal(await version(), 1);
  });

  it('of another exchange or portfolio have ids of their own, and without id each is booked', async () => {
    const { externalId: _, ...anonymous } = TRADE;
    const other = await call('POST', '/v1/portfolios', { name: 'Q' });
    const statuses = [
      await book(TRADE),
      await book({ ...TRADE, exchange: 'bithumb' }),
      await book({ ...TRADE, exchange: undefined }),
      await book(anonymous),
      await book(anonymous),
      await call('POST', `/v1/portfolios/${other.body.id}/trades`, TRADE),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [201, 201, 201, 201, 201, 201]);
    assert.equal((await list()).body.items.length, 5);
    assert.equal((await holdings())['BTC']?.quantity, '2.5');
  });

  it('sent three times at once are one', async () => {
    const answers = await Promise.all([book(TRADE), book(TRADE), book(TRADE)]);
    assert.equal(
      answers
        .map(({ status }) => status)
        .sort()
        .join(),
      '200,200,201',
    );
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal((await list()).body.items.length, 1);
    assert.equal((await holdings())['BTC']?.quantity, '0.5');
    assert.equal(await version(), 1);
  });

  it('with one id and two contents at once are one, and one conflict', async () => {
    const answers = await Promise.all([book(TRADE), book({ ...TRADE, price: '80000000' })]);
    assert.equal(
      answers
        .map(({ status }) => status)
        .sort()
        .join(),
      '201,409',
    );
    assert.equal((await list()).body.items.length, 1);
  });

  it('in a batch are booked together, with an outcome for each in its place', async () => {
    await book(TRADE);
    const second = { ...TRADE, externalId: 'upbit-2', quantity: '0.25' };
    const { status, body } = await book({ items: [second, TRADE, second, { ...TRADE, externalId: 'u3' }] });
    assert.equal(status, 201);
    assert.deepEqual(
      body.items.map((item: { status: string; trade: { externalId: string } }) => [
        item.status,
        item.trade.externalId,
      ]),
      [
        ['booked', 'upbit-2'],
        ['duplicate', 'upbit-1'],
        ['duplicate', 'upbit-2'],
        ['booked', 'u3'],
      ],
    );
    assert.equal(body.items[0].trade.id, body.items[2].trade.id);
    assert.equal(body.version, await version());
    const again = await book({ items: [second, TRADE] });
    assert.equal(again.status, 200);
    assert.deepEqual(
      again.body.items.map((item: { status: string }) => item.status),
      ['duplicate', 'duplicate'],
    );
    assert.equal((await holdings())['BTC']?.quantity, '1.25');
  });

  it('in a batch with a conflict are not booked at all', async () => {
    await book(TRADE);
    const fresh = { ...TRADE, externalId: 'fresh' };
    const conflict = await book({ items: [fresh, { ...TRADE, price: '80000000' }] });
    assertProblem(conflict, 409, 'trade-conflict');
    assertNames(conflict, ['/items/1/externalId']);
    const within = await book({ items: [fresh, { ...fresh, price: '80000000' }] });
    assertProblem(within, 409, 'trade-conflict');
    assertNames(within, ['/items/1/externalId']);
    const wrong = await book({ items: [fresh, { ...fresh, externalId: 'b', quantity: '-1' }] });
    assertProblem(wrong, 400, 'invalid-request');
    assertNames(wrong, ['/items/1/quantity']);
    assert.deepEqual(await ids(), ['upbit-1']);
    assert.equal(await version(), 1);
  });

  it('are corrected, and every figure after them with it', async () => {
    const { body: first } = await book(TRADE);
    await book({ ...TRADE, externalId: 'upbit-2', price: '100000000', time: '2026-03-03T00:00:00Z' });
    assert.equal((await holdings())['BTC']?.averagePrice, '95000000');
    const changed = await call('PATCH', `${path}/${first.id}`, { price: '80000000', note: 'corrected' });
    assert.equal(changed.status, 200);
    assert.deepEqual(
      { ...changed.body, updatedAt: first.updatedAt },
      { ...first, price: '80000000', note: 'corrected' },
    );
    assert.equal((await holdings())['BTC']?.averagePrice, '90000000');
    assert.equal(await version(), 3);
    const moved = await call('PATCH', `${path}/${first.id}`, { time: '2026-03-04T00:00:00Z' });
    assert.equal(moved.body.time, '2026-03-04T00:00:00.000Z');
    assert.deepEqual(await ids('?order=asc'), ['upbit-2', 'upbit-1']);
    const again = await book(TRADE);
    assert.deepEqual(
      [again.status, again.body.id],
      [200, first.id],
      'the source may send the original again',
    );
  });

  it('lose a fee or a note by null', async () => {
    const { body } = await book(TRADE);
    const nothing = { fee: null, note: null, orderId: null, type: null };
    const changed = await call('PATCH', `${path}/${body.id}`, nothing);
    assert.equal(changed.status, 200);
    assert.deepEqual({ ...changed.body, ...nothing }, changed.body);
    const { body: pnl } = await call('GET', `${portfolio}/pnl`);
    assert.equal(pnl.fees, '0');
  });

  it('cannot be corrected into nonsense, nor in what identifies them', async () => {
    const { body } = await book(TRADE);
    for (const [change, status, slug, names] of [
      [{ quantity: '0' }, 400, 'invalid-request', ['/quantity']],
      [{ externalId: 'other' }, 400, 'invalid-request', ['/externalId']],
      [{ exchange: 'other' }, 400, 'invalid-request', ['/exchange']],
      [{ id: body.id }, 400, 'invalid-request', ['/id']],
      [{ price: null }, 400, 'invalid-request', ['/price']],
      [{ symbol: 'KRW/KRW' }, 422, 'unprocessable-entry', ['/symbol']],
      [{ quantity: '0.0000001' }, 422, 'unprocessable-entry', ['/fee/amount']],
      [{ time: '2999-01-01T00:00:00Z' }, 422, 'unprocessable-entry', ['/time']],
    ] as const) {
      const answer = await call('PATCH', `${path}/${body.id}`, change);
      assertProblem(answer, status, slug, JSON.stringify(change));
      assertNames(answer, names);
    }
    assert.deepEqual(await stored(body.id), body);
    assert.equal(await version(), 1);
  });

  it('are taken out, and every figure after them is restated', async () => {
    const { body: first } = await book(TRADE);
    await book({ ...TRADE, externalId: 'upbit-2', price: '100000000', time: '2026-03-03T00:00:00Z' });
    assert.equal((await call('DELETE', `${path}/${first.id}`)).status, 204);
    assert.equal((await holdings())['BTC']?.averagePrice, '100000000');
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const answer = await call(method, `${path}/${first.id}`, method === 'PATCH' ? {} : undefined);
      assertProblem(answer, 404, 'not-found', method);
    }
    const again = await book(TRADE);
    assert.equal(again.status, 201);
    assert.notEqual(again.body.id, first.id);
  });

  it('are not transfers: those are not found among them', async () => {
    const deposit = { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-03-01T00:00:00Z' };
    const { body } = await call('POST', `${portfolio}/transfers`, deposit);
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const answer = await call(method, `${path}/${body.id}`, method === 'PATCH' ? {} : undefined);
      assertProblem(answer, 404, 'not-found', method);
    }
    assert.deepEqual((await list()).body.items, []);
    assert.equal((await call('GET', `${portfolio}/transfers`)).body.items.length, 1);
  });

  describe('as a list', () => {
    // Ties on purpose: three of one instant on the border of pages.
    const items = Array.from({ length: 11 }, (_, index) => ({
      ...TRADE,
      externalId: `t${String(index).padStart(2, '0')}`,
      symbol: index % 4 === 0 ? 'ETH/KRW' : 'BTC/KRW',
      time: new Date(Date.UTC(2026, 2, 1 + (index >= 4 && index < 7 ? 4 : index))).toISOString(),
    }));
    const ascending = items.map(({ externalId }) => externalId);

    beforeEach(async () => {
      assert.equal((await book({ items })).status, 201);
    });

    it('come newest first, or oldest first', async () => {
      assert.deepEqual(await ids(), [...ascending].reverse());
      assert.deepEqual(await ids('?order=asc'), ascending);
    });

    it('come page by page, each once, also when something is booked meanwhile', async () => {
      for (const [order, late] of [
        ['asc', '2026-02-01T00:00:00Z'],
        ['desc', '2026-03-20T00:00:00Z'],
      ] as const) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const { body } = await list(
            `?limit=2&order=${order}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
          );
          assert.ok(body.items.length <= 2);
          seen.push(...body.items.map((item: { externalId: string }) => item.externalId));
          if (cursor === null) await book({ ...TRADE, externalId: `late-${order}`, time: late });
          cursor = body.nextCursor;
        } while (cursor !== null);
        const expected = order === 'asc' ? ascending : [...ascending].reverse();
        assert.deepEqual(
          seen.filter((id) => !id.startsWith('late')),
          expected,
        );
      }
    });

    it('are filtered by symbol and by time, from inclusive, to exclusive', async () => {
      assert.deepEqual(await ids('?symbol=ETH/KRW&order=asc'), ['t00', 't04', 't08']);
      assert.deepEqual(await ids('?from=2026-03-05T00:00:00Z&to=2026-03-09T00:00:00Z&order=asc'), [
        't04',
        't05',
        't06',
        't07',
      ]);
      const [from, to] = [Date.UTC(2026, 2, 8), Date.UTC(2026, 2, 8) + 1];
      assert.deepEqual(await ids(`?from=${from}&to=${to}`), ['t07']);
      assert.deepEqual(await ids('?from=2026-03-08T09:00:00%2B09:00&symbol=ETH/KRW'), ['t08']);
      assert.deepEqual(await ids(`?from=${to}&to=${to}`), []);
      const seoul = ['t07', 't08'];
      assert.deepEqual(
        await ids('?from=2026-03-08&to=2026-03-10&order=asc'),
        seoul,
        'dates of the portfolio',
      );
      const york = 'from=2026-03-08&to=2026-03-10&tz=America/New_York';
      assert.deepEqual(await ids(`?${york}&order=asc`), ['t08', 't09'], 'dates of another zone');
    });

    it('refuse what cannot be asked', async () => {
      for (const [query, parameter] of [
        ['symbol=BTCKRW', 'symbol'],
        ['from=yesterday', 'from'],
        ['to=99999999999999999999', 'to'],
        ['from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', 'from'],
        ['order=up', 'order'],
        ['limit=-1', 'limit'],
        ['sort=price', 'sort'],
        ['sort=value;drop table ledger_entries', 'sort'],
        ['count=yes', 'count'],
        ['side=hold', 'side'],
        ['type=Limit', 'type'],
        ['asset=B TC', 'asset'],
        ['asset=', 'asset'],
        ['symbols=BTC/KRW,x', 'symbols'],
        ['symbols=', 'symbols'],
        ['symbol=BTC/KRW&symbols=ETH/KRW', 'symbol'],
        ['exchange=', 'exchange'],
        ['tag=%00', 'tag'],
        ['orderId=%0A', 'orderId'],
        ['tz=Nowhere/City', 'tz'],
        ['from=2026-03-08T02:30:00&tz=America/New_York', 'from'],
        ['q=', 'q'],
        ['q=%20%20', 'q'],
        ['q=%00', 'q'],
        [`q=${'a '.repeat(100)}b`, 'q'],
        ['q=a b c d e f g h i j k', 'q'],
        [`q=${'a'.repeat(201)}`, 'q'],
        ['limit=1001', 'limit'],
        ['cursor=', 'cursor'],
        [`cursor=${'a'.repeat(1001)}`, 'cursor'],
        ['symbol=BTC/KRW&symbol=ETH/KRW', 'symbol'],
      ] as const) {
        const answer = await list(`?${query}`);
        assertProblem(answer, 400, 'invalid-request', query);
        assertNames(answer, [parameter], query);
      }
      const far = Buffer.from(
        JSON.stringify([-8.64e15, 'a', '00000000-0000-0000-0000-000000000000']),
      ).toString('base64url');
      for (const cursor of ['x', far, Buffer.from('{"a":1}').toString('base64url')]) {
        assertProblem(await list(`?cursor=${cursor}`), 400, 'invalid-cursor', cursor);
      }
    });
  });

  it('come in batches of 1,000 and no more', async () => {
    const items = Array.from({ length: 1_000 }, (_, index) => ({
      externalId: String(index),
      symbol: 'BTC/KRW',
      side: index % 2 === 0 ? 'buy' : 'sell',
      quantity: '2',
      price: '100',
      time: Date.UTC(2026, 0, 1) + index * 1000,
    }));
    const tooMany = await book({ items: [...items, { ...items[0], externalId: 'one more' }] });
    assertProblem(tooMany, 400, 'invalid-request');
    assertNames(tooMany, ['/items']);
    const { status, body } = await book({ items });
    assert.equal(status, 201);
    assert.deepEqual([body.items.length, body.version], [1_000, 1_000]);
    assert.equal((await holdings())['BTC'], undefined);
    const again = await book({ items });
    assert.equal(again.status, 200);
    assert.equal(again.body.version, 1_000);
    const bad = items.map((item) => ({ ...item, quantity: 1 }));
    const refused = await book({ items: bad });
    assertProblem(refused, 400, 'invalid-request');
    assert.equal(refused.body.errors.length, 20, 'the first errors tell enough');
  });
});
