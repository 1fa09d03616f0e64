import assert from 'node:assert/strict';
import type { Operation } from '../../support/documented-limits.ts';
import { VERSION } from '../../../lib/process/package-info.ts';
import { openApiDocument } from '../../../openapi/document.ts';
import { API } from '../../../openapi/documents.ts';
import { MAX_CHANNELS } from '../../../streams/core/channel.ts';
import { MAX_LAST_EVENT_ID } from '../../../streams/core/cursor.ts';
import { MAX_MESSAGE_BYTES } from '../../../streams/transports/websocket-server.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { maximaOf } from '../../support/documented-limits.ts';
import type { Schema } from '../../support/json-schema.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { SocketClient } from '../../support/socket-client.ts';

const document = JSON.parse(JSON.stringify(openApiDocument(API, VERSION))) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

function operationOf(id: string): Operation {
  const found = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .find(({ operationId }) => operationId === id);
  assert.ok(found !== undefined, id);
  return found;
}

/** Items of a batch at most. */
function batchOf(id: string): number {
  const maxima = maximaOf(operationOf(id), document.components.schemas);
  const items = maxima.find(({ at, keyword }) => at === '/items' && keyword === 'maxItems');
  assert.ok(items !== undefined, id);
  return items.value;
}

const START = Date.parse('2026-03-02T00:00:00Z');
const numbered = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

/** With all that exchanges and traders usually write: some 900 bytes. */
function usualTrade(n: number): Record<string, unknown> {
  return {
    externalId: `upbit-${String(n).padStart(12, '0')}-0198c5a0-7b1c-7d3e-9f2a`,
    exchange: 'upbit',
    symbol: 'BTC/KRW',
    side: 'buy',
    quantity: '0.01512345',
    price: '89886000.5',
    fee: { amount: '674.14512345', currency: 'KRW' },
    time: START + n * 1_000,
    orderId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80',
    type: 'limit',
    note: '분할 매수 전략에 따른 정기 주문, 3차 중 2차',
    // As many as there may be unless the server says otherwise.
    tags: numbered(20, (each) => `전략 ${each}`),
  };
}

const BATCHES: Record<string, { path: string; item: (n: number) => Record<string, unknown> }> = {
  bookTrades: { path: 'trades', item: usualTrade },
  bookTransfers: {
    path: 'transfers',
    item: (n) => ({
      externalId: `bank-${n}-0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80`,
      kind: 'deposit',
      asset: 'KRW',
      quantity: '1000000.5',
      time: START + n * 1_000,
      note: '월급 입금',
      tags: ['급여'],
    }),
  },
  bookEntries: {
    path: 'entries',
    item: (n) => ({
      externalId: `stake-${n}-0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80`,
      kind: 'reward',
      subtype: 'staking',
      account: 'binance-earn',
      asset: 'KRW',
      quantity: '1000000.5',
      time: START + n * 1_000,
      note: '스테이킹 보상',
      tags: ['보상'],
    }),
  },
  pushTicks: {
    path: '/v1/market/ticks',
    item: (n) => ({ symbol: 'BTC/KRW', price: `${89_886_000 + n}.5`, quantity: '0.01512345', side: 'buy' }),
  },
  loadRates: {
    path: '/v1/market/rates',
    item: (n) => ({ symbol: 'USD/KRW', rate: `${1_400 + n}.12345678`, time: START + n * 60_000 }),
  },
  loadCandles: {
    path: '/v1/market/candles',
    item: (n) => {
      const price = `${89_886_000 + n}.12345678`;
      const prices = { open: price, high: price, low: price, close: price };
      return {
        symbol: 'BTC/KRW',
        interval: '1m',
        time: START + n * 60_000,
        ...prices,
        volume: '1.5',
        trades: 3,
      };
    },
  },
};

describe('what is documented as the most', function () {
  this.timeout(180_000);
  let app: TestApp;
  let admin: TestUser;
  let portfolio: string;

  before(async () => {
    app = await startApp({ env: { IMPORT_LIMIT_MB: '1', IMPORT_ROWS: '3906' } });
    admin = await app.user('admin');
  });
  beforeEach(async () => {
    const { body } = await app.call('POST', '/v1/portfolios', { as: admin, body: { name: 'Mine' } });
    portfolio = `/v1/portfolios/${body.id}`;
  });
  after(() => app.close());

  const pathOf = (path: string): string => (path.startsWith('/') ? path : `${portfolio}/${path}`);

  it('is tested here for every batch', () => {
    const batches = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .filter((each) => maximaOf(each, document.components.schemas).some(({ at }) => at === '/items'));
    assert.deepEqual(batches.map(({ operationId }) => operationId).sort(), Object.keys(BATCHES).sort());
  });

  for (const [id, { path, item }] of Object.entries(BATCHES)) {
    it(`is taken as one batch, of items as they usually are: ${id}`, async () => {
      const most = batchOf(id);
      const items = numbered(most, item);
      const taken = await app.call('POST', pathOf(path), { as: admin, body: { items } });
      assert.ok(taken.status < 300, JSON.stringify(taken.body).slice(0, 300));
      const more = await app.call('POST', pathOf(path), {
        as: admin,
        body: { items: [...items, item(most)] },
      });
      assertProblem(more, 400, 'invalid-request');
    });
  }

  it('is taken as one body, to the byte', async () => {
    const limit = app.services.config.BODY_LIMIT_KB * 1_024;
    const body = JSON.stringify({ items: [usualTrade(0)] });
    const post = (bytes: number) =>
      app.call('POST', pathOf('trades'), {
        as: admin,
        body: body.padEnd(bytes - Buffer.byteLength(body) + body.length),
      });
    assert.equal((await post(limit)).status, 201);
    assertProblem(await post(limit + 1), 413, 'payload-too-large');
  });

  it('comes as one page, and its cursor fits into a URL whatever the list is sorted by', async () => {
    const trades = numbered(1_010, (n) => ({
      ...usualTrade(n),
      fee: { amount: String(n), currency: 'KRW' },
    }));
    for (let from = 0; from < trades.length; from += 500) {
      const items = trades.slice(from, from + 500);
      const answer = await app.call('POST', pathOf('trades'), { as: admin, body: { items } });
      assert.equal(answer.status, 201, JSON.stringify(answer.body).slice(0, 300));
    }
    // As many digits as a figure can have.
    const most = '99999999999999999999.999999999999999999';
    for (const side of ['buy', 'sell']) {
      const body = { symbol: `${'B'.repeat(20)}/KRW`, side, quantity: '1', price: most, time: START };
      assert.equal((await app.call('POST', pathOf('trades'), { as: admin, body })).status, 201);
    }
    const list = (query: string) => app.call('GET', `${pathOf('trades')}?${query}`, { as: admin });
    assert.equal((await list('limit=1000')).body.items.length, 1_000);
    const { parameters = [] } = operationOf('listTrades');
    const sorts = parameters.find(({ name }) => name === 'sort')?.schema['enum'] as string[];
    const longest = (parameters.find(({ name }) => name === 'cursor')?.schema['maxLength'] ?? 0) as number;
    assert.ok(sorts.length >= 4 && longest > 0);
    for (const sort of sorts) {
      for (const order of ['asc', 'desc']) {
        const { body } = await list(`limit=1&sort=${sort}&order=${order}`);
        assert.ok(body.nextCursor.length <= longest, `${body.nextCursor.length}`);
        assert.equal(
          (await list(`limit=1&sort=${sort}&order=${order}&cursor=${body.nextCursor}`)).status,
          200,
        );
      }
    }
  });

  it('is asked for by name, all columns and fields at once', async () => {
    await app.call('POST', pathOf('trades'), { as: admin, body: usualTrade(0) });
    let asked = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const { name, description = '' } of methods['get']?.parameters ?? []) {
        if (name !== 'columns' && name !== 'fields') continue;
        const names =
          name === 'columns'
            ? [...description.matchAll(/`([^`]+)`/g)].map(([, column]) => column)
            : Object.keys((document.components.schemas['Holding']?.['properties'] ?? {}) as object);
        assert.ok(names.length > 4, path);
        const where = path.replace('/v1/portfolios/{portfolioId}', portfolio);
        const answer = await app.call('GET', `${where}?${name}=${encodeURIComponent(names.join(','))}`, {
          as: admin,
        });
        assert.equal(answer.status, 200, `${path} ${JSON.stringify(answer.body).slice(0, 300)}`);
        asked += 1;
      }
    }
    assert.ok(asked >= 5, `${asked}`);
  });

  it('is imported as one file: as many rows as are allowed fit into as many bytes as are allowed', async () => {
    // The defaults, 250,000 rows and 64 MiB, on a smaller scale.
    const { IMPORT_ROWS } = app.services.config;
    const batch = numbered(200, (n) => ({ ...usualTrade(n), tags: ['분할', '장기', 'DCA'] }));
    await app.call('POST', pathOf('trades'), { as: admin, body: { items: batch } });
    const { body: exported } = await app.call('GET', pathOf('trades.csv'), { as: admin });
    const [head = '', ...rows] = String(exported).trim().split('\n');
    const many = numbered(IMPORT_ROWS, (n) =>
      (rows[n % rows.length] ?? '').replace(/upbit-\d+/, `upbit-${n}`),
    );
    const send = (lines: readonly string[]) =>
      app.call('POST', `${pathOf('trades/import')}?dryRun=true`, {
        as: admin,
        body: [head, ...lines].join('\n'),
        headers: { 'content-type': 'text/csv' },
      });
    const taken = await send(many);
    assert.equal(taken.status, 200, JSON.stringify(taken.body).slice(0, 300));
    assert.equal(taken.body.accepted + taken.body.duplicates, IMPORT_ROWS);
    assertProblem(await send([...many, many[0] ?? '']), 413, 'payload-too-large');
  });

  it('is said in one message to a WebSocket', async () => {
    const socket = new SocketClient(`${app.url}/v1/ws`, { headers: { authorization: admin.authorization } });
    await socket.until(() => socket.of('welcome').length === 1);
    const channels = numbered(MAX_CHANNELS, (n) => `candle:${`A${n}`.padEnd(20, 'X')}/${'Y'.repeat(20)}:15m`);
    const ref = '가'.repeat(64);
    socket.send({ type: 'subscribe', channels, lastEventId: '가'.repeat(MAX_LAST_EVENT_ID), ref });
    await socket.until(() => socket.of('subscribed').length === 1);
    assert.equal(socket.of('subscribed')[0]?.data.channels.length, MAX_CHANNELS);
    // Names that are none are told so, also when they are as long as a name may be.
    socket.send({ type: 'subscribe', channels: numbered(MAX_CHANNELS, () => 'x'.repeat(100)), ref });
    socket.send(JSON.stringify({ type: 'ping', ref: 1 }).padEnd(MAX_MESSAGE_BYTES));
    await socket.until(() => socket.of('pong').length === 1);
    assert.equal(socket.of('error')[0]?.data.status, 400);
    socket.send(JSON.stringify({ type: 'ping', ref: 2 }).padEnd(MAX_MESSAGE_BYTES + 1));
    await socket.closed();
    assert.equal(socket.closeCode, 1009);
  });
});
