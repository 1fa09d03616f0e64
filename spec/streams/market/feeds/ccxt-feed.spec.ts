import assert from 'node:assert/strict';
import { systemClock } from '../../../../lib/clock.ts';
import { CcxtFeed, type CcxtOptions } from '../../../../streams/market/feeds/ccxt-feed.ts';
import { eventually } from '../../../support/eventually.ts';
import { quiet, watchedLogger } from '../../../support/log-watch.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { CollectingSink } from '../../../support/tick-sink.ts';
import { recorded, startUpbit, type UpbitMessage, type UpbitServer } from '../../../support/upbit-server.ts';

const [snapshot, realtime] = recorded.trade;
assert.ok(snapshot !== undefined && realtime !== undefined);

/** A recorded trade, under another id and price. */
function trade(id: number, changes: Partial<UpbitMessage> = {}): UpbitMessage {
  assert.ok(realtime !== undefined);
  const time = realtime.trade_timestamp + id;
  return { ...realtime, trade_timestamp: time, sequential_id: `${time}0000`, ...changes };
}

describe('the ccxt feed, on a server that speaks as Upbit does', function () {
  let upbit: UpbitServer;
  let collected: CollectingSink;
  const feeds: CcxtFeed[] = [];

  beforeEach(async () => {
    upbit = await startUpbit();
    collected = new CollectingSink();
  });
  afterEach(async () => {
    for (const feed of feeds.splice(0)) await feed.close();
    await upbit.stop();
  });

  function open(options: Partial<CcxtOptions> = {}): CcxtFeed {
    const feed = new CcxtFeed({
      exchange: 'upbit',
      symbols: ['BTC/KRW'],
      channel: 'trades',
      ws: upbit.ws,
      rest: upbit.rest,
      clock: systemClock,
      // The shortest delays that jitter can give.
      random: () => 0.01,
      log: quiet,
      ...options,
    });
    feeds.push(feed);
    return feed;
  }

  async function untilState(feed: CcxtFeed, state: string): Promise<void> {
    await eventually(() => feed.status().state === state, `the state ${state}`, { everyMs: 0 });
  }

  it('turns recorded trades into ticks, figure by figure', async () => {
    const feed = open();
    assert.equal(feed.status().state, 'starting');
    feed.start(collected.sink);
    await collected.received(1);
    upbit.send(realtime);
    await collected.received(2);
    const common = { symbol: 'BTC/KRW', side: 'buy', exchange: 'upbit', simulated: false };
    assert.deepEqual(collected.ticks, [
      {
        ...common,
        price: '89888000',
        quantity: '0.01112495',
        time: 1786613086090,
        tradeId: '17866130860480000',
      },
      // Recorded as 5.673e-05.
      {
        ...common,
        price: '89888000',
        quantity: '0.00005673',
        time: 1786613091500,
        tradeId: '17866130914490000',
      },
    ]);
    assert.equal(feed.status().state, 'running');
    assert.equal(feed.status().feed, 'ccxt:upbit');
  });

  it('subscribes to several symbols in one message, and tells them apart', async () => {
    const feed = open({ symbols: ['BTC/KRW', 'ETH/KRW'] });
    feed.start(collected.sink);
    await collected.received(1);
    upbit.send(trade(1, { code: 'KRW-ETH', trade_price: 2_500_000, ask_bid: 'ASK' }));
    await collected.received(2);
    assert.equal(collected.ticks[1]?.symbol, 'ETH/KRW');
    assert.equal(collected.ticks[1]?.price, '2500000');
    assert.equal(collected.ticks[1]?.side, 'sell');
    assert.equal(upbit.subscriptions.length, 1);
  });

  it('loses no trade of a burst, and keeps their order', async () => {
    const feed = open();
    feed.start(collected.sink);
    await collected.received(1);
    const ids = Array.from({ length: 500 }, (_, i) => i + 1);
    for (const id of ids) upbit.send(trade(id, { trade_volume: id }));
    await collected.received(501);
    assert.deepEqual(
      collected.ticks.slice(1).map((tick) => tick.quantity),
      ids.map(String),
    );
  });

  it('connects anew after a cut, subscribes again, and does not repeat the snapshot', async () => {
    const feed = open();
    feed.start(collected.sink);
    await collected.received(1);
    upbit.cut();
    await untilState(feed, 'retrying');
    assert.notEqual(feed.status().detail, null);
    await upbit.subscribed(2);
    upbit.send(trade(1));
    await collected.received(2);
    assert.equal(feed.status().state, 'running');
    assert.equal(feed.status().detail, null);
    assert.deepEqual(
      collected.ticks.map((tick) => tick.tradeId),
      [snapshot.sequential_id, trade(1).sequential_id],
    );
  });

  it('keeps trying while the exchange is down, and recovers by itself', async () => {
    const feed = open();
    feed.start(collected.sink);
    await collected.received(1);
    await upbit.stop();
    await untilState(feed, 'retrying');
    await upbit.restart();
    await upbit.subscribed(2);
    upbit.send(trade(2));
    await collected.received(2);
    assert.equal(feed.status().state, 'running');
  });

  it('reads tickers where asked to: prices without a quantity', async () => {
    const feed = open({ channel: 'ticker' });
    feed.start(collected.sink);
    await collected.received(1);
    const [, ticker] = recorded.ticker;
    assert.ok(ticker !== undefined);
    upbit.send(ticker);
    await collected.received(2);
    assert.deepEqual(
      collected.ticks.map(({ price, quantity, time }) => ({ price, quantity, time })),
      [
        { price: '89886000', quantity: null, time: 1786613070200 },
        { price: '89887000', quantity: null, time: 1786613071880 },
      ],
    );
  });

  it('says what it cannot find, and tries again', async () => {
    for (const [options, detail] of [
      [{ symbols: ['NO/KRW'] }, /^upbit lists none of the symbols; upbit does not list NO\/KRW$/],
      [{ exchange: 'nowhere' }, /ccxt knows no exchange "nowhere"/],
      [{ exchange: 'constructor' }, /ccxt knows no exchange/],
      [
        { load: () => Promise.reject(new Error('Cannot find package')) },
        /ccxt is not installed: run "npm install/,
      ],
    ] as const) {
      const feed = open(options);
      feed.start(collected.sink);
      await untilState(feed, 'retrying');
      assert.match(feed.status().detail ?? '', detail);
      await feed.close();
      assert.equal(feed.status().state, 'ended');
    }
    assert.deepEqual(collected.ticks, []);
  });

  it('watches the symbols that are listed; the others are an error in the log, once, and in its status', async () => {
    const lines: string[] = [];
    const log = watchedLogger((line) => lines.push(line));
    const feed = open({ symbols: ['NO/KRW', 'BTC/KRW'], log });
    feed.start(collected.sink);
    await collected.received(1);
    assert.equal(feed.status().state, 'running');
    assert.equal(feed.status().detail, 'upbit does not list NO/KRW');
    upbit.cut();
    await upbit.subscribed(2);
    upbit.send(trade(1));
    await collected.received(2);
    const told = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
    assert.deepEqual(
      told.map(({ msg, symbols }) => ({ msg, symbols })),
      [{ msg: 'upbit does not list NO/KRW', symbols: ['NO/KRW'] }],
    );
  });

  it('connects anew though a request to the exchange hangs after the connection has closed', async () => {
    let connections = 0;
    class Hanging {
      has = { watchTrades: true };
      urls = { api: {} };
      markets = { 'BTC/KRW': {}, 'ETH/KRW': {} };
      clients = {};
      constructor() {
        connections += 1;
      }
      async loadHttpProxyAgent(): Promise<void> {}
      async loadMarkets(): Promise<void> {}
      watchTrades(symbol: string): Promise<never> {
        return symbol === 'BTC/KRW' ? Promise.reject(new Error('cut')) : new Promise(() => undefined);
      }
      close(): Promise<never> {
        return new Promise(() => undefined);
      }
    }
    const clock = new VirtualClock();
    const load = async (): Promise<unknown> => ({ pro: { upbit: Hanging } });
    const feed = open({ symbols: ['BTC/KRW', 'ETH/KRW'], clock, load });
    feed.start(collected.sink);
    await clock.advance(60_000);
    assert.ok(connections > 1, `${connections}`);
    const closed = feed.close();
    await clock.advance(5_000);
    await closed;
    assert.equal(clock.pending, 0);
  });

  it('drops the oldest ticks, and says so, when the log is held up for long', async () => {
    const feed = open();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    feed.start(async (ticks) => {
      if (collected.ticks.length === 0) await Promise.race([collected.sink(ticks), held]);
      if (collected.ticks.length === 1) await held;
      if (ticks.length > 1) await collected.sink(ticks);
    });
    await collected.received(1);
    for (let id = 1; id <= 10_100; id += 1) upbit.send(trade(id, { trade_volume: id }));
    await eventually(() => feed.status().detail?.includes('dropped'), 'dropped ticks');
    release();
    await collected.received(1_000);
    assert.match(feed.status().detail ?? '', /ticks dropped while the log was held up/);
  });
});
