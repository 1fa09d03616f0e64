import assert from 'node:assert/strict';
import { systemClock } from '../../../../lib/clock.ts';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import { decodeMarketRecord } from '../../../../streams/channels/record-codec.ts';
import { MarketWriter } from '../../../../streams/market/writer/market-writer.ts';
import { Market } from '../../../../streams/market/market.ts';
import { RedisBroker } from '../../../../streams/redis/redis-broker.ts';
import { RedisLeases } from '../../../../streams/redis/redis-leases.ts';
import type { MarketRecord } from '../../../../streams/channels/record.ts';
import type { Feed, TickSink } from '../../../../streams/market/market-feed.ts';
import type { Tick } from '../../../../streams/market/tick.ts';
import { eventually } from '../../../support/eventually.ts';
import { quiet } from '../../../support/log-watch.ts';
import { redisAvailable, startRedisServer, type RedisServer } from '../../../support/redis-server.ts';

const common = { clock: systemClock, random: Math.random, log: quiet };

async function until(condition: () => boolean): Promise<void> {
  await eventually(condition, 'the condition');
}

import { feedSource } from '../../../support/feed-source.ts';
describe('two nodes of a market on one Redis', () => {
  let server: RedisServer;
  const closing: (() => Promise<void>)[] = [];

  before(async function () {
    if (!redisAvailable()) this.skip();
    server = await startRedisServer();
  });
  after(() => server?.stop());
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const time = systemClock.now();
  const tick = (id: number, symbol = 'BTC/KRW'): Tick => ({
    symbol,
    price: String(1_000 + id),
    quantity: '1',
    side: 'buy',
    time: time + id,
    tradeId: String(id),
    exchange: 'upbit',
    simulated: false,
  });

  let nodes = 0;
  async function node(prefix: string) {
    const bounds = () => ({ events: 100_000, bytes: 100_000_000, ageMs: 600_000 });
    const broker = new RedisBroker({
      ...common,
      url: server.url,
      prefix,
      bounds,
      headCheckMs: 50,
      commandTimeoutMs: 200,
    });
    closing.unshift(() => broker.close());
    const leases = new RedisLeases({ ...common, redis: server.url, prefix, leaseMs: 60_000 });
    closing.unshift(() => leases.close());
    const market = new Market({ ...common, broker, lastCloses: async () => [] });
    await market.start();
    closing.unshift(() => market.close());
    let sink: TickSink | null = null;
    let starts = 0;
    const feed: Feed = {
      start: (given) => {
        sink = given;
        starts += 1;
      },
      status: () => ({ feed: 'hand', state: 'running', detail: null, lastTickAt: null, ticks: 0 }),
      close: async () => {},
    };
    const writer = new MarketWriter({
      ...common,
      broker,
      leases,
      node: `node ${(nodes += 1)}`,
      market,
      feeds: [feedSource(() => feed)],
      recentCandles: async () => [],
      saveCandles: async () => {},
    });
    await writer.start();
    closing.unshift(() => writer.close());
    await until(() => writer.statuses()[0]?.state !== 'starting');
    return { broker, market, writer, tell: (...ticks: Tick[]) => sink?.(ticks), starts: () => starts };
  }

  it('agree on every ticker, whichever node a tick came in on', async () => {
    const a = await node('agree:');
    const b = await node('agree:');
    assert.deepEqual([a.writer.statuses()[0]?.state, b.writer.statuses()[0]?.state], ['running', 'standby']);
    for (let id = 0; id < 100; id += 4) {
      await a.tell(tick(id), tick(id + 1));
      const head = await a.broker.head(MARKET_LOG);
      await until(() => b.market.position.offset >= head.offset);
      const { offset } = await b.writer.intake.push([tick(id + 2), tick(id + 3, 'ETH/KRW')]);
      await until(() => a.market.position.offset >= offset && b.market.position.offset >= offset);
    }
    assert.deepEqual(a.market.tickers(), b.market.tickers());
    assert.equal(a.market.ticker('BTC/KRW')?.volume, '75');
    assert.equal(a.market.ticker('ETH/KRW')?.volume, '25');
  });

  it('publish each tick of the feed once, in order, though Redis stops answering and answers late', async () => {
    const { broker, market, writer, tell } = await node('freeze:');
    await node('freeze:');
    let next = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 10; i += 1) await tell(tick(next++), tick(next++));
      server.pause();
      // Frozen, it has the command in its socket, and will carry it out when it wakes.
      const told = Promise.all([tell(tick(next++), tick(next++)), tell(tick(next++))]);
      await until(() => writer.statuses()[0]?.state === 'retrying');
      server.resume();
      await told;
      assert.equal(writer.statuses()[0]?.state, 'running');
    }
    const { epoch, offset } = await broker.head(MARKET_LOG);
    const page = await broker.history(MARKET_LOG, { epoch, offset: 0 }, 100_000);
    assert.ok('events' in page);
    const records = page.events.map((event): MarketRecord => JSON.parse(event.data));
    const ids = records.flatMap((record) => (record.type === 'tick' ? [Number(record.trade?.tradeId)] : []));
    assert.deepEqual(
      ids,
      Array.from({ length: next }, (_, id) => id),
    );
    await until(() => market.position.offset >= offset);
    assert.equal(market.ticker('BTC/KRW')?.volume, String(next));
  });

  it('say again how the feeds are when Redis has lost the log', async () => {
    const { broker, starts } = await node('forgotten:');
    const isTold = async (): Promise<boolean> => {
      const { entries } = await broker.state(MARKET_LOG);
      return entries.some(({ key }) => key === 'feed:hand');
    };
    await eventually(isTold, 'the feed to be told of');
    await server.restart({ keepData: false });
    await eventually(() => isTold().catch(() => false), 'the feed to be told of again');
    assert.equal(starts(), 1, 'a new term would tell all the same');
  });

  it('publish a tick again, once, when Redis has lost the log with it', async () => {
    const { broker, market, writer, tell } = await node('lost:');
    await tell(tick(0), tick(1));
    server.pause();
    const told = Promise.all([tell(tick(2), tick(3)), tell(tick(4))]);
    await until(() => writer.statuses()[0]?.state === 'retrying');
    await server.restart({ keepData: false });
    await told;
    const { epoch, offset } = await broker.head(MARKET_LOG);
    const page = await broker.history(MARKET_LOG, { epoch, offset: 0 }, 100_000);
    assert.ok('events' in page);
    const records = page.events.map(({ data }) => decodeMarketRecord(data));
    const ids = records.flatMap((record) => (record.type === 'tick' ? [record.trade?.tradeId] : []));
    assert.deepEqual(ids, ['2', '3', '4']);
    await until(() => market.position.epoch === epoch && market.position.offset >= offset);
    assert.equal(market.ticker('BTC/KRW')?.volume, '5');
  });
});
