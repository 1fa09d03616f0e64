import assert from 'node:assert/strict';
import { saveGaps } from '../../../db/market/gaps.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { type CandleServer, priceAt, startCandleServer } from '../../support/candle-server.ts';
import { eventually } from '../../support/eventually.ts';
import { assertProblem } from '../../support/routes/problems.ts';
import { StreamClient } from '../../support/stream-client.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const today = Math.floor(Date.now() / DAY) * DAY;

interface Job {
  symbol: string;
  interval: string;
  state: string;
  candles: number;
  detail: string | null;
  from: string;
  to: string;
  sourceSymbol: string;
}

describe('past candles', function () {
  this.timeout(120_000);
  let server: CandleServer;
  let app: TestApp;
  let admin: TestUser;

  beforeEach(async () => {
    server = await startCandleServer({
      'KRW-BTC': today - 1_000 * DAY,
      'KRW-ETH': today - 1_000 * DAY,
      'KRW-POL': today - 1_000 * DAY,
      'KRW-NEW': today - 5 * DAY,
    });
    app = await startApp({
      env: { BACKFILL_EXCHANGES: `upbit?rest=${server.rest}`, BACKFILL_RENAMED: 'MATIC/KRW=POL/KRW' },
    });
    admin = await app.user('admin');
  });
  afterEach(async () => {
    await app.close();
    await server.stop();
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  async function get(path: string): Promise<any> {
    const { status, body } = await app.call('GET', path, { as: admin });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async function post(path: string, body: object): Promise<void> {
    const answer = await app.call('POST', path, { as: admin, body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
  }

  async function portfolio(settings: object = {}): Promise<string> {
    const { body } = await app.call('POST', '/v1/portfolios', {
      as: admin,
      body: { name: 'P', timeZone: 'UTC', ...settings },
    });
    return `/v1/portfolios/${body.id}`;
  }

  async function allDone(count: number): Promise<Job[]> {
    app.services.backfills.look();
    return await eventually(
      async () => {
        const { items } = await get('/v1/market/backfills');
        return items.length >= count && items.every(({ state }: Job) => state !== 'waiting') ? items : null;
      },
      'the jobs',
      { everyMs: 50 },
    );
  }

  it('close the gap that trades were missed in, and replace what was made of the others', async () => {
    const from = today - 3 * DAY;
    const stored = { symbol: 'BTC/KRW', time: from + MINUTE, volume: '0.001' };
    const half = { ...stored, open: '1', high: '1', low: '1', close: '1' };
    await post('/v1/market/candles', half);
    const gap = { symbol: 'BTC/KRW', from: from + 90_000, to: from + 5 * MINUTE, feed: 'ccxt:upbit' };
    const { db, market } = app.services;
    await saveGaps(db, { gaps: [gap], doubted: [], settled: [] }, 1);
    market.gaps.add(gap);
    const minutes = () =>
      get(`/v1/market/candles?symbol=BTC/KRW&interval=1m&from=${from}&to=${from + 10 * MINUTE}`);
    assert.deepEqual(
      (await minutes()).items.map(({ complete }: { complete: boolean }) => complete),
      [false],
    );
    await post('/v1/market/backfills', { symbol: 'BTC/KRW', interval: '1m', from, to: from + 10 * MINUTE });
    await allDone(1);
    const { items } = await eventually(async () => {
      const page = await minutes();
      return (
        page.items.length === 10 && page.items.every((each: { complete: boolean }) => each.complete) && page
      );
    }, 'complete minutes');
    assert.notEqual(items[1].close, '1', 'it lacked trades');
  });

  it('are fetched for what a ledger needs, and its figures fill in', async () => {
    const path = await portfolio();
    const time = today - 299 * DAY + 10 * 3_600_000;
    const deposit = { kind: 'deposit', asset: 'KRW', quantity: '1000000', time: today - 300 * DAY + 1 };
    await post(`${path}/transfers`, deposit);
    const fee = { amount: '0.01', currency: 'ETH' };
    await post(`${path}/trades`, { symbol: 'BTC/KRW', side: 'buy', quantity: '2', price: '7100', fee, time });
    const before = await get(`${path}/series?benchmark=BTC/KRW`);
    assert.ok(before.columns.benchmark.includes(null));
    const stream = new StreamClient(`${app.url}/v1/streams?channels=backfill:*`, {
      headers: { authorization: admin.authorization },
    });
    await stream.ready();
    const jobs = await allDone(3);
    const shown = jobs.map(({ symbol, interval, state, candles }) => [symbol, interval, state, candles]);
    assert.deepEqual(
      shown.toSorted((a, b) => String(a).localeCompare(String(b))),
      [
        ['BTC/KRW', '1d', 'done', 301],
        ['ETH/KRW', '1d', 'done', 301],
        ['ETH/KRW', '1m', 'done', 180],
      ],
    );
    await stream.until(
      () => stream.of('backfill').filter(({ data }) => data.state === 'done').length >= 2,
      'that the days are there',
    );
    const told = stream.of('backfill').map(({ data }) => data.symbol);
    assert.ok(told.includes('BTC/KRW') && told.includes('ETH/KRW'));
    stream.cut();
    // The fee at the close of the minute before, not of the day before.
    const entry = await eventually(async () => {
      const { items } = await get(`${path}/trades`);
      return items[0].rates.length > 0 ? items[0] : null;
    }, 'the rate of the fee');
    assert.equal(entry.rates[0].rate, String(priceAt('KRW-ETH', time - MINUTE) + 1));
    const { columns, warnings } = await get(`${path}/series?benchmark=BTC/KRW&from=${today - 298 * DAY}`);
    assert.ok(!columns.benchmark.includes(null) && !columns.equity.includes(null));
    assert.deepEqual(warnings, []);
    const cash = BigInt(1_000_000 - 2 * 7_100);
    const close = priceAt('KRW-BTC', today - 100 * DAY) + 1;
    const at = columns.t.indexOf(today - 99 * DAY);
    assert.equal(columns.equity[at], String(cash + 2n * BigInt(close)));
    // Once each: every page of every job.
    const asked = server.answered.map((each) => JSON.stringify(each));
    assert.equal(new Set(asked).size, asked.length);
    assert.equal(asked.length, 5);
    assert.equal(server.overlaps, 0);
    // What is covered is not fetched again.
    await post('/v1/market/backfills', { symbol: 'BTC/KRW', from: today - 200 * DAY });
    app.services.backfills.look();
    assert.equal((await get('/v1/market/backfills')).items.length, 3);
  });

  it('wait for an exchange that is busy or under maintenance, as long as it asks for', async () => {
    server.refuse(
      { status: 429, headers: { 'retry-after': '1' }, body: '{"name":"too_many_requests"}' },
      { status: 503, body: '<html>maintenance</html>' },
      { status: 418, headers: { 'retry-after': '1' }, body: 'blocked' },
    );
    const began = Date.now();
    await post('/v1/market/backfills', { symbol: 'NEW/KRW', from: today - 400 * DAY });
    const waiting = await eventually(async () => {
      const { items, troubles } = await get('/v1/market/backfills');
      return items[0]?.detail ? { job: items[0], troubles } : null;
    }, 'that it waits');
    assert.match(waiting.job.detail, /^upbit did not give candles of NEW\/KRW/);
    assert.equal(waiting.job.state, 'waiting');
    const [job] = await allDone(1);
    // Two pages from before it was listed have nothing in them.
    assert.deepEqual([job?.state, job?.candles, job?.detail], ['done', 5, null]);
    assert.ok(Date.now() - began >= 2_000, 'a second each that was asked for');
    assert.equal(server.answered.length, 2);
    assert.deepEqual((await get('/v1/market/backfills')).troubles, []);
  });

  it('of what the exchange does not list are told to be unavailable, of what was renamed come under its new name', async () => {
    await post('/v1/market/backfills', { symbol: 'GONE/KRW', from: today - 3 * DAY });
    await post('/v1/market/backfills', { symbol: 'MATIC/KRW', from: today - 3 * DAY });
    const jobs = await allDone(2);
    const of = (symbol: string): Job | undefined => jobs.find((job) => job.symbol === symbol);
    assert.equal(of('GONE/KRW')?.state, 'unavailable');
    assert.match(of('GONE/KRW')?.detail ?? '', /upbit does not have candles of GONE\/KRW/);
    assert.deepEqual([of('MATIC/KRW')?.candles, of('MATIC/KRW')?.sourceSymbol], [3, 'POL/KRW']);
    const { items } = await get('/v1/market/candles?symbol=MATIC/KRW&interval=1d');
    assert.equal(items.at(-1).close, String(priceAt('KRW-POL', today - DAY) + 1));
  });

  it('leave alone what was loaded by hand, and find fault with what cannot be asked for', async () => {
    const time = new Date(today - 2 * DAY).toISOString();
    const figures = { open: '5', high: '5', low: '5', close: '5', volume: '1' };
    await post('/v1/market/candles', { symbol: 'BTC/KRW', interval: '1d', time, ...figures });
    await post('/v1/market/backfills', { symbol: 'BTC/KRW', from: today - 3 * DAY });
    await allDone(1);
    const { items } = await get('/v1/market/candles?symbol=BTC/KRW&interval=1d');
    assert.deepEqual(
      items.map(({ close }: { close: string }) => close),
      [today - 3 * DAY, today - 2 * DAY, today - DAY].map((day) =>
        day === today - 2 * DAY ? '5' : String(priceAt('KRW-BTC', day) + 1),
      ),
    );
    const ask = (body: object) => app.call('POST', '/v1/market/backfills', { as: admin, body });
    const elsewhere = await ask({ symbol: 'BTC/KRW', from: today - DAY, exchange: 'kraken' });
    assertProblem(elsewhere, 409, 'conflict');
    assertProblem(await ask({ symbol: 'BTC/KRW', from: today, to: today - DAY }), 400, 'invalid-request');
    const trader = await app.user();
    const body = { symbol: 'BTC/KRW', from: today - DAY };
    assertProblem(await app.call('POST', '/v1/market/backfills', { as: trader, body }), 403, 'forbidden');
  });
});
