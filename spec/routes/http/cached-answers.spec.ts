import assert from 'node:assert/strict';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { share } from '../../support/share.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const HOUR = 3_600_000;
const clock = new ShiftedClock();

eachApp(
  'answers that are kept',
  (app) => {
    let admin: TestUser;
    let id: string;
    let path: string;
    let symbol: string;
    let count = 0;

    async function post(to: string, body: unknown, as = admin): Promise<Answer> {
      const answer = await app().call('POST', to, { as, body });
      assert.ok(answer.status < 300, JSON.stringify(answer.body));
      return answer;
    }

    const get = (of: string, headers: Record<string, string> = {}, as = admin): Promise<Answer> =>
      app().call('GET', of, { as, headers });

    /** @returns `X-Cache`, and the answer */
    async function ask(
      of: string,
      headers?: Record<string, string>,
      as?: TestUser,
    ): Promise<[string | null, Answer]> {
      const answer = await get(of, headers, as);
      assert.ok(answer.status === 200 || answer.status === 304, JSON.stringify(answer.body));
      return [answer.headers.get('x-cache'), answer];
    }

    const tick = (price: string, of = symbol, more: object = {}): Promise<Answer> =>
      post('/v1/market/ticks', { symbol: of, price, quantity: '1', side: 'buy', ...more });
    const trade = (): Promise<Answer> => {
      count += 1;
      const time = new Date(clock.now() - HOUR).toISOString();
      return post(`${path}/trades`, {
        symbol,
        side: 'buy',
        quantity: '1',
        price: '90',
        time,
        externalId: `t${count}`,
      });
    };

    before(async () => {
      admin = await app().user('admin');
    });
    beforeEach(async () => {
      count += 1;
      symbol = `C${count}/KRW`;
      id = (await post('/v1/portfolios', { name: 'Mine', timeZone: 'UTC' })).body.id;
      path = `/v1/portfolios/${id}`;
      await tick('100');
      await tick('7', 'OTHER/KRW');
      await trade();
    });

    for (const [name, of] of [
      ['a summary', () => path],
      ['statistics', () => `${path}/performance`],
    ] as const) {
      it(`are those of ${name}: until the ledger, a setting or a price that they depend on moves`, async () => {
        const [first, made] = await ask(of());
        assert.equal(first, 'miss');
        const [second, kept] = await ask(of());
        assert.equal(second, 'hit');
        assert.deepEqual(kept.body, made.body);
        assert.equal(kept.headers.get('etag'), made.headers.get('etag'));
        await tick('8', 'OTHER/KRW');
        assert.equal((await ask(of()))[0], 'hit', 'a price that it does not depend on');
        await tick('101');
        const [moved, priced] = await ask(of());
        assert.equal(moved, 'miss');
        assert.notDeepEqual(priced.body, made.body);
        await trade();
        const [booked, grown] = await ask(of());
        assert.equal(booked, 'miss');
        assert.match(grown.body.position, /^2@/);
        await app().call('PATCH', path, { as: admin, body: { costMethod: 'fifo' } });
        const [set, other] = await ask(of());
        assert.deepEqual([set, other.body.costMethod], ['miss', 'fifo']);
        assert.equal((await ask(of()))[0], 'hit');
      });
    }

    it('are told from others by their query', async () => {
      await ask(`${path}/performance`);
      const [outcome, { body }] = await ask(`${path}/performance?riskFree=0.05`);
      assert.deepEqual([outcome, body.riskFree], ['miss', '0.05']);
    });

    it('are those of statistics until candles of the past are loaded', async () => {
      await ask(`${path}/performance`);
      const time = new Date(Math.floor((clock.now() - 30 * HOUR) / 60_000) * 60_000).toISOString();
      await post('/v1/market/candles', { symbol, time, open: '80', high: '80', low: '80', close: '80' });
      assert.equal((await ask(`${path}/performance`))[0], 'miss');
    });

    it('are those of candles: until a trade, a late one too, a load or the end of a minute moves them', async () => {
      const of = `/v1/market/candles?symbol=${symbol}&interval=1m`;
      assert.equal((await ask(of))[0], 'miss');
      assert.equal((await ask(of))[0], 'hit');
      await tick('8', 'OTHER/KRW');
      assert.equal((await ask(of))[0], 'hit');
      await tick('120');
      const [traded, { body }] = await ask(of);
      assert.deepEqual([traded, body.items.at(-1).close], ['miss', '120']);
      await tick('130', symbol, { time: new Date(clock.now() - 1_000).toISOString() });
      const [late, after] = await ask(of);
      assert.equal(late, 'miss');
      assert.ok(after.body.items.some(({ high }: { high: string }) => high === '130'));
      const time = new Date(Math.floor((clock.now() - HOUR) / 60_000) * 60_000).toISOString();
      await post('/v1/market/candles', { symbol, time, open: '80', high: '80', low: '80', close: '80' });
      const [loaded, history] = await ask(of);
      assert.deepEqual([loaded, history.body.items[0].close], ['miss', '80']);
      clock.shift += 60_000 + 2_000;
      const [over, final] = await ask(of);
      assert.deepEqual([over, final.body.items.at(-1).closed], ['miss', true]);
    });

    it('are those of tickers: until one of them moves', async () => {
      const of = `/v1/market/tickers?symbols=${symbol}`;
      assert.equal((await ask(of))[0], 'miss');
      await tick('8', 'OTHER/KRW');
      assert.equal((await ask(of))[0], 'hit');
      await tick('102');
      const [outcome, { body }] = await ask(of);
      assert.deepEqual([outcome, body.items[0].price], ['miss', '102']);
    });

    it('are stale only for who takes that and where it is declared, and are marked', async () => {
      const patient = { 'cache-control': 'max-stale' };
      const [, kept] = await ask(`${path}/performance`);
      await ask(path);
      await tick('150');
      const [stale, { body }] = await ask(`${path}/performance`, patient);
      assert.equal(stale, 'stale');
      assert.deepEqual(body, kept.body);
      assert.equal((await ask(path, patient))[0], 'miss', 'a summary is not declared to');
      await app().services.answers?.close();
      assert.equal((await ask(`${path}/performance`))[0], 'hit', 'made anew behind it');
      await tick('160');
      assert.equal((await ask(`${path}/performance`))[0], 'miss', 'who does not take it');
      await tick('170');
      clock.shift += 11_000;
      assert.equal((await ask(`${path}/performance`, patient))[0], 'miss', 'older than declared');
      await tick('180');
      clock.shift += 3_000;
      const less = { 'cache-control': 'no-transform, max-stale=2' };
      assert.equal((await ask(`${path}/performance`, less))[0], 'miss', 'older than asked for');
      await tick('190');
      await trade();
      const [booked, grown] = await ask(`${path}/performance`, patient);
      assert.equal(booked, 'miss', 'a ledger is never behind');
      assert.match(grown.body.position, /^2@/);
    });

    it('are 304 for who has them, kept or made', async () => {
      for (const url of [path, `${path}/performance`, `/v1/market/candles?symbol=${symbol}&interval=1h`]) {
        const [, { headers }] = await ask(url);
        const tag = headers.get('etag') ?? '';
        const [outcome, { status, body }] = await ask(url, { 'if-none-match': tag });
        assert.deepEqual([outcome, status, body], ['hit', 304, ''], url);
      }
    });

    it('are no way around access: who may read with less sees what is his', async () => {
      const friend = await app().user();
      await ask(path);
      assert.equal((await get(path, {}, friend)).status, 404);
      await share(app(), { portfolioId: id, owner: admin, friend });
      const [, theirs] = await ask(path, {}, friend);
      const [, mine] = await ask(path);
      assert.deepEqual([theirs.body.access, mine.body.access], ['read', 'owner']);
    });

    it('are counted, and X-Cache can be read by pages of other origins', async () => {
      await ask(path);
      await ask(path);
      const { body } = await get('/metrics');
      assert.match(body, /^marktide_cache_answers_total\{kind="summary",outcome="hit"\} [1-9]/m);
      assert.match(body, /^marktide_cache_made_total\{kind="summary"\} [1-9]/m);
      const answer = await get(path, { origin: 'https://dash.example' });
      assert.match(answer.headers.get('access-control-expose-headers') ?? '', /\bX-Cache\b/);
    });
  },
  { clock, env: { CORS_ORIGINS: 'https://dash.example' } },
);

describe('a program that keeps no answers', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({ env: { CACHE_MB: '0' } });
  });
  after(() => app.close());

  it('makes each of them', async () => {
    const user = await app.user();
    const { body } = await app.call('POST', '/v1/portfolios', { as: user, body: { name: 'P' } });
    for (let n = 0; n < 2; n += 1) {
      const answer = await app.call('GET', `/v1/portfolios/${body.id}`, { as: user });
      assert.deepEqual([answer.status, answer.headers.get('x-cache')], [200, 'miss']);
    }
  });
});
