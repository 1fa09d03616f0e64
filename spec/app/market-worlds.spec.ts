import assert from 'node:assert/strict';
import { ensureDemo } from '../../app/first-start.ts';
import { DEMO_LOGIN } from '../../routes/service/health.ts';
import { startApp, type Answer, type TestApp, type TestUser } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { assertProblem } from '../support/routes/problems.ts';
import { StreamClient } from '../support/stream-client.ts';

const DAY_MS = 86_400_000;

interface Warning {
  code: string;
}
const codesOf = ({ body }: Answer): string[] => body.warnings.map(({ code }: Warning) => code);

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  'made-up and real prices on one PostgreSQL and one Redis',
  function () {
    this.timeout(120_000);
    let redis: RedisServer;
    let databaseUrl: string;
    let app: TestApp;
    let said: string[] = [];
    let admin: TestUser;
    let demo: { authorization: string };
    let [real, practice, traded] = ['', '', ''];

    async function start(feed: string, env: Record<string, string> = {}): Promise<TestApp> {
      said = [];
      return await startApp({
        databaseUrl,
        env: { REDIS_URL: redis.url, MARKET_FEED: feed, DEMO: 'true', FEED_SEED: '7', ...env },
        log: (line) => said.push(line),
      });
    }

    const get = (path: string, headers = { authorization: admin.authorization }): Promise<Answer> =>
      app.call('GET', path, { headers });

    async function create(settings: object): Promise<string> {
      const { status, body } = await app.call('POST', '/v1/portfolios', {
        as: admin,
        body: { name: 'P', ...settings },
      });
      assert.equal(status, 201);
      const path = `/v1/portfolios/${body.id}`;
      const trade = {
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '2',
        price: '100',
        time: Date.now() - 5 * DAY_MS,
      };
      const fee = { fee: { amount: '0.0000001', currency: 'ETH' } };
      const booked = await app.call('POST', `${path}/trades`, { as: admin, body: { ...trade, ...fee } });
      assert.equal(booked.status, 201, JSON.stringify(booked.body));
      return path;
    }

    async function logInDemo(): Promise<void> {
      const { email, password } = DEMO_LOGIN;
      const { body } = await app.call('POST', '/v1/auth/login', { body: { email, password } });
      demo = { authorization: `Bearer ${body.accessToken}` };
    }

    before(async () => {
      redis = await startRedisServer();
      databaseUrl = await newPostgresDatabase();
      app = await start('simulator');
      await ensureDemo(app.services);
      admin = await app.user('admin');
      await logInDemo();
      traded = `/v1/portfolios/${(await get('/v1/portfolios', demo)).body.items[0].id}`;
      real = await create({});
      practice = await create({ simulated: true });
    });
    after(async () => {
      await app?.close();
      await redis?.stop();
    });

    it('are told apart by the portfolio: a simulator values only those that want it', async () => {
      const demoPortfolio = (await get('/v1/portfolios', demo)).body.items[0];
      assert.equal(demoPortfolio.simulated, true);
      const [mine, tryOut] = [await get(`${real}/pnl`), await get(`${practice}/pnl`)];
      // Its own last fill, and said to be that.
      assert.equal(mine.body.marketValue, '200');
      for (const code of ['other-market', 'stale-price', 'unvalued-amount'])
        assert.ok(codesOf(mine).includes(code), code);
      assert.ok(Number(tryOut.body.marketValue) > 1_000_000);
      assert.ok(!codesOf(tryOut).includes('other-market'));
      // The fee, in a coin that only the simulator has prices of.
      const pathsOf = async (path: string): Promise<unknown> =>
        (await get(`${path}/trades`)).body.items[0].rates.map((rate: { path: string[] }) => rate.path);
      assert.deepEqual([await pathsOf(real), await pathsOf(practice)], [[], [['ETH/KRW']]]);
      const query = `from=${Date.now() - 4 * DAY_MS}&benchmark=ETH/KRW`;
      const series = await get(`${real}/series?${query}`);
      assert.deepEqual([...new Set(series.body.columns.benchmark)], [null]);
      assert.equal(new Set(series.body.columns.equity).size, 1, 'no price ever moved it');
      const other = await get(`${practice}/series?${query}`);
      assert.ok(!other.body.columns.benchmark.includes(null));
      const { body: performance } = await get(`${real}/performance?from=${Date.now() - 4 * DAY_MS}`);
      assert.equal(performance.benchmark.return, null);
      const { body: lots } = await get(`${real}/lots`);
      assert.equal(lots.items[0].marketValue, '200');
    });

    it('are told apart on streams', async () => {
      const stream = new StreamClient(
        `${app.url}/v1/streams?channels=pnl:${real.split('/').at(-1)},ticker:BTC/KRW`,
        {
          headers: { authorization: admin.authorization },
        },
      );
      await stream.until(() => stream.of('ticker').length > 3, 'a market that moves');
      await stream.until(() => stream.of('pnl').length > 0, 'the portfolio');
      assert.deepEqual([...new Set(stream.of('pnl').map(({ data }) => data.marketValue))], ['200']);
      stream.cut();
    });

    it('are not mixed by pushing real ones into a simulator', async () => {
      const tick = { symbol: 'BTC/KRW', price: '7' };
      const candle = {
        symbol: 'BTC/KRW',
        interval: '1d',
        time: '2026-03-01T00:00:00.000Z',
        open: '7',
        high: '7',
        low: '7',
        close: '7',
        volume: '1',
      };
      assertProblem(await app.call('POST', '/v1/market/ticks', { as: admin, body: tick }), 409, 'conflict');
      const loaded = await app.call('POST', '/v1/market/candles', { as: admin, body: candle });
      assertProblem(loaded, 409, 'conflict');
      assert.match(loaded.body.detail, /made up/);
    });

    it('are kept apart when a real feed follows, and the start says so', async () => {
      const past = `series?from=${Date.now() - 20 * DAY_MS}&to=${Date.now() - 5 * DAY_MS}`;
      const before = await get(`${traded}/${past}`, demo);
      const reader = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
        headers: { authorization: admin.authorization },
      });
      await reader.until(() => reader.of('ticker').length > 3, 'a market that moves');
      await app.close();
      reader.cut();
      app = await start('push');
      const told = said.filter((line) => line.includes('Made-up prices are kept apart from real ones'));
      assert.equal(told.length, 1);
      assert.match(told[0] ?? '', /"portfolios":2/);
      await logInDemo();
      // Nothing is left of the simulator's present, for those who resume neither.
      assert.deepEqual((await get('/v1/market/tickers')).body.items, []);
      const candles = (): Promise<Answer> => get('/v1/market/candles?symbol=BTC/KRW&interval=1d');
      assert.deepEqual((await candles()).body.items, []);
      const resumed = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
        headers: { authorization: admin.authorization },
        lastEventId: reader.lastEventId,
      });
      await resumed.until(() => resumed.of('reset').length > 0, 'that the log has started over');
      const ticks = { items: [{ symbol: 'BTC/KRW', price: '300', quantity: '1' }] };
      assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body: ticks })).status, 200);
      await resumed.until(() => resumed.of('ticker').length > 0, 'the real price');
      assert.deepEqual(
        resumed.of('ticker').map(({ data }) => [data.symbol, data.price, data.simulated]),
        [['BTC/KRW', '300', false]],
      );
      resumed.cut();
      assert.equal((await get(`${real}/pnl`)).body.marketValue, '600');
      // The demo keeps its past, to the digit, and gets no present.
      assert.deepEqual((await get(`${traded}/${past}`, demo)).body.columns, before.body.columns);
      const present = await get(`${traded}/pnl`, demo);
      assert.ok(codesOf(present).includes('other-market'));
      const markOf = async (path: string, headers?: typeof demo): Promise<string> => {
        const { body } = await get(`${path}/holdings`, headers);
        return body.items.find(({ asset }: { asset: string }) => asset === 'BTC').markPrice;
      };
      assert.equal(await markOf(real), '300');
      assert.equal(await markOf(traded, demo), '149800000', 'what was paid last');
      const [candle] = await eventually(async () => {
        const { items } = (await candles()).body;
        return items.length > 0 ? items : null;
      }, 'the candle of the real price');
      assert.deepEqual([candle.close, candle.simulated], ['300', false]);
    });

    it('are where they were when the simulator comes back', async () => {
      await app.close();
      app = await start('simulator');
      assert.equal(said.filter((line) => line.includes('are made up from now on')).length, 1);
      const { body } = await get('/v1/market/candles?symbol=BTC/KRW&interval=1d&limit=500');
      assert.ok(
        body.items.length > 300 && body.items.every(({ simulated }: { simulated: boolean }) => simulated),
      );
      assert.ok(Number((await get(`${practice}/pnl`)).body.marketValue) > 1_000_000);
      assert.equal((await get(`${real}/pnl`)).body.marketValue, '200');
    });
  },
);
