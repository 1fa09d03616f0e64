import assert from 'node:assert/strict';
import { StreamClient } from '../../support/stream-client.ts';
import { BACKEND_PATIENCE } from '../../../app/backends.ts';
import { startApp } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { redisAvailable, startRedisServer } from '../../support/redis-server.ts';
import { bookkeeper, sum, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const HOUR = 3_600_000;
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR).toISOString();

interface Share {
  asset: string;
  marketValue: string;
  weight: string;
}

eachApp('the summary of a portfolio', (app) => {
  const { get, post, portfolio, price, user } = bookkeeper(app);

  it('has the very figures of the PnL, and the settings', async () => {
    const path = await portfolio({ name: 'Mine', costMethod: 'fifo' });
    await price({ 'BTC/KRW': '150', 'ALT/USDT': '3', 'USDT/KRW': '10' });
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '1000', time: ago(30) });
    const bought = { symbol: 'BTC/KRW', side: 'buy', quantity: '2', price: '100', time: ago(29) };
    const fee = { amount: '1', currency: 'KRW' };
    await post(`${path}/trades`, {
      items: [
        { ...bought, fee },
        { ...bought, side: 'sell', quantity: '0.5', price: '120', time: ago(28) },
      ],
    });
    const pnl = await get(`${path}/pnl`);
    const { cursor, coins, totalRate, allocation, ...summary } = await get(path);
    const { portfolioId, ...figures } = pnl;
    for (const [name, value] of Object.entries(figures)) assert.deepEqual(summary[name], value, name);
    assert.equal(summary.id, portfolioId);
    assert.deepEqual(
      [summary.name, summary.costMethod, summary.access, summary.version, summary.timeZone],
      ['Mine', 'fifo', 'owner', 3, 'Asia/Seoul'],
    );
    // 1000 − 201 + 60 and 1.5 × 150; what was brought in is 1000.
    assert.deepEqual([summary.cash, summary.marketValue, summary.equity], ['859', '225', '1084']);
    assert.deepEqual([totalRate, coins], ['0.084', 1]);
    assert.deepEqual(allocation, {
      byKind: [
        { kind: 'cash', marketValue: '859', weight: '0.7924354244' },
        { kind: 'coins', marketValue: '225', weight: '0.2075645756' },
      ],
      byAsset: [
        { asset: 'KRW', marketValue: '859', weight: '0.7924354244' },
        { asset: 'BTC', marketValue: '225', weight: '0.2075645756' },
      ],
      others: null,
    });
    assert.match(cursor, /^[A-Za-z0-9._~-]{10,128}$/);
  });

  it('names the rate that is undefined, and knows an empty portfolio', async () => {
    const summary = await get(await portfolio());
    assert.deepEqual([summary.equity, summary.totalRate, summary.coins], ['0', null, 0]);
    const [warning] = summary.warnings.filter(({ code }: { code: string }) => code === 'undefined-rate');
    assert.ok(warning.figures.includes('totalRate') && warning.figures.includes('day.rate'));
    assert.equal(summary.warnings.length, 1);
  });

  it('shows the largest of very many assets, and what the others come to', async () => {
    const path = await portfolio();
    const time = ago(2);
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '10000000', time });
    const coins = Array.from({ length: 30 }, (_, index) => `A${String(index).padStart(2, '0')}`);
    await price(
      Object.fromEntries(coins.map((coin, index) => [`${coin}/KRW`, String(100 + ((index * 7) % 30))])),
    );
    const items = coins.map((coin) => ({
      symbol: `${coin}/KRW`,
      side: 'buy',
      quantity: '1.5',
      price: '100',
      time,
    }));
    await post(`${path}/trades`, { items });
    // The candles of the prices are told a moment after them, and move the position.
    const [{ allocation, equity }, whole] = await eventually(async () => {
      const answers = [await get(path), await get(`${path}/allocation`)] as const;
      return answers[0].position === answers[1].position && answers;
    }, 'the position to come to rest');
    assert.deepEqual(allocation.byAsset, whole.byAsset.slice(0, 20));
    const rest: Share[] = whole.byAsset.slice(20);
    assert.equal(allocation.others.count, 11);
    assert.equal(units(allocation.others.marketValue), sum(rest.map(({ marketValue }) => marketValue)));
    for (const list of [whole.byAsset, whole.byQuote, whole.byKind]) {
      assert.equal(sum(list.map(({ marketValue }: Share) => marketValue)), units(equity), 'all of equity');
      const values = list.map(({ marketValue }: Share) => units(marketValue));
      if (list !== whole.byKind)
        assert.deepEqual(
          values,
          [...values].sort((a, b) => (a > b ? -1 : 1)),
        );
    }
  });

  it('tells the allocation by the currencies that coins are quoted in', async () => {
    const path = await portfolio();
    const time = ago(2);
    await price({ 'BTC/KRW': '150', 'ALT/USDT': '3', 'USDT/KRW': '10', 'KRW/ODD': '0.5' });
    await post(`${path}/transfers`, { kind: 'deposit', asset: 'KRW', quantity: '1000', time });
    for (const [asset, quantity] of [
      ['BTC', '2'],
      ['ALT', '4'],
      ['USDT', '5'],
      ['ODD', '1'],
    ]) {
      await post(`${path}/transfers`, { kind: 'deposit', asset, quantity, unitCost: '1', time });
    }
    const { byQuote, byKind, equity } = await get(`${path}/allocation`);
    assert.equal(equity, '1472');
    assert.deepEqual(
      byQuote.map(({ quote, assets, marketValue }: Share & { quote: string; assets: string[] }) => [
        quote,
        assets,
        marketValue,
      ]),
      [
        ['KRW', ['KRW', 'BTC', 'USDT', 'ODD'], '1352'],
        ['USDT', ['ALT'], '120'],
      ],
    );
    assert.deepEqual(
      byKind.map(({ marketValue }: Share) => marketValue),
      ['1000', '472'],
    );
  });

  it('gives a cursor from which a stream tells all that the summary does not', async () => {
    const path = await portfolio();
    const id = path.split('/').at(-1);
    const time = ago(1);
    const fill = { symbol: 'BTC/KRW', side: 'buy', price: '100', time };
    await post(`${path}/trades`, { ...fill, quantity: '1' });
    const { cursor, version } = await get(path);
    // Between the answer and the stream.
    for (const quantity of ['2', '3']) await post(`${path}/trades`, { ...fill, quantity });
    await price({ 'BTC/KRW': '111' });
    const channels = `fills:${id},pnl:${id},ticker:BTC/KRW,trade:BTC/KRW`;
    const stream = new StreamClient(`${app().url}/v1/streams?channels=${channels}`, {
      headers: { authorization: user().authorization },
      lastEventId: cursor,
    });
    await stream.ready();
    await post(`${path}/trades`, { ...fill, quantity: '4' });
    const told = (): string[] => stream.of('fill').map(({ data }) => data.trade.quantity);
    await stream.until(() => told().length >= 3);
    assert.deepEqual(told(), ['2', '3', '4'], 'each once, and none that the summary had');
    assert.deepEqual(stream.of('reset'), []);
    assert.equal(version, 1);
    assert.ok(stream.of('ticker').some(({ data }) => data.price === '111'));
    assert.equal(stream.of('pnl')[0]?.data.portfolioId, id, 'and it begins with the state');
    stream.cut();
  });
});

(redisAvailable() ? describe : describe.skip)('the summary of a portfolio without its Redis', () => {
  it('is answered all the same, without a cursor, whether Redis is frozen or dead', async () => {
    const redis = await startRedisServer();
    // Whatever waits for a command to the frozen Redis waits longer than the test.
    const patience = { ...BACKEND_PATIENCE, commandMs: 600_000 };
    const app = await startApp({ env: { REDIS_URL: redis.url }, patience });
    try {
      const user = await app.user();
      const ids: string[] = [];
      for (const name of ['kept', 'frozen', 'dead']) {
        ids.push((await app.call('POST', '/v1/portfolios', { as: user, body: { name } })).body.id);
      }
      const read = async (which: number): Promise<[number, unknown, string]> => {
        const answer = await app.call('GET', `/v1/portfolios/${ids[which]}`, { as: user });
        return [answer.status, answer.body.equity, typeof answer.body.cursor];
      };
      assert.deepEqual(await read(0), [200, '0', 'string']);
      redis.pause();
      assert.deepEqual(await read(1), [200, '0', 'object']);
      redis.resume();
      await redis.kill('SIGKILL');
      assert.deepEqual(await read(2), [200, '0', 'object']);
      assert.deepEqual(await read(0), [200, '0', 'string'], 'what was kept is as good as it was');
    } finally {
      await app.close();
      await redis.stop();
    }
  });
});
