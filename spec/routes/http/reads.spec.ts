import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { entityTag } from '../../../routes/http/conditional.ts';
import type { Endpoint } from '../../../routes/http/endpoint.ts';
import { ENDPOINTS } from '../../../routes/endpoints.ts';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { UpbitAccounts } from '../../support/upbit-accounts.ts';

const HOUR = 3_600_000;
/** Of each connection and each moment, not of what is answered. */
const NOT_COMPARED = [
  'date',
  'x-request-id',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'ratelimit',
  'ratelimit-policy',
  'traceresponse',
];
const READS = ENDPOINTS.filter(({ method }) => method === 'get');
const isTagged = ({ produces = 'json', id }: Endpoint): boolean =>
  ['json', 'csv'].includes(produces) && id !== 'openWebSocket';
/** They tell of seconds and measurements: other ones at each look. */
const MOVING = ['health', 'ready', 'metrics', 'listStreamSessions', 'listRateLimits'];
/** Their tag is the ledger's version: it is another one also when the ledger has moved elsewhere. */
const OF_THE_LEDGER = [
  'exportEntries',
  'listHoldings',
  'getAllocation',
  'listLots',
  'listTrades',
  'getTradeStats',
  'listTagStats',
  'exportTrades',
  'exportHoldings',
];
const AT_ONCE = 'another time zone in the same millisecond';
/** What an answer says of the moment it was made, and of nothing else. */
const MOMENTARY = ['cursor'];

interface RawResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

describe('reads', () => {
  let app: TestApp;
  let upbit: UpbitAccounts;
  let admin: TestUser;
  let friend: TestUser;
  const start = Date.now();
  let shift = 0;
  /** Where the clock stands still: a minute that ends closes candles, and "nothing" would be something. */
  let stopped: number | undefined;
  let portfolioId: string;
  let params: Record<string, string>;

  const QUERIES: Record<string, () => string> = {
    openStream: () => `?channels=ticker:*,pnl:${portfolioId}`,
    openPnlStream: () => `?portfolioId=${portfolioId}`,
    listCandles: () => '?symbol=BTC/KRW&interval=1m',
    listPnlPeriods: () => '?interval=month',
    listFigureEntries: () => '?figure=fees',
    // What goes on to this moment is another one in the next.
    getPerformance: () => `?from=${start - 50 * HOUR}&to=${start - HOUR}`,
    getSeries: () => `?interval=hour&from=${start - 50 * HOUR}&to=${start - HOUR}`,
    exportSeries: () => `?interval=hour&from=${start - 50 * HOUR}&to=${start - HOUR}`,
    exportPnlPeriods: () => '?interval=month',
    getRate: () => `?asset=BTC&currency=KRW&time=${start - HOUR}`,
    listUsers: () => '?limit=5',
    listAudit: () => '?limit=3',
  };

  function urlOf(endpoint: Endpoint): string {
    const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? assert.fail(name));
    return path + (QUERIES[endpoint.id]?.() ?? '');
  }

  async function post(path: string, body: unknown, method = 'POST'): Promise<Answer> {
    const answer = await app.call(method, path, { as: admin, body });
    assert.ok(answer.status < 300, `${path} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** As it comes over the wire: `fetch` decompresses. */
  function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      const sent = request(app.url + path, {
        method,
        agent: false,
        headers: { authorization: admin.authorization, ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const { statusCode = 0, headers: got } = response;
        const chunks: Buffer[] = [];
        const done = (): void => resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks) });
        // A stream does not end: its head is all that is wanted.
        if (method !== 'HEAD' && /event-stream|ndjson/.test(got['content-type'] ?? '')) {
          done();
          sent.destroy();
          return;
        }
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', done);
        response.on('error', reject);
      });
      sent.end();
    });
  }

  const ask = (endpoint: Endpoint, tag?: string, as = admin): Promise<Answer> =>
    app.call('GET', urlOf(endpoint), {
      as,
      ...(tag === undefined ? {} : { headers: { 'if-none-match': tag } }),
    });

  /** Ticks reach the database a little later: what does not fit together while they do is looked at again. */
  async function atRest(check: () => Promise<void>): Promise<void> {
    for (let attempt = 1; attempt < 5; attempt += 1) {
      try {
        return await check();
      } catch (error) {
        if (!(error instanceof assert.AssertionError)) throw error;
      }
    }
    await check();
  }

  /** What the tag stands for. */
  function substance({ untagged = [] }: Endpoint, body: Record<string, unknown> | string): string {
    if (typeof body === 'string') return body;
    const without = [...untagged, ...MOMENTARY].map((name) => [name, undefined]);
    return JSON.stringify({ ...body, ...Object.fromEntries(without) });
  }

  before(async () => {
    const clock = {
      now: () => (stopped ?? Date.now()) + shift,
      monotonic: () => performance.now(),
      after(ms: number, task: () => void) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
      every(ms: number, task: () => void) {
        const timer = setInterval(task, ms);
        return () => clearInterval(timer);
      },
    };
    stopped = Date.now();
    upbit = await new UpbitAccounts().start();
    app = await startApp({ clock, env: upbit.env });
    admin = await app.user('admin');
    friend = await app.user();
    portfolioId = (await post('/v1/portfolios', { name: 'Mine', timeZone: 'UTC' })).body.id;
    const path = `/v1/portfolios/${portfolioId}`;
    const time = new Date(Date.now() - 48 * HOUR).toISOString();
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '1000000', time });
    const items = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOT'].map((asset, index) => ({
      symbol: `${asset}/KRW`,
      side: 'buy',
      quantity: `${index + 1}.5`,
      price: '100.25',
      time,
    }));
    await post(`${path}/trades`, { items });
    await post('/v1/market/ticks', {
      items: items.map(({ symbol }) => ({ symbol, price: '110', quantity: '1' })),
    });
    const [trade] = (await app.call('GET', `${path}/trades`, { as: admin })).body.items;
    const [transfer] = (await app.call('GET', `${path}/transfers`, { as: admin })).body.items;
    const account = await post(`${path}/accounts`, upbit.input);
    // What is read of it would change its answers.
    await post(`${path}/accounts/${account.body.id}`, { paused: true }, 'PATCH');
    params = {
      portfolioId,
      accountId: account.body.id,
      tradeId: trade.id,
      transferId: transfer.id,
      entryId: trade.id,
      userId: admin.id,
      slug: 'not-found',
    };
  });
  after(async () => {
    await app.close();
    await upbit.stop();
  });

  it('answer HEAD with the headers of GET and without a body, streams too', async () => {
    for (const encoding of ['identity', 'br']) {
      for (const endpoint of READS) {
        const at = `${endpoint.id} ${encoding}`;
        const headers = { 'accept-encoding': encoding };
        const compared = ({ headers: all }: RawResponse): unknown => {
          const rest = Object.entries(all).filter(([name]) => !NOT_COMPARED.includes(name));
          const isLength = (name: string): boolean => name === 'content-length' || name === 'etag';
          return rest.filter(([name]) => !MOVING.includes(endpoint.id) || !isLength(name)).sort();
        };
        await atRest(async () => {
          const get = await raw('GET', urlOf(endpoint), headers);
          const head = await raw('HEAD', urlOf(endpoint), headers);
          assert.equal(get.status, endpoint.id === 'openWebSocket' ? 426 : 200, at);
          assert.deepEqual([head.status, head.body.length], [get.status, 0], at);
          if (endpoint.id !== 'openWebSocket') assert.deepEqual(compared(head), compared(get), at);
        });
      }
    }
    assert.deepEqual(app.services.hub.streams(), [], 'no HEAD has left a stream open');
  });

  it('say by OPTIONS what they take, without a credential', async () => {
    for (const endpoint of READS) {
      const answer = await app.call('OPTIONS', urlOf(endpoint));
      assert.equal(answer.status, 204, endpoint.id);
      assert.match(
        answer.headers.get('allow') ?? '',
        /\bGET, HEAD, OPTIONS\b|\bGET, HEAD,.*OPTIONS/,
        endpoint.id,
      );
    }
    for (const path of [
      '/',
      '/index.html',
      '/favicon.svg',
      '/openapi.json',
      '/docs',
      '/docs/assets/swagger-ui.css',
    ]) {
      const answer = await app.call('OPTIONS', path);
      assert.deepEqual([answer.status, answer.headers.get('allow')], [204, 'GET, HEAD, OPTIONS'], path);
    }
  });

  it('answer 304 exactly when nothing has changed, whatever changes', async () => {
    const tagged = READS.filter(isTagged);
    stopped = Date.now();
    let seen = new Map<Endpoint, Answer>();
    let kept = 0;
    let renewed = 0;
    let rested = 0;
    // Longer candles are told when the database has been read, whenever that is: then it is not nothing that happened.
    const place = (): string => JSON.stringify(app.services.market.position);
    const places = new Map<Endpoint, string>();
    const look = async (what: string, { as = admin, all = false } = {}): Promise<void> => {
      const now = new Map<Endpoint, Answer>();
      for (const endpoint of tagged.filter(({ path }) => all || /portfolios|market/.test(path))) {
        if (as !== admin && (endpoint.access === 'admin' || ['listShares', 'getUser'].includes(endpoint.id)))
          continue;
        const at = `${endpoint.id} after ${what}`;
        const old = seen.get(endpoint);
        await atRest(async () => {
          const before = place();
          const conditional = await ask(endpoint, old?.headers.get('etag') ?? '"none"', as);
          const fresh = await ask(endpoint, undefined, as);
          assert.equal(fresh.status, 200, at);
          assert.match(fresh.headers.get('etag') ?? '', /^W\/"[\w-]{22}"$/, at);
          now.set(endpoint, fresh);
          const isAtRest = places.get(endpoint) === before && before === place();
          places.set(endpoint, before === place() ? before : '');
          if (old === undefined) return assert.equal(conditional.status, 200, at);
          if (MOVING.includes(endpoint.id)) return;
          const isKnown = old.headers.get('etag') === fresh.headers.get('etag');
          const isSame = substance(endpoint, old.body) === substance(endpoint, fresh.body);
          assert.equal(conditional.status, isKnown ? 304 : 200, at);
          if (what === 'nothing' && isAtRest) {
            assert.ok(isKnown, at);
            rested += 1;
          }
          // Never for another body; for the same one unless it is bound to the whole ledger, which has moved, or nothing
          // but a setting has, in no time.
          const isCoarse = OF_THE_LEDGER.includes(endpoint.id) || what === AT_ONCE;
          if (isKnown || !isCoarse) assert.equal(isKnown, isSame, at);
          for (const name of ['etag', 'cache-control', 'vary']) {
            assert.equal(conditional.headers.get(name), fresh.headers.get(name), `${at}: ${name}`);
          }
          if (isKnown) assert.equal(conditional.body, '', at);
          if (isKnown) kept += 1;
          else renewed += 1;
        });
      }
      seen = now;
    };
    const path = `/v1/portfolios/${portfolioId}`;
    const time = new Date(Date.now() - HOUR).toISOString();
    const day = new Date(Date.now() - 72 * HOUR).toISOString().slice(0, 10);
    const changes: Record<string, () => Promise<unknown>> = {
      'a trade': () =>
        post(`${path}/trades`, { symbol: 'BTC/KRW', side: 'sell', quantity: '0.5', price: '120', time }),
      'a note on a trade': () => post(`${path}/trades/${params['tradeId']}`, { note: 'noted' }, 'PATCH'),
      'a transfer': () => post(`${path}/transfers`, { kind: 'income', asset: 'KRW', quantity: '5', time }),
      'a price of what is held': () => post('/v1/market/ticks', { symbol: 'BTC/KRW', price: '130' }),
      'a price of something else': () => post('/v1/market/ticks', { symbol: 'NEW/KRW', price: '1' }),
      'another name': () => post(path, { name: 'Renamed' }, 'PATCH'),
      'another time zone': () => post(path, { timeZone: 'Pacific/Kiritimati' }, 'PATCH'),
      [AT_ONCE]: () => post(path, { timeZone: 'Pacific/Pago_Pago' }, 'PATCH'),
      'another benchmark': () => post(path, { benchmark: 'ETH/KRW' }, 'PATCH'),
      'another cost method': () => post(path, { costMethod: 'fifo' }, 'PATCH'),
      'cash that is not tracked': () => post(path, { cashMode: 'untracked' }, 'PATCH'),
      'an invitation': () => post(`${path}/shares`, { userId: friend.id, access: 'read' }, 'PUT'),
      'a share': () => app.call('POST', `/v1/invitations/${portfolioId}/accept`, { as: friend }),
      'a loaded candle': () =>
        post('/v1/market/candles', {
          symbol: 'BTC/KRW',
          interval: '1d',
          time: `${day}T00:00:00Z`,
          open: '90',
          high: '99',
          low: '89',
          close: '95',
        }),
      'some hours, midnight among them': () => Promise.resolve((shift += 23 * HOUR)),
      'another portfolio': () => post('/v1/portfolios', { name: 'Another' }),
    };
    await look('the start', { all: true });
    await look('nothing', { all: true });
    for (const [what, change] of Object.entries(changes)) {
      if (what !== AT_ONCE) shift += 1000;
      await change();
      await look(what);
    }
    seen = new Map();
    await look('the start', { as: friend });
    await look('nothing', { as: friend });
    await post(`${path}/shares`, { userId: friend.id, access: 'write' }, 'PUT');
    await look('more access', { as: friend });
    // Later tests live in the present again: tomorrow, streams opened today are over.
    shift = 0;
    stopped = undefined;
    assert.ok(rested > 5, `${rested} looked at while nothing happened`);
    assert.ok(kept > 100 && renewed > 50, `${kept} kept, ${renewed} renewed`);
  });

  it('compare tags as RFC 9110 has it', async () => {
    const path = `/v1/portfolios/${portfolioId}/pnl`;
    const tag = (await raw('GET', path)).headers['etag'];
    assert.ok(typeof tag === 'string');
    const status = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await raw(method, path, headers)).status;
    const strong = tag.replace('W/', '');
    for (const given of [tag, strong, '*', `"a", ${tag} , "b"`, `"a,${'x'.repeat(10)}",${strong}`]) {
      assert.equal(await status({ 'if-none-match': given }), 304, given);
      assert.equal(await status({ 'if-none-match': given }, 'HEAD'), 304, given);
      // As fetch() sends it beside every If-None-Match.
      const headers = { 'if-none-match': given, 'cache-control': 'no-cache', pragma: 'no-cache' };
      assert.equal(await status(headers), 304, given);
    }
    for (const given of ['"other"', 'W/"other"', strong.slice(1, -1), '""', tag.toUpperCase(), ',', '"']) {
      assert.equal(await status({ 'if-none-match': given }), 200, given);
    }
    const stranger = await app.user();
    const refused = await app.call('GET', path, { as: stranger, headers: { 'if-none-match': tag } });
    assert.equal(refused.status, 404, 'a tag opens no door');
    const gone = await app.call('GET', path, { headers: { 'if-none-match': tag } });
    assert.equal(gone.status, 401);
  });

  it('of files and documents answer 304 by tag and by date', async () => {
    for (const path of ['/', '/favicon.svg', '/docs', '/docs/assets/swagger-ui.css', '/openapi.json']) {
      const { headers } = await raw('GET', path);
      const { etag, 'last-modified': modified, 'cache-control': control } = headers;
      assert.match(control ?? '', /^public, (no-cache|max-age=3600)$/, path);
      assert.equal((await raw('GET', path, { 'if-none-match': etag ?? '' })).status, 304, path);
      assert.equal((await raw('GET', path, { 'if-none-match': entityTag('other') })).status, 200, path);
      if (modified === undefined) continue;
      const since = { 'if-modified-since': modified };
      assert.equal((await raw('GET', path, since)).status, 304, path);
      assert.equal((await raw('GET', path, { ...since, 'if-none-match': '"other"' })).status, 200, path);
      const before = new Date(Date.parse(modified) - 1_000).toUTCString();
      assert.equal((await raw('GET', path, { 'if-modified-since': before })).status, 200, path);
    }
  });

  it('may be kept by whom they concern, and by nobody where secrets are', async () => {
    const expected = ({ id, tag, produces = 'json' }: Endpoint): string => {
      if (id === 'publicKeys') return 'public, max-age=300';
      if (id === 'problemType') return 'public, max-age=3600';
      if (produces === 'stream') return 'no-store, no-transform';
      if (tag === 'auth' || ['health', 'ready', 'metrics', 'openWebSocket', 'listRateLimits'].includes(id))
        return 'no-store';
      return 'private, no-cache';
    };
    for (const endpoint of READS) {
      const { headers } = await raw('GET', urlOf(endpoint));
      assert.equal(headers['cache-control'], expected(endpoint), endpoint.id);
      const vary = (headers['vary'] ?? '').toLowerCase().split(/, */);
      if (endpoint.access !== 'public' && isTagged(endpoint)) {
        for (const name of ['authorization', 'cookie', 'x-api-key'])
          assert.ok(vary.includes(name), endpoint.id);
      }
      assert.ok(vary.includes(endpoint.produces === 'stream' ? 'accept' : 'accept-encoding'), endpoint.id);
    }
    const login = await app.call('POST', '/v1/auth/login', { body: { email: admin.email, password: 'x' } });
    assert.equal(login.headers.get('cache-control'), 'no-store');
    const written = await post('/v1/portfolios', { name: 'W' });
    assert.deepEqual([written.headers.get('cache-control'), written.headers.get('etag')], ['no-store', null]);
  });

  it('are compressed as the client likes, and the same underneath', async () => {
    const path = `/v1/portfolios/${portfolioId}/holdings`;
    const decoders = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const [accepted, encoding] of [
      ['br', 'br'],
      ['gzip', 'gzip'],
      ['gzip, deflate, br', 'br'],
      ['br;q=0.1, gzip', 'gzip'],
      ['deflate, zstd', undefined],
      ['br;q=0', undefined],
      // Nothing is accepted, so it goes as it is.
      ['identity;q=0', undefined],
      ['*;q=0', undefined],
      ['br;q=-1', undefined],
      ['br;q=-1, gzip', 'gzip'],
      ['identity;q=0, br', 'br'],
    ] as const) {
      await atRest(async () => {
        const plain = await raw('GET', path, { 'accept-encoding': 'identity' });
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.ok(plain.body.length > 1_024);
        const { headers, body } = await raw('GET', path, { 'accept-encoding': accepted });
        assert.equal(headers['content-encoding'], encoding, accepted);
        assert.equal(headers['etag'], plain.headers['etag'], accepted);
        const decoded = encoding === undefined ? body : decoders[encoding](body);
        assert.equal(decoded.toString(), plain.body.toString(), accepted);
        if (encoding !== undefined) assert.ok(body.length < plain.body.length / 2, accepted);
      });
    }
    const small = await raw('GET', '/v1/auth/me', { 'accept-encoding': 'br' });
    assert.equal(small.headers['content-encoding'], undefined, 'not worth it');
    for (const file of ['/', '/openapi.json', '/docs', '/docs/assets/swagger-ui.css']) {
      const { headers } = await raw('GET', file, { 'accept-encoding': 'gzip' });
      assert.equal(headers['content-encoding'], 'gzip', file);
    }
  });

  it('that are streams are never compressed, also when that is asked for', async () => {
    for (const accept of ['text/event-stream', 'application/x-ndjson']) {
      for (const endpoint of READS.filter(({ produces }) => produces === 'stream')) {
        const headers = { accept, 'accept-encoding': 'br, gzip, deflate' };
        const { status, headers: got } = await raw('GET', urlOf(endpoint), headers);
        assert.deepEqual([status, got['content-type']], [200, accept], endpoint.id);
        assert.equal(got['content-encoding'], undefined, endpoint.id);
      }
    }
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
      headers: { authorization: admin.authorization, 'accept-encoding': 'br, gzip' },
    });
    await stream.ready();
    await post('/v1/market/ticks', { symbol: 'BTC/KRW', price: '131' });
    await stream.until(() => stream.of('ticker').some(({ data }) => data.price === '131'));
    stream.cut();
  });
});
