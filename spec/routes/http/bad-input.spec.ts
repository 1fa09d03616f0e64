import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const TRADE = { symbol: 'BTC/KRW', side: 'buy', quantity: '1', price: '2', time: '2026-03-02T09:00:00Z' };
const TRANSFER = { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-03-01T00:00:00Z' };

/** No plain positive decimal string. */
const NO_AMOUNTS: unknown[] = [
  1,
  0.1,
  1e21,
  null,
  true,
  '',
  ' ',
  ' 1',
  '1 ',
  '+1',
  '-1',
  '0',
  '0.000',
  '-0',
  '1e3',
  '1e999',
  '1E-7',
  'NaN',
  'Infinity',
  '0x10',
  '1_000',
  '1,000',
  '1.',
  '.5',
  '1.2.3',
  '١٢',
  '１２',
  '1\u0000',
  '9'.repeat(21),
  '9'.repeat(40),
  `0.${'0'.repeat(18)}1`,
  '9'.repeat(100_000),
  ['1'],
  { value: '1' },
];

const NO_TIMES: unknown[] = [
  '',
  'now',
  '2026-03-02',
  '2026-03-02T09:00:00',
  '2026-03-02 09:00:00Z',
  '2026-02-30T09:00:00Z',
  '2026-13-01T09:00:00Z',
  '2026-03-02T25:00:00Z',
  '2026-03-02T09:00:00+25:00',
  '+010000-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '20260302T090000Z',
  '1772442000000',
  -1,
  1.5,
  1e300,
  null,
  {},
  [1_772_442_000_000],
];

describe('bad input', () => {
  let app: TestApp;
  let user: TestUser;
  let admin: TestUser;
  let trades: string;
  let transfers: string;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    app.call('POST', path, { as: path.includes('market') ? admin : user, body, headers });

  before(async () => {
    app = await startApp();
    user = await app.user();
    admin = await app.user('admin');
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    trades = `/v1/portfolios/${body.id}/trades`;
    transfers = `/v1/portfolios/${body.id}/transfers`;
  });

  after(() => app.close());

  // Whatever was sent: the process is alive, and nothing of it is in the ledger.
  afterEach(async () => {
    assert.equal((await app.call('GET', '/healthz')).status, 200);
    for (const path of [trades, transfers]) {
      const { status, body } = await app.call('GET', path, { as: user });
      assert.deepEqual([status, body.items, body.nextCursor], [200, [], null]);
    }
  });

  async function refused(path: string, body: unknown, names: string[]): Promise<void> {
    const what = JSON.stringify(body).slice(0, 200);
    const answer = await post(path, body);
    assertProblem(answer, 400, 'invalid-request', what);
    assertNames(answer, names, what);
    assert.ok(JSON.stringify(answer.body).length < 5_000, 'an answer does not grow with the request');
  }

  it('as a quantity or price is refused by name', async () => {
    for (const amount of NO_AMOUNTS) {
      await refused(trades, { ...TRADE, quantity: amount }, ['/quantity']);
      await refused(trades, { items: [TRADE, { ...TRADE, price: amount }] }, ['/items/1/price']);
      await refused(transfers, { ...TRANSFER, quantity: amount }, ['/quantity']);
      await refused('/v1/market/ticks', { symbol: 'BTC/KRW', price: amount }, ['/price']);
      // A free trade may say so.
      if (!['0', '0.000', '-0'].includes(String(amount))) {
        const fee = { amount, currency: 'KRW' };
        await refused(trades, { ...TRADE, fee }, ['/fee/amount']);
      }
    }
  });

  it('as a text that grows when its ligatures are spelled out is refused', async () => {
    // One letter of 18: a search would have to go through 18,000 for each of these notes.
    const note = '\ufdfa'.repeat(1_000);
    await refused(trades, { ...TRADE, note }, ['/note']);
    await refused(trades, { items: [TRADE, { ...TRADE, note }] }, ['/items/1/note']);
    await refused(transfers, { ...TRANSFER, tags: ['\ufdfa'.repeat(50)] }, ['/tags/0']);
    // What grows a little is fine.
    const { status, body } = await post(trades, { ...TRADE, note: '㎏ ½ ㈜ 한글'.repeat(90) });
    assert.equal(status, 201);
    assert.equal((await app.call('DELETE', `${trades}/${body.id}`, { as: user })).status, 204);
  });

  it('as a time is refused by name', async () => {
    for (const time of NO_TIMES) {
      await refused(trades, { ...TRADE, time }, ['/time']);
      await refused(transfers, { items: [{ ...TRANSFER, time }] }, ['/items/0/time']);
      await refused('/v1/market/ticks', { symbol: 'BTC/KRW', price: '1', time }, ['/time']);
    }
  });

  it('as a time to come is refused, beyond a day of clocks that differ', async () => {
    const time = Date.now() + 2 * 86_400_000;
    for (const [path, body, pointer] of [
      [trades, { ...TRADE, time }, '/time'],
      [trades, { items: [TRADE, { ...TRADE, time }] }, '/items/1/time'],
      [trades, { ...TRADE, time: '9999-12-31T23:59:59Z' }, '/time'],
      [trades, { ...TRADE, time: Date.UTC(9999, 11, 31) }, '/time'],
      [transfers, { ...TRANSFER, time }, '/time'],
    ] as const) {
      const answer = await post(path, body);
      assertProblem(answer, 422, 'unprocessable-entry');
      assertNames(answer, [pointer]);
    }
  });

  it('as a time before 2009 is refused, unless it is meant; epoch seconds are no such time', async () => {
    const time = '2001-09-09T01:46:40Z';
    for (const [path, body] of [
      [trades, { ...TRADE, time }],
      [transfers, { ...TRANSFER, time }],
    ] as const) {
      const answer = await post(path, body);
      assertProblem(answer, 422, 'unprocessable-entry');
      assertNames(answer, ['/time']);
      const meant = await post(path, { ...body, allowBefore2009: true });
      const seconds = await post(path, { ...body, time: 1_700_000_000 });
      assert.deepEqual(
        [meant.body.time, seconds.body.time],
        ['2001-09-09T01:46:40.000Z', '2023-11-14T22:13:20.000Z'],
      );
      await refused(path, { ...body, time: 1_000 }, ['/time']);
      for (const { id } of [meant.body, seconds.body]) {
        assert.equal((await app.call('DELETE', `${path}/${id}`, { as: user })).status, 204);
      }
    }
  });

  it('as a trade that no exchange can have reported is refused', async () => {
    for (const [change, pointer] of [
      [{ symbol: 'KRW/KRW' }, '/symbol'],
      [{ fee: { amount: '2.000000000000000001', currency: 'KRW' } }, '/fee/amount'],
      [{ fee: { amount: '1.000000000000000001', currency: 'BTC' } }, '/fee/amount'],
    ] as const) {
      const single = await post(trades, { ...TRADE, ...change });
      assertProblem(single, 422, 'unprocessable-entry', JSON.stringify(change));
      assertNames(single, [pointer]);
      const batch = await post(trades, { items: [TRADE, { ...TRADE, ...change }] });
      assertProblem(batch, 422, 'unprocessable-entry', JSON.stringify(change));
      assertNames(batch, [`/items/1${pointer}`]);
    }
  });

  it('as any other field of a trade is refused by name', async () => {
    const long = 'x'.repeat(1_001);
    const bad: [object, string[]][] = [
      [{ symbol: 'BTCKRW' }, ['/symbol']],
      [{ symbol: 'KRW-BTC' }, ['/symbol']],
      [{ symbol: 'BTC/KRW/X' }, ['/symbol']],
      [{ symbol: `${'A'.repeat(21)}/KRW` }, ['/symbol']],
      [{ symbol: 'BTC/KRW\n' }, ['/symbol']],
      [{ side: 'BUY' }, ['/side']],
      [{ side: null }, ['/side']],
      [{ externalId: '' }, ['/externalId']],
      [{ externalId: 17 }, ['/externalId']],
      [{ externalId: 'a\u0000b' }, ['/externalId']],
      [{ externalId: 'a\ud800' }, ['/externalId']],
      [{ externalId: long }, ['/externalId']],
      [{ exchange: '\u0007' }, ['/exchange']],
      [{ exchange: long }, ['/exchange']],
      [{ orderId: 'a\r\nb' }, ['/orderId']],
      [{ note: 'a\u007f' }, ['/note']],
      [{ note: '\udc00\ud800' }, ['/note']],
      [{ note: long }, ['/note']],
      [{ tags: 'bot' }, ['/tags']],
      [{ tags: ['ok', ''] }, ['/tags/1']],
      [{ tags: ['ok', 'a\ud83d'] }, ['/tags/1']],
      [{ tags: Array.from({ length: 21 }, () => 'a') }, ['/tags']],
      [{ fee: '1' }, ['/fee']],
      [{ fee: { amount: '1' } }, ['/fee/currency']],
      [{ fee: { amount: '1', currency: 'KRW', rate: '1' } }, ['/fee/rate']],
      [{ id: 'x' }, ['/id']],
      [{ 'a/b': 1, 'c~d': 2 }, ['/a~1b', '/c~0d']],
      [{ constructor: {} }, ['/constructor']],
      [{ toString: 'x' }, ['/toString']],
      [{ hasOwnProperty: 1 }, ['/hasOwnProperty']],
      [{ quantity: 1, price: 2 }, ['/quantity', '/price']],
    ];
    for (const [change, names] of bad) {
      await refused(trades, { ...TRADE, ...change }, names);
      await refused(
        trades,
        { items: [{ ...TRADE, ...change }] },
        names.map((name) => `/items/0${name}`),
      );
    }
    await refused(trades, {}, ['/symbol', '/side', '/quantity', '/price', '/time']);
    await refused(trades, { items: [] }, ['/items']);
    await refused(trades, { items: {} }, ['/items']);
    await refused(trades, { items: [null, 7] }, ['/items/0', '/items/1']);
    await refused(trades, { items: [TRADE], extra: 1 }, ['/extra']);
    await refused(trades, [], ['']);
    await refused(trades, [TRADE], ['']);
  });

  it('as a transfer is refused by name', async () => {
    for (const [change, names] of [
      [{ kind: 'gift' }, ['/kind']],
      [{ asset: 'BTC/KRW' }, ['/asset']],
      [{ unitCost: '-1' }, ['/unitCost']],
      [{ unitCost: 1 }, ['/unitCost']],
      [{ price: '1' }, ['/price']],
    ] as [object, string[]][]) {
      await refused(transfers, { ...TRANSFER, ...change }, names);
    }
    const answer = await post(transfers, { ...TRANSFER, unitCost: '1' });
    assertProblem(answer, 422, 'unprocessable-entry');
    assertNames(answer, ['/unitCost']);
  });

  it('as a login is refused by name, and never repeated', async () => {
    for (const [body, names] of [
      [{}, ['/email', '/password']],
      [{ email: 'a@b.c' }, ['/password']],
      [{ email: 'a\u0000@b.c', password: 'secret-1' }, ['/email']],
      [{ email: 'a\ud800@b.c', password: 'secret-1' }, ['/email']],
      [{ email: `${'a'.repeat(255)}@b.c`, password: 'secret-1' }, ['/email']],
      [{ email: ['a@b.c'], password: 'secret-1' }, ['/email']],
      [{ email: { $ne: null }, password: 'secret-1' }, ['/email']],
      [{ email: 'a@b.c', password: 'x'.repeat(201) }, ['/password']],
      [{ email: 'a@b.c', password: { secret: 1 } }, ['/password']],
      [{ email: 'a@b.c', password: 'secret-1', role: 'admin' }, ['/role']],
    ] as [unknown, string[]][]) {
      const answer = await app.call('POST', '/v1/auth/login', { body });
      assertProblem(answer, 400, 'invalid-request');
      assertNames(answer, names);
      assert.doesNotMatch(JSON.stringify(answer.body), /secret-1|xxx/);
    }
    const refresh = await app.call('POST', '/v1/auth/refresh', {
      body: { refreshToken: '\u0000'.repeat(43) },
    });
    assertProblem(refresh, 401, 'unauthorized');
  });

  it('that is no JSON is refused, and never repeated', async () => {
    for (const body of [
      '{',
      '{"symbol":}',
      '{"a":1}}',
      "{'a':1}",
      '"hunter2"',
      'hunter2',
      'null',
      '17',
      'true',
      '{"quantity":NaN}',
      '{"quantity":01}',
      '{"note":"a\nb"}',
      '{"a":1,}',
      '\u0000',
      '[[[[[[[[',
    ]) {
      const answer = await post(trades, body);
      assertProblem(answer, 400, 'malformed-json', body.slice(0, 50));
      assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/);
    }
  });

  it('with an empty id, or another spelling of a path, finds nothing', async () => {
    const portfolio = trades.replace(/\/trades$/, '');
    for (const path of [
      `${portfolio}/`,
      `${trades}/`,
      '/v1/portfolios/',
      '/V1/portfolios',
      `${portfolio}//trades`,
    ]) {
      for (const method of ['GET', 'DELETE']) {
        assertProblem(await app.call(method, path, { as: user }), 404, 'not-found');
      }
    }
    assert.equal((await app.call('GET', portfolio, { as: user })).status, 200);
  });

  it('that is nested deeply, or made of very many parts, is refused before it is parsed', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      for (const depth of [9, 100_000]) {
        const deep = `${open.repeat(depth)}1${close.repeat(depth)}`;
        for (const body of [deep, JSON.stringify({ ...TRADE, note: 0 }).replace(/0}$/, `${deep}}`)]) {
          const answer = await post(trades, body);
          assertProblem(answer, 400, 'invalid-request', open);
          assert.match(answer.body.detail, /^The body must not be nested more than 8 levels deep/);
        }
      }
    }
    // In a string they are only characters.
    const answer = await post(trades, { ...TRADE, note: '[{"'.repeat(50), quantity: 0 });
    assertNames(answer, ['/quantity']);
    for (const part of ['{}', '[]', '1', '"":1']) {
      const parts = Array.from({ length: 100_000 }, () => part).join();
      const body = part === '"":1' ? `{"items":[{${parts}}]}` : `{"items":[${parts}]}`;
      assertProblem(await post(trades, body), 413, 'payload-too-large', part);
    }
  });

  it('in a batch is refused by the first twenty fields, whatever the size of the batch', async () => {
    const answer = await post(trades, { items: Array.from({ length: 1_000 }, () => ({})) });
    assertProblem(answer, 400, 'invalid-request');
    assertNames(
      answer,
      [0, 1, 2, 3].flatMap((n) =>
        ['symbol', 'side', 'quantity', 'price', 'time'].map((name) => `/items/${n}/${name}`),
      ),
    );
    const many = await post(trades, { items: Array.from({ length: 1_001 }, () => ({})) });
    assertProblem(many, 400, 'invalid-request');
    assertNames(many, ['/items']);
  });

  it('with keys that poison a prototype is refused', async () => {
    for (const body of [
      `{"__proto__":{"quantity":"1"}}`,
      `{"items":[{"__proto__":null}]}`,
      `{"\\u005f_proto__":{"admin":true}}`,
      `{"constructor":{"prototype":{"admin":true}}}`,
    ]) {
      const answer = await post(trades, body);
      assert.equal(answer.status, 400, body);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    }
    assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  });

  it('that is no UTF-8 is refused', async () => {
    const [before, behind] = JSON.stringify({ ...TRADE, note: 'caf?' }).split('?');
    for (const bytes of [[0xe9], [0xff, 0xfe], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80]]) {
      const answer = await fetch(app.url + trades, {
        method: 'POST',
        headers: { authorization: user.authorization, 'content-type': 'application/json' },
        body: Buffer.concat([Buffer.from(before ?? ''), Buffer.from(bytes), Buffer.from(behind ?? '')]),
      });
      const body = (await answer.json()) as { type: string };
      assert.deepEqual([answer.status, body.type], [400, '/problems/malformed-json'], bytes.join());
    }
  });

  it('of another media type is refused', async () => {
    const body = JSON.stringify(TRADE);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x', '']) {
      const answer = await post(trades, body, { 'content-type': type });
      assertProblem(answer, 415, 'unsupported-media-type', type);
    }
    for (const [name, value] of [
      ['content-type', 'application/json; charset=nonsense'],
      ['content-encoding', 'nonsense'],
    ] as const) {
      assertProblem(await post(trades, body, { [name]: value }), 415, 'unsupported-media-type', value);
    }
  });

  it('that is compressed is refused, whatever is in it: a bomb does not go off', async () => {
    const good = JSON.stringify(TRADE);
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, ' '));
    assert.ok(bomb.length < 100_000);
    for (const [path, coding, body] of [
      [trades, 'gzip', gzipSync(good)],
      [trades, 'gzip', Buffer.from('{"not":"gzip"}')],
      [trades, 'gzip', bomb],
      [trades, 'br', brotliCompressSync(good)],
      [trades, 'br', Buffer.from([0xff, 0x00, 0x13])],
      [trades, 'deflate', deflateSync(good)],
      [trades, 'identity, gzip', gzipSync(good)],
      [trades, 'zstd', Buffer.from('x')],
      [`${trades}/import`, 'gzip', gzipSync('time,symbol')],
      ['/v1/auth/login', 'gzip', gzipSync('{}')],
      ['/v1/auth/login', 'br', Buffer.from('garbage')],
    ] as const) {
      const answer = await fetch(app.url + path, {
        method: 'POST',
        headers: {
          authorization: user.authorization,
          'content-type': path.endsWith('import') ? 'text/csv' : 'application/json',
          'content-encoding': coding,
        },
        body,
      });
      const problem = (await answer.json()) as { type: string; detail: string };
      assert.deepEqual([answer.status, problem.type], [415, '/problems/unsupported-media-type'], coding);
      assert.match(problem.detail, /Content-Encoding/);
      assert.equal(answer.headers.get('accept-encoding'), 'identity');
    }
    const plain = await post(trades, good, { 'content-encoding': 'Identity' });
    assert.equal(plain.status, 201);
    await app.call('DELETE', `${trades}/${plain.body.id}`, { as: user });
  });

  it('that is too large is refused: a batch may be larger than anything else', async () => {
    const large = JSON.stringify({ ...TRADE, note: 'x'.repeat(2 ** 20) });
    assertProblem(await post(trades, large), 413, 'payload-too-large');
    assertProblem(await post(trades, large.slice(100)), 400, 'malformed-json');
    const name = 'x'.repeat(16 * 1_024);
    assertProblem(await post('/v1/portfolios', { name }), 413, 'payload-too-large');
    assertNames(await post('/v1/portfolios', { name: name.slice(100) }), ['/name']);
    const password = 'x'.repeat(20_000);
    const login = await app.call('POST', '/v1/auth/login', { body: { email: 'a@b.c', password } });
    assertProblem(login, 413, 'payload-too-large');
    const chunked = await fetch(`${app.url}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([JSON.stringify({ email: 'a@b.c', password })]).stream(),
      duplex: 'half',
    } as RequestInit);
    assert.equal(chunked.status, 413);
    await chunked.text();
  });

  it('in the query of any endpoint is refused by name', async () => {
    const known: Record<string, string> = {
      openStream: 'channels=ticker:*&',
      openPnlStream: `portfolioId=${trades.split('/')[3]}&`,
    };
    for (const { id, method, path, tag, body, access } of ENDPOINTS) {
      if (tag === 'service' || body !== undefined) continue;
      const where = path.replace(':portfolioId', trades.split('/')[3] ?? '').replaceAll(/:\w+/g, user.id);
      for (const name of ['colour', 'constructor', '__proto__', 'a%00b', '%F0%9F%98%80']) {
        // Not a word of it may have been done: logout comes with the very session that the next call needs.
        const query = `?${known[id] ?? ''}${name}=1`;
        const as = access === 'admin' ? admin : user;
        const answer = await app.call(method.toUpperCase(), where + query, { as });
        assertProblem(answer, 400, 'invalid-request', `${method} ${path}${query}`);
        const named = answer.body.errors.map(({ parameter }: { parameter: string }) => parameter);
        assert.ok(named.includes(decodeURIComponent(name)), `${method} ${path}${query}: ${named.join()}`);
      }
    }
  });

  it('as channels of a stream is refused by name', async () => {
    for (const channels of [
      '',
      ',',
      'ticker',
      'ticker:',
      'ticker:BTC',
      'prices:BTC/KRW',
      'candle:BTC/KRW:7m',
      'pnl:*',
      'pnl:x',
      'pnl:%00',
      Array.from({ length: 501 }, (_, index) => `ticker:A${index}/KRW`).join(','),
      'x'.repeat(7_000),
    ]) {
      const answer = await app.call('GET', `/v1/streams?channels=${channels}`, { as: user });
      assertProblem(answer, 400, 'invalid-request', channels.slice(0, 60));
      assertNames(answer, ['channels']);
    }
    for (const [query, name] of [
      ['symbols=', 'symbols'],
      ['symbols=btc', 'symbols'],
      ['replay=some', 'replay'],
      ['symbols=BTC/KRW&symbols=ETH/KRW', 'symbols'],
    ] as const) {
      const answer = await app.call('GET', `/v1/streams/market?${query}`, { as: user });
      assertProblem(answer, 400, 'invalid-request', query);
      assertNames(answer, [name], query);
    }
    const accept = { accept: 'text/html' };
    const answer = await app.call('GET', '/v1/streams/market', { as: user, headers: accept });
    assertProblem(answer, 406, 'not-acceptable');
  });
});
