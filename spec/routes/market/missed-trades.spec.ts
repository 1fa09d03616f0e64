import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { ExchangeServer } from '../../support/exchanges/exchange-server.ts';
import { upbitProtocol } from '../../support/exchanges/protocols.ts';
import { StreamClient } from '../../support/stream-client.ts';

const SYMBOL = 'BTC/KRW';
const MINUTE = 60_000;

onPostgres('candles of a live feed, over cuts and restarts', () => {
  let server: ExchangeServer;
  let databaseUrl: string;
  let app: TestApp;
  let user: TestUser;
  const begin = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
  let made = 0;

  before(async () => {
    server = await ExchangeServer.start(upbitProtocol([SYMBOL]));
    databaseUrl = await newPostgresDatabase();
    // What was before is known: otherwise the 24 hours before the first start would be a gap.
    const past = { symbol: SYMBOL, price: '1000', amount: '0.5', side: 'buy' } as const;
    server.trades.push({ ...past, id: 1, time: begin - 1 });
    app = await startApp({ databaseUrl });
    user = await app.user('admin');
    const [open, high, low, close] = ['1000', '1000', '1000', '1000'];
    const body = { symbol: SYMBOL, time: begin - MINUTE, open, high, low, close, volume: '0.5', trades: 1 };
    assert.equal((await app.call('POST', '/v1/market/candles', { as: user, body })).status, 200);
    await app.close();
    await start();
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  async function start(): Promise<void> {
    app = await startApp({
      databaseUrl,
      env: { MARKET_FEED: `ccxt:upbit?symbols=${SYMBOL}&ws=${server.ws}&rest=${server.rest}` },
    });
    user = await app.user('admin');
  }

  /** Trades of 20 seconds each. */
  function trade(count: number): void {
    for (let index = 0; index < count; index += 1) {
      made += 1;
      const price = String(1_000 + (made % 11));
      const side = made % 2 === 0 ? 'buy' : 'sell';
      server.trade({
        symbol: SYMBOL,
        id: made * 10,
        time: begin + made * 20_000,
        price,
        amount: '0.5',
        side,
      });
    }
  }

  interface Listed {
    time: string;
    volume: string;
    trades: number;
    high: string;
    complete: boolean;
  }
  async function minutes(): Promise<Listed[]> {
    const path = `/v1/market/candles?symbol=${SYMBOL}&interval=1m&from=${begin}&limit=1000`;
    return (await app.call('GET', path, { as: user })).body.items;
  }

  /** What the exchange has really traded, by minute. */
  function real(): { time: string; volume: string; trades: number; high: string }[] {
    const byMinute = new Map<number, typeof server.trades>();
    for (const each of server.trades.slice(1)) {
      const start = Math.floor(each.time / MINUTE) * MINUTE;
      byMinute.set(start, [...(byMinute.get(start) ?? []), each]);
    }
    return [...byMinute].map(([time, list]) => ({
      time: new Date(time).toISOString(),
      volume: String(list.reduce((sum, { amount }) => sum + Number(amount), 0)),
      trades: list.length,
      high: String(Math.max(...list.map(({ price }) => Number(price)))),
    }));
  }

  async function untilReal(): Promise<Listed[]> {
    return await eventually(
      async () => {
        const listed = await minutes();
        const figures = listed.map(({ time, volume, trades, high }) => ({ time, volume, trades, high }));
        return JSON.stringify(figures) === JSON.stringify(real()) && listed;
      },
      'the candles of what was really traded',
      { everyMs: 100 },
    );
  }

  async function ticker(): Promise<{ complete: boolean; volume: string }> {
    return (await app.call('GET', '/v1/market/tickers', { as: user })).body.items[0];
  }

  it('hold every trade, also those of a cut and of the time in which nothing ran', async () => {
    await server.subscribed(1);
    trade(10);
    await untilReal();
    await server.stop();
    trade(20);
    await server.restart();
    await server.subscribed(2);
    trade(5);
    await untilReal();
    await app.close();
    trade(12);
    await start();
    await server.subscribed(3);
    trade(1);
    const listed = await untilReal();
    assert.deepEqual(
      listed.filter(({ complete }) => !complete),
      [],
    );
    assert.equal((await ticker()).complete, true);
    assert.equal(Number((await ticker()).volume), (made + 1) * 0.5);
  });

  it('say which are not complete, on streams too, and after a restart', async () => {
    const client = new StreamClient(`${app.url}/v1/streams?channels=trade:${SYMBOL},ticker:${SYMBOL}`, {
      headers: { authorization: user.authorization },
    });
    await client.ready();
    const first = made;
    await server.stop();
    trade(9);
    server.firstKept = (made - 2) * 10;
    await server.restart();
    await server.subscribed(4);
    trade(1);
    const gap = {
      symbol: SYMBOL,
      from: new Date(begin + first * 20_000 + 1).toISOString(),
      to: new Date(begin + (made - 3) * 20_000).toISOString(),
      feed: 'ccxt:upbit',
    };
    await client.until(() => client.of('gap').length === 2, 'the gap on each channel');
    assert.deepEqual(
      client.of('gap').map(({ data }) => data),
      ['ticker', 'trade'].map((type) => ({ channel: `${type}:${SYMBOL}`, ...gap })),
    );
    client.cut();
    const touched = (): Promise<string[]> =>
      minutes().then((all) => all.filter(({ complete }) => !complete).map(({ time }) => time));
    const [from, to] = [Date.parse(gap.from), Date.parse(gap.to)];
    const expected = (await minutes())
      .map(({ time }) => time)
      .filter((time) => Date.parse(time) < to && Date.parse(time) + MINUTE > from);
    assert.ok(expected.length > 0);
    assert.deepEqual(await touched(), expected);
    await app.close();
    await start();
    assert.deepEqual(await touched(), expected);
    assert.equal((await ticker()).complete, false);
  });

  it('are complete again when the missing minutes are loaded, as the exchange has them', async () => {
    const incomplete = (): Promise<string[]> =>
      minutes().then((all) => all.filter(({ complete }) => !complete).map(({ time }) => time));
    const missing = await incomplete();
    assert.ok((await days()).some(({ complete }) => !complete));
    const volume = Number((await ticker()).volume);
    const items = real().map(({ time, volume: traded, trades, high }) => {
      const prices = server.trades.slice(1).filter((each) => isIn(each.time, time));
      const all = prices.map(({ price }) => Number(price));
      const [open = '', close = ''] = [prices[0]?.price, prices.at(-1)?.price];
      return {
        symbol: SYMBOL,
        time,
        open,
        high,
        low: String(Math.min(...all)),
        close,
        volume: traded,
        trades,
      };
    });
    // Some of them have no candle at all.
    const listed = new Set((await minutes()).map(({ time }) => time));
    const [first, ...rest] = items.filter(({ time }) => missing.includes(time) || !listed.has(time));
    const load = (body: object) => app.call('POST', '/v1/market/candles', { as: user, body });
    assert.equal((await load(first ?? {})).status, 200);
    await eventually(async () => (await incomplete()).length === missing.length - 1, 'the first of them');
    assert.equal((await ticker()).complete, false, 'others are still missing');
    const client = new StreamClient(`${app.url}/v1/streams?channels=ticker:${SYMBOL}`, {
      headers: { authorization: user.authorization },
    });
    await client.ready();
    assert.equal((await load({ items: rest })).status, 200);
    await client.until(() => client.of('ticker').at(-1)?.data.complete === true, 'the complete ticker');
    client.cut();
    assert.deepEqual(await incomplete(), []);
    assert.deepEqual(await untilReal().then((all) => all.length), real().length);
    assert.ok((await days()).every(({ complete }) => complete));
    assert.ok(Number((await ticker()).volume) > volume);
    assert.equal(Number((await ticker()).volume), (made + 1) * 0.5);
    await app.close();
    await start();
    assert.deepEqual([(await ticker()).complete, await incomplete()], [true, []]);
  });

  function isIn(time: number, minute: string): boolean {
    return Math.floor(time / MINUTE) * MINUTE === Date.parse(minute);
  }

  async function days(): Promise<Listed[]> {
    const path = `/v1/market/candles?symbol=${SYMBOL}&interval=1d`;
    return (await app.call('GET', path, { as: user })).body.items;
  }
});
