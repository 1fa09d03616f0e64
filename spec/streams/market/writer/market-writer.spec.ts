import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { foldCandles, minuteCandles } from '../../../../db/market/candle-folds.ts';
import { lastCloses, upsertCandles, type Candle } from '../../../../db/market/candles.ts';
import { decimal, fixed } from '../../../../lib/money/money.ts';
import {
  BrokerUnavailableError,
  type LogListener,
  type Payload,
  type PublishOptions,
} from '../../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import { unpackCandle } from '../../../../streams/channels/packed-candle.ts';
import { ReplayFeed } from '../../../../streams/market/feeds/replay-feed.ts';
import { type MarketTick, parseTick } from '../../../../streams/market/market-tick.ts';
import { MarketWriter, type MarketWriterOptions } from '../../../../streams/market/writer/market-writer.ts';
import { Market } from '../../../../streams/market/market.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../../streams/memory/memory-leases.ts';
import type { MarketRecord, TickRecord } from '../../../../streams/channels/record.ts';
import type { CandleBody } from '../../../../lib/schemas/candle-schema.ts';
import type { Feed, FeedGap, FeedStatus, TickSink } from '../../../../streams/market/market-feed.ts';
import type { Tick } from '../../../../streams/market/tick.ts';
import { openInMemory } from '../../../support/databases.ts';
import { eventually } from '../../../support/eventually.ts';
import { feedSource } from '../../../support/feed-source.ts';
import { quiet } from '../../../support/log-watch.ts';
import { tickerOf } from '../../../support/ticker-oracle.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const START = Date.UTC(2024, 0, 1);
const DAY = 86_400_000;

/** A feed in the test's hand. */
class HandFeed implements Feed {
  sink: TickSink | null = null;
  closed = false;
  miss: (gap: FeedGap) => void = () => {};
  start(sink: TickSink, _changed?: () => void, missed?: (gap: FeedGap) => void): void {
    this.sink = sink;
    if (missed !== undefined) this.miss = missed;
  }
  status(): FeedStatus {
    return {
      feed: 'hand',
      state: this.closed ? 'ended' : 'running',
      detail: null,
      lastTickAt: null,
      ticks: 0,
    };
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  async tell(...ticks: Tick[]): Promise<void> {
    assert.ok(this.sink !== null, 'the feed was not started');
    await this.sink(ticks);
  }
}

/** Breaks on demand, before or after carrying out the command. */
class FragileBroker extends MemoryBroker {
  failure: 'before' | 'after' | null = null;
  away = false;
  override async publish(log: string, events: readonly Payload[], options?: PublishOptions) {
    const { failure } = this;
    this.failure = null;
    if (this.away || failure === 'before') throw new BrokerUnavailableError();
    const position = await super.publish(log, events, options);
    if (failure === 'after') throw new BrokerUnavailableError();
    return position;
  }
  /** Deliveries that are on their way until they are let go; `null`: none is held. */
  held: (() => void)[] | null = null;
  override async subscribe(log: string, listener: LogListener) {
    return await super.subscribe(log, {
      ...listener,
      events: (epoch, events) => {
        const deliver = (): void => listener.events(epoch, events);
        if (this.held === null) deliver();
        else this.held.push(deliver);
      },
    });
  }
  deliver(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const each of held) each();
  }
  override async head(log: string) {
    if (this.away) throw new BrokerUnavailableError();
    return await super.head(log);
  }
}

function tick(time: number, price: string, changes: Partial<Tick> = {}): Tick {
  return {
    symbol: 'BTC/KRW',
    price,
    quantity: '1',
    side: 'buy',
    time: START + time,
    tradeId: null,
    exchange: 'upbit',
    simulated: false,
    ...changes,
  };
}

describe('the market writer', () => {
  let clock: VirtualClock;
  let broker: FragileBroker;
  let leases: MemoryLeases;
  let saved: Candle[];
  const open: { market: Market; writer: MarketWriter }[] = [];

  beforeEach(() => {
    clock = new VirtualClock(START);
    const bounds = () => ({ events: 100_000, bytes: 100_000_000, ageMs: 86_400_000 });
    broker = new FragileBroker({ clock, bounds, random: Math.random });
    leases = new MemoryLeases();
    saved = [];
  });
  afterEach(async () => {
    broker.away = false;
    for (const { market, writer } of open.splice(0)) {
      await writer.close();
      await market.close();
    }
    await leases.close();
    await broker.close();
    assert.equal(clock.pending, 0, 'timers are left');
  });

  /** One node: its own market and writer on the broker that all share. */
  async function node(options: Partial<MarketWriterOptions> = {}) {
    const feeds: HandFeed[] = [];
    const market = new Market({ broker, clock, random: () => 0.5, log: quiet, lastCloses: async () => [] });
    await market.start();
    const writer = new MarketWriter({
      broker,
      leases,
      node: `node ${open.length}`,
      market,
      feeds: [
        feedSource(() => {
          const feed = new HandFeed();
          feeds.push(feed);
          return feed;
        }),
      ],
      recentCandles: async () => [],
      saveCandles: async (list) => void saved.push(...list),
      clock,
      random: () => 0.5,
      log: quiet,
      ...options,
    });
    open.push({ market, writer });
    await writer.start();
    await clock.advance(0);
    return { market, writer, feeds };
  }

  async function records(): Promise<MarketRecord[]> {
    const { epoch } = await broker.head(MARKET_LOG);
    const page = await broker.history(MARKET_LOG, { epoch, offset: 0 }, 100_000);
    assert.ok('events' in page);
    return page.events.map((event): MarketRecord => JSON.parse(event.data));
  }
  const tickRecords = async (): Promise<TickRecord[]> =>
    (await records()).filter((record) => record.type === 'tick');
  const candleBodies = async (): Promise<CandleBody[]> =>
    (await records()).flatMap((record) =>
      record.type !== 'candle'
        ? []
        : record.candles
            .filter(([interval]) => interval === '1m' && record.unchanged?.includes('1m') !== true)
            .map((packed) => unpackCandle(record.symbol, packed)),
    );
  const prices = async (): Promise<(string | undefined)[]> =>
    (await tickRecords()).map((record) => record.trade?.price ?? record.ticker?.price);

  function only<T>(list: readonly T[]): T {
    const [first] = list;
    assert.ok(first !== undefined && list.length === 1, `${list.length} instead of one`);
    return first;
  }

  it('publishes each tick with its trade and its ticker, which the market then tells', async () => {
    const { market, writer, feeds } = await node();
    await only(feeds).tell(
      tick(0, '100', { quantity: '2', tradeId: 'a' }),
      tick(10, '110', { quantity: '1', side: 'sell' }),
    );
    const [first, second] = await tickRecords();
    assert.deepEqual(first?.trade, {
      symbol: 'BTC/KRW',
      tradeId: 'a',
      side: 'buy',
      price: '100',
      quantity: '2',
      time: '2024-01-01T00:00:00.000Z',
      exchange: 'upbit',
      simulated: false,
    });
    assert.deepEqual(second?.ticker, {
      symbol: 'BTC/KRW',
      price: '110',
      change: '10',
      changeRate: '0.1',
      high: '110',
      low: '100',
      volume: '3',
      quoteVolume: '310',
      time: '2024-01-01T00:00:00.010Z',
      asOf: '2024-01-01T00:00:00.000Z',
      exchange: 'upbit',
      feed: 'hand',
      status: 'live',
      complete: true,
      simulated: false,
    });
    assert.deepEqual(market.ticker('BTC/KRW'), second.ticker);
    assert.deepEqual(market.price('BTC/KRW'), {
      price: fixed('110'),
      time: START + 10,
      simulated: false,
      isAged: false,
    });
    assert.deepEqual(writer.statuses(), [
      {
        feed: 'hand',
        state: 'running',
        since: START,
        silentSince: null,
        detail: null,
        lastTickAt: START,
        ticks: 2,
        closed: [],
        aheadMs: 0,
      },
    ]);
  });

  it('never moves the price back for a late tick, and shows it in the 24 hours at once', async () => {
    const { market, feeds } = await node();
    await only(feeds).tell(
      tick(1_000, '100'),
      tick(500, '50'),
      tick(400, '40', { quantity: null }),
      tick(1_000, '101'),
    );
    const all = await tickRecords();
    assert.deepEqual(
      all.map(({ ticker, trade }) => [ticker?.price, ticker?.low, ticker?.volume, trade?.price ?? null]),
      [
        ['100', '100', '1', '100'],
        ['100', '50', '2', '50'],
        ['100', '40', '2', null],
        ['101', '40', '3', '101'],
      ],
    );
    assert.deepEqual(
      all.map(({ ticker }) => ticker?.time),
      Array.from({ length: 4 }, () => '2024-01-01T00:00:01.000Z'),
    );
    assert.equal(market.ticker('BTC/KRW')?.price, '101');
    assert.equal(market.ticker('BTC/KRW')?.low, '40');
    assert.equal(market.ticker('BTC/KRW')?.volume, '3');
    const mark = market.price('BTC/KRW');
    await only(feeds).tell(tick(900, '90'));
    const { entries } = await broker.state(MARKET_LOG);
    const newest: TickRecord = JSON.parse(only(entries.filter(({ key }) => key?.startsWith('ticker:'))).data);
    assert.deepEqual([newest.ticker?.price, newest.ticker?.volume], ['101', '4']);
    assert.equal(market.price('BTC/KRW'), mark, 'the very same mark');
  });

  it('tells on every node what a look through all ticks tells, however late they come', async () => {
    const lateness = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 90_000 }),
      fc.integer({ min: 0, max: 2 * DAY }),
    );
    const step = fc.record({
      step: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: DAY })),
      lateness,
      price: fc.integer({ min: 1, max: 1_000 }),
      quantity: fc.option(fc.integer({ min: 1, max: 50 })),
      node: fc.integer({ min: 0, max: 1 }),
    });
    const nodes = [await node({ feeds: [] }), await node({ feeds: [] })];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const symbol = `RUN${(run += 1)}/KRW`;
        const seen: MarketTick[] = [];
        let passed = -40 * DAY;
        for (const each of steps) {
          passed += each.step;
          const quantity = each.quantity === null ? null : String(each.quantity);
          const told = tick(passed - each.lateness, String(each.price), { symbol, quantity });
          await nodes[each.node]?.writer.intake.push([told]);
          await clock.advance(0);
          seen.push(parseTick(told, { now: clock.now(), feed: 'push' }));
          const expected = tickerOf(seen);
          for (const { market } of nodes) assert.deepEqual(market.ticker(symbol), expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not let a tick that is far ahead of the clock hold the price', async () => {
    const { market, feeds } = await node();
    await only(feeds).tell(tick(59_000, '100'));
    assert.equal(market.ticker('BTC/KRW')?.time, '2024-01-01T00:00:01.000Z');
    await clock.advance(1_000);
    await only(feeds).tell(tick(999, '99'), tick(1_000, '101'));
    assert.deepEqual(
      (await tickRecords()).map(({ ticker, trade }) => [ticker?.price, ticker?.time, trade?.time]),
      [
        ['100', '2024-01-01T00:00:01.000Z', '2024-01-01T00:00:59.000Z'],
        ['100', '2024-01-01T00:00:01.000Z', '2024-01-01T00:00:00.999Z'],
        ['101', '2024-01-01T00:00:01.000Z', '2024-01-01T00:00:01.000Z'],
      ],
    );
  });

  it('is not held up by a clock that is slow: ticks count in the order they come', async () => {
    const { market, feeds } = await node();
    for (let n = 0; n < 5; n += 1) {
      await only(feeds).tell(tick(n * 1_000 + 20_000, String(100 + n)));
      assert.equal(market.ticker('BTC/KRW')?.price, String(100 + n));
      await clock.advance(1_000);
    }
  });

  it('refuses what makes no sense, says so, and takes the rest', async () => {
    const { writer, feeds } = await node();
    await only(feeds).tell(
      tick(0, '-1'),
      tick(0, '1e5'),
      tick(0, '1', { quantity: '0' }),
      tick(0, '1', { symbol: 'KRW-BTC' }),
      tick(Number.NaN, '1'),
      tick(60_001, '1'),
      tick(60_000, '7'),
    );
    assert.deepEqual(await prices(), ['7']);
    assert.equal(writer.statuses()[0]?.ticks, 1);
    assert.equal(
      writer.statuses()[0]?.detail,
      '6 ticks refused; the last one, of BTC/KRW, has a time in the future',
    );
  });

  describe('trades that were missed', () => {
    const symbol = 'BTC/KRW';
    const gap = { symbol, from: START + 70_000, to: START + 95_000 };

    it('are told in their place, and show in the ticker and in every candle of their time, on all nodes', async () => {
      const a = await node();
      const b = await node();
      await only(a.feeds).tell(tick(1_000, '100'));
      await clock.advance(60_000);
      await only(a.feeds).tell(tick(61_000, '101'));
      await clock.advance(40_000);
      only(a.feeds).miss(gap);
      await only(a.feeds).tell(tick(100_000, '102'));
      await clock.advance(30_000);
      const told = (await records()).filter(({ type }) => type === 'tick' || type === 'gap');
      assert.deepEqual(
        told.map((record) => (record.type === 'gap' ? record : record.type)),
        [
          'tick',
          'tick',
          { type: 'gap', by: ['node 0', 3], symbol, from: gap.from, to: gap.to, feed: 'hand' },
          'tick',
          'tick',
        ],
      );
      for (const { market } of [a, b]) {
        assert.equal(market.ticker(symbol)?.complete, false);
        assert.equal(market.gaps.isWhole(symbol, START, START + 70_000), true);
        assert.equal(market.gaps.isWhole(symbol, START, START + 70_001), false);
      }
      const minutes = new Map((await candleBodies()).map((body) => [body.time, body.complete]));
      assert.deepEqual([...minutes.entries()].sort(), [
        ['2024-01-01T00:00:00.000Z', true],
        ['2024-01-01T00:01:00.000Z', false],
      ]);
      const state = (await broker.state(MARKET_LOG)).entries.find(({ key }) => key === `candle:${symbol}`);
      const current: MarketRecord = JSON.parse(state?.data ?? '');
      assert.ok(current.type === 'candle');
      assert.deepEqual(
        new Set(current.candles.map((packed) => unpackCandle(symbol, packed).complete)),
        new Set([false]),
      );
      assert.equal(a.writer.gaps('hand'), 1);
    });

    it('do not make the 24 hours incomplete for longer than they are part of them', async () => {
      const { market, feeds } = await node();
      await only(feeds).tell(tick(60_000, '100'));
      only(feeds).miss(gap);
      await clock.advance(DAY + 59_999);
      await only(feeds).tell(tick(DAY + 59_999, '101'));
      assert.equal(market.ticker(symbol)?.complete, false);
      await clock.advance(60_001);
      await only(feeds).tell(tick(DAY + 120_000, '102'));
      assert.equal(market.ticker(symbol)?.complete, true);
    });

    it('are stored, and again after the database was away', async () => {
      let isAway = true;
      const stored: object[] = [];
      const { feeds } = await node({
        gapStore: {
          endDoubts: async () => [],
          save: async ({ gaps }) => {
            if (isAway) throw new Error('away');
            stored.push(...gaps);
          },
        },
      });
      only(feeds).miss(gap);
      await clock.advance(2_000);
      assert.deepEqual(stored, []);
      isAway = false;
      await clock.advance(1_000);
      assert.deepEqual(stored, [{ ...gap, feed: 'hand' }]);
    });
  });

  describe('candles', () => {
    it('are published at most once a second while they change, and once as closed', async () => {
      const { feeds } = await node();
      const feed = only(feeds);
      for (let second = 0; second < 62; second += 1) {
        await feed.tell(
          tick(second * 1_000, String(100 + second)),
          tick(second * 1_000 + 1, String(100 + second)),
        );
        await clock.advance(1_000);
      }
      await clock.advance(120_000);
      const bodies = (await candleBodies()).filter((candle) => candle.time === '2024-01-01T00:00:00.000Z');
      const closed = bodies.filter((candle) => candle.closed);
      assert.equal(bodies.length, 61, 'sixty while open, one as closed');
      assert.deepEqual(closed, [
        {
          symbol: 'BTC/KRW',
          interval: '1m',
          time: '2024-01-01T00:00:00.000Z',
          open: '100',
          high: '159',
          low: '100',
          close: '159',
          volume: '120',
          quoteVolume: String(2 * (((100 + 159) * 60) / 2)),
          trades: 120,
          closed: true,
          simulated: false,
          complete: true,
        },
      ]);
      const second = (await candleBodies()).filter((candle) => candle.time === '2024-01-01T00:01:00.000Z');
      assert.equal(second.filter((candle) => candle.closed).length, 1);
    });

    it('are saved every second and on closing, and again after the database was away', async () => {
      let works = false;
      const { writer, feeds } = await node({
        saveCandles: async (list) => {
          if (!works) throw new Error('no database');
          saved.push(...list);
        },
      });
      await only(feeds).tell(tick(0, '100'));
      await clock.advance(1_000);
      assert.match(writer.statuses()[0]?.detail ?? '', /candles cannot be saved \(0 lost\).*no database/);
      assert.equal(writer.statuses()[0]?.state, 'running');
      works = true;
      await clock.advance(1_000);
      assert.deepEqual(
        saved.map((candle) => candle.trades),
        [1],
      );
      assert.equal(writer.statuses()[0]?.detail, null);
      await only(feeds).tell(tick(2_000, '101'));
      await writer.close();
      assert.deepEqual(
        saved.map((candle) => candle.trades),
        [1, 2],
      );
    });

    it('hold late trades of minutes that are long stored, whatever fails in between', async () => {
      const database = await openInMemory();
      try {
        const { knex } = database;
        let isAway = false;
        const away = (): void => {
          if (isAway) throw new Error('away');
        };
        const stored = (): Promise<Candle[]> =>
          minuteCandles(knex, [{ symbol: 'BTC/KRW', from: START, to: START + DAY }]);
        const { feeds, market } = await node({
          saveCandles: async (list) => {
            away();
            await upsertCandles(knex, list, 'merge');
          },
          candleHistory: {
            fold: async (windows) => await foldCandles(knex, windows),
            minutes: async (ranges) => {
              away();
              return await minuteCandles(knex, ranges);
            },
          },
        });
        const feed = only(feeds);
        for (let minute = 0; minute < 12; minute += 1) {
          await feed.tell(tick(minute * 60_000, '100'));
          await clock.advance(30_000);
          await feed.tell(tick(minute * 60_000 + 30_000, '102'));
          await clock.advance(30_000);
          await eventually(async () => (await stored()).length > minute, 'the minute to be stored');
        }
        isAway = true;
        await feed.tell(tick(40_000, '101'), tick(20_000, '90', { quantity: '3' }), tick(130_000, '95'));
        await clock.advance(2_000);
        isAway = false;
        await clock.advance(1_000);
        await eventually(async () => (await stored())[0]?.trades === 4, 'the late trades to be stored');
        assert.deepEqual(
          (await stored())
            .slice(0, 3)
            .map(({ open: first, high, low, close, volume, trades }) =>
              [first, high, low, close, volume].map(decimal).concat(String(trades)),
            ),
          [
            ['100', '102', '90', '101', '6', '4'],
            ['100', '102', '100', '102', '2', '2'],
            ['100', '102', '95', '102', '3', '3'],
          ],
        );
        assert.equal(market.ticker('BTC/KRW')?.volume, '29');
      } finally {
        await database.close();
      }
    });

    it('never hold a tick up, however slow the database', async () => {
      let release = (): void => {};
      const { feeds } = await node({
        saveCandles: () => new Promise<void>((resolve) => (release = resolve)),
      });
      await only(feeds).tell(tick(0, '100'));
      await clock.advance(5_000);
      await only(feeds).tell(tick(5_000, '105'));
      assert.deepEqual(await prices(), ['100', '105']);
      release();
      // Closing waits for this save, and for the one that follows it.
      const closing = open[0]?.writer.close();
      await clock.advance(0);
      release();
      await closing;
    });

    it('and the last 24 hours go on after a restart', async () => {
      const candle = {
        symbol: 'BTC/KRW',
        time: START,
        closeTime: START + 9_000,
        open: fixed('90'),
        high: fixed('120'),
        low: fixed('80'),
        close: fixed('95'),
        volume: fixed('5'),
        quoteVolume: fixed('500'),
        trades: 4,
        simulated: false,
      };
      const { market, feeds } = await node({ recentCandles: async () => [candle] });
      await only(feeds).tell(tick(10_000, '100'));
      const { change, high, low, volume } = market.ticker('BTC/KRW') ?? {};
      assert.deepEqual({ change, high, low, volume }, { change: '10', high: '120', low: '80', volume: '6' });
      await clock.advance(1_000);
      assert.equal(saved[0]?.trades, 5);
      assert.equal(saved[0]?.open, fixed('90'));
    });
  });

  describe('longer candles', () => {
    const longerOf = async (interval: string): Promise<CandleBody[]> =>
      (await records()).flatMap((record) =>
        record.type !== 'candle'
          ? []
          : record.candles
              .filter((packed) => packed[0] === interval)
              .map((packed) => unpackCandle(record.symbol, packed)),
      );

    it('come again when the broker did not take them, though no tick follows', async () => {
      const { feeds } = await node();
      await only(feeds).tell(tick(58_000, '100'));
      await clock.advance(1_000);
      broker.away = true;
      await clock.advance(299_000);
      broker.away = false;
      await clock.advance(5_000);
      const closed = (await longerOf('5m')).filter((body) => body.closed);
      assert.deepEqual(
        closed.map(({ close }) => close),
        ['100'],
      );
    });

    it('never hold a tick up, however slowly the database is read', async () => {
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      const { feeds, writer } = await node({
        candleHistory: {
          fold: async (windows) => {
            await gate;
            return windows.map(() => null);
          },
          minutes: async () => [],
        },
      });
      await only(feeds).tell(tick(0, '100'));
      await clock.advance(5_000);
      await only(feeds).tell(tick(5_000, '105'));
      assert.deepEqual(await prices(), ['100', '105']);
      assert.deepEqual(await longerOf('1d'), []);
      const closing = writer.close();
      release();
      await closing;
    });

    it('are pruned once an hour by the node that runs the feed, and by no other', async () => {
      const pruned: string[] = [];
      const prune = (name: string) => ({
        pruneCandles: async () => {
          pruned.push(name);
          throw new Error('the database is busy');
        },
      });
      const a = await node(prune('a'));
      await node(prune('b'));
      await clock.advance(3 * 3_600_000 - 1_000);
      assert.deepEqual(pruned, ['a', 'a', 'a']);
      await a.writer.close();
      await clock.advance(3_000);
      assert.deepEqual(pruned, ['a', 'a', 'a', 'b']);
    });
  });

  describe('pushed ticks', () => {
    it('are published at once, and are in the market when the call returns', async () => {
      const { market, writer } = await node();
      const position = await writer.intake.push([tick(0, '100'), tick(1, '101')]);
      assert.deepEqual(position, market.position);
      assert.equal(market.ticker('BTC/KRW')?.price, '101');
      assert.equal(writer.ticks.get('push'), 2);
    });

    it('are refused as a whole when one of them makes no sense, naming it', async () => {
      const { market, writer } = await node();
      const before = market.position;
      await assert.rejects(
        writer.intake.push([tick(0, '100'), tick(0, '-1'), tick(0, '1', { symbol: '?' })]),
        {
          slug: 'invalid-request',
          errors: [
            { pointer: '/items/1', detail: '`items/1` has a price that is not a positive decimal number.' },
            { pointer: '/items/2', detail: '`items/2` has no valid symbol.' },
          ],
        },
      );
      assert.deepEqual(market.position, before);
    });

    it('are refused with 409 when there are too many symbols', async () => {
      const { writer } = await node();
      const many = Array.from({ length: 5_001 }, (_, i) => tick(0, '1', { symbol: `C${i}/KRW` }));
      await assert.rejects(writer.intake.push(many), { slug: 'conflict', status: 409 });
      await writer.intake.push(many.slice(0, 5_000));
      await assert.rejects(writer.intake.push(many.slice(5_000)), { slug: 'conflict' });
      await writer.intake.push(many.slice(0, 1));
    });

    it('are refused with 503 while the broker is away', async () => {
      const { writer } = await node();
      broker.away = true;
      await assert.rejects(writer.intake.push([tick(0, '100')]), { slug: 'unavailable', status: 503 });
      broker.away = false;
      await writer.intake.push([tick(1, '101')]);
      assert.deepEqual(await prices(), ['101']);
    });

    it('are refused after closing', async () => {
      const { writer } = await node();
      await writer.close();
      await assert.rejects(writer.intake.push([tick(0, '100')]), { slug: 'unavailable' });
    });
  });

  describe('on several nodes', () => {
    it('runs the feed on one, and on the next when that one closes', async () => {
      const a = await node();
      const b = await node();
      assert.equal(a.writer.statuses()[0]?.state, 'running');
      assert.deepEqual([b.feeds.length, b.writer.statuses()[0]?.state], [0, 'standby']);
      await only(a.feeds).tell(tick(0, '100'));
      await clock.advance(1_000);
      await a.writer.close();
      assert.equal(only(a.feeds).closed, true);
      await clock.advance(1_000);
      assert.equal(b.writer.statuses()[0]?.state, 'running');
      await only(b.feeds).tell(tick(2_000, '110'));
      assert.deepEqual(await prices(), ['100', '110']);
      // The one that takes over knows the day so far, and the minute so far.
      assert.equal(b.market.ticker('BTC/KRW')?.change, '10');
      assert.equal(b.market.ticker('BTC/KRW')?.volume, '2');
      await clock.advance(1_000);
      assert.equal(saved[saved.length - 1]?.trades, 2);
      assert.equal(saved[saved.length - 1]?.open, fixed('100'));
    });

    it('saves on the next node what the last one could not, without another tick', async () => {
      const a = await node({ saveCandles: () => Promise.reject(new Error('no database')) });
      await node();
      await only(a.feeds).tell(tick(0, '100'));
      await clock.advance(3_000);
      await a.writer.close();
      assert.equal(saved.length, 0);
      await clock.advance(2_000);
      assert.equal(only(saved).close, fixed('100'));
    });

    it('stops a feed whose lease is lost, and refuses what it still delivers', async () => {
      const a = await node();
      const first = only(a.feeds);
      await leases.close();
      await clock.advance(0);
      assert.equal(first.closed, true);
      await assert.rejects(first.tell(tick(0, '100')));
      assert.equal(a.writer.statuses()[0]?.state, 'standby');
      assert.deepEqual(await prices(), []);
    });

    it('runs the feed again though the last one hangs in closing', async () => {
      const terms: AbortController[] = [];
      const hanging: HandFeed[] = [];
      const { feeds } = await node({
        leases: {
          async acquire() {
            const term = new AbortController();
            terms.push(term);
            return { fence: terms.length, signal: term.signal, release: async () => term.abort() };
          },
          close: async () => undefined,
        },
        feeds: [
          feedSource(() => {
            const feed = new HandFeed();
            if (hanging.length === 0) feed.close = () => new Promise(() => undefined);
            hanging.push(feed);
            return feed;
          }),
        ],
      });
      assert.deepEqual(feeds, []);
      terms[0]?.abort();
      await clock.advance(10_000);
      assert.equal(hanging.length, 2);
      await hanging[1]?.tell(tick(0, '100'));
      assert.deepEqual(await prices(), ['100']);
    });

    it('is fenced off by a writer that has taken over without its knowing', async () => {
      const a = await node();
      await broker.publish(MARKET_LOG, [{ data: '{"type":"other"}' }], { fence: Number.MAX_SAFE_INTEGER });
      await assert.rejects(only(a.feeds).tell(tick(0, '100')), { name: 'FencedError' });
      await clock.advance(0);
      assert.equal(a.feeds[0]?.closed, true);
    });

    it('counts what any node publishes once, on every node', async () => {
      const a = await node();
      const b = await node();
      await b.writer.intake.push([tick(0, '100')]);
      await only(a.feeds).tell(tick(1, '101'));
      await b.writer.intake.push([tick(2, '102'), tick(1, '99')]);
      await a.writer.intake.push([tick(3, '103')]);
      assert.equal(a.market.ticker('BTC/KRW')?.volume, '5');
      assert.deepEqual(a.market.tickers(), b.market.tickers());
      await clock.advance(1_000);
      const candle = only(saved);
      assert.deepEqual([candle.trades, candle.low, candle.close], [5, fixed('99'), fixed('103')]);
    });
  });

  describe('its own records', () => {
    /** The volume that the writer counts, its next tick included. */
    async function volume({ writer, market }: Awaited<ReturnType<typeof node>>) {
      await writer.intake.push([tick(30_000, '100', { quantity: '1' })]);
      return market.ticker('BTC/KRW')?.volume;
    }

    it('are counted once, however many are on their way back', async () => {
      const nodes = await node();
      const count = 20_500;
      broker.held = [];
      await only(nodes.feeds).tell(...Array.from({ length: count }, (_, id) => tick(id, String(100 + id))));
      broker.deliver();
      assert.equal(await volume(nodes), String(count + 1));
    });

    it('are counted once if the log took a batch twice', async () => {
      const nodes = await node();
      await only(nodes.feeds).tell(tick(0, '100'), tick(1, '101'));
      const texts = (await records()).map((record) => ({ data: JSON.stringify(record) }));
      await broker.publish(MARKET_LOG, texts);
      assert.equal(await volume(nodes), '3');
    });

    it('are those of another after a restart', async () => {
      const a = await node();
      await only(a.feeds).tell(tick(0, '100'));
      const text = JSON.stringify(only(await tickRecords()));
      const b = await node();
      // As if it came in after the start: of what was before, the log alone tells no volume.
      await broker.publish(MARKET_LOG, [{ data: text }]);
      assert.equal(await volume(b), '2');
    });

    it('are told from those of a version that did not sign them', async () => {
      const nodes = await node();
      await only(nodes.feeds).tell(tick(0, '100'));
      const { by, ...unsigned } = only(await tickRecords());
      assert.deepEqual(by, ['node 0', 1]);
      await broker.publish(MARKET_LOG, [{ data: JSON.stringify(unsigned) }]);
      assert.equal(await volume(nodes), '3');
    });

    it('are not published again by a node whose lease ends while the outcome is unknown', async () => {
      const a = await node();
      const b = await node();
      broker.failure = 'after';
      const told = assert.rejects(only(a.feeds).tell(tick(0, '100'), tick(1, '101')));
      await clock.advance(0);
      broker.away = true;
      await leases.close();
      await clock.advance(100);
      await told;
      broker.away = false;
      await clock.advance(10_000);
      assert.deepEqual(await prices(), ['100', '101']);
      assert.equal(await volume(b), '3');
      assert.equal(a.market.ticker('BTC/KRW')?.volume, '3');
    });
  });

  describe('when the broker goes away', () => {
    for (const failure of ['before', 'after'] as const) {
      it(`publishes a batch exactly once if the command failed ${failure} it was carried out`, async () => {
        const { writer, feeds } = await node();
        await only(feeds).tell(tick(0, '100'));
        broker.failure = failure;
        const told = only(feeds).tell(tick(1, '101'), tick(2, '102'));
        await clock.advance(0);
        assert.equal(writer.statuses()[0]?.state, 'retrying');
        await clock.advance(10_000);
        await told;
        assert.deepEqual(await prices(), ['100', '101', '102']);
        assert.equal(writer.statuses()[0]?.state, 'running');
        assert.equal(writer.statuses()[0]?.detail, null);
      });
    }

    it('holds the feed up as long as it takes, and loses nothing', async () => {
      const { market, writer, feeds } = await node();
      broker.away = true;
      const told = Promise.all([only(feeds).tell(tick(0, '100')), only(feeds).tell(tick(1, '101'))]);
      await clock.advance(60_000);
      assert.match(writer.statuses()[0]?.detail ?? '', /broker cannot be reached/);
      await assert.rejects(writer.intake.push([tick(2, '102')]), { slug: 'unavailable' });
      broker.away = false;
      await clock.advance(10_000);
      await told;
      assert.deepEqual(await prices(), ['100', '101']);
      assert.equal(market.ticker('BTC/KRW')?.volume, '2');
      await clock.advance(1_000);
      assert.equal((await candleBodies())[0]?.trades, 2);
    });

    it('makes no request wait behind the feed for long, and does not publish what was refused', async () => {
      const { writer, feeds } = await node();
      broker.away = true;
      const told = only(feeds).tell(tick(0, '100'));
      const pushed = assert.rejects(writer.intake.push([tick(1, '101')]), { slug: 'unavailable' });
      await clock.advance(5_000);
      await pushed;
      broker.away = false;
      await clock.advance(10_000);
      await told;
      assert.deepEqual(await prices(), ['100']);
    });

    it('closes in the middle of an outage', async () => {
      const { writer, feeds } = await node();
      broker.away = true;
      const told = assert.rejects(only(feeds).tell(tick(0, '100')));
      await clock.advance(100);
      await writer.close();
      await told;
    });
  });

  it('replays a recorded file, whole, into log, market and database, and again without counting twice', async () => {
    const path = fileURLToPath(
      new URL('../../../fixtures/binance-XRP-ETH-trades-2019-10-11.csv', import.meta.url),
    );
    const db = await openInMemory();
    const symbol = 'XRP/ETH';
    const options = {
      startsOver: true,
      feeds: [
        feedSource(
          () =>
            new ReplayFeed({ path, symbol, exchange: 'binance', speed: 'max', clock, random: Math.random }),
        ),
      ],
      saveCandles: (list: readonly Candle[]) => upsertCandles(db.knex, list, 'merge'),
    };
    const stored = async (): Promise<Candle[]> => {
      return await minuteCandles(db.knex, [{ symbol, from: 0, to: START }]);
    };
    try {
      let before: Candle[] = [];
      for (const round of [1, 2]) {
        const { market, writer } = await node(options);
        while (writer.statuses()[0]?.state !== 'ended') {
          assert.notEqual(writer.statuses()[0]?.state, 'retrying', writer.statuses()[0]?.detail ?? '');
          await clock.advance(0);
        }
        await writer.close();
        await market.close();
        const all = await tickRecords();
        assert.equal(all.length, 12_477 * round);
        assert.ok(
          all.every((record) => record.ticker !== null),
          'a tick of the second round was late against the first',
        );
        assert.equal(market.ticker(symbol)?.price, all[all.length - 1]?.trade?.price);
        const after = await stored();
        if (round === 2) assert.deepEqual(after, before);
        before = after;
      }
      const trades = (await tickRecords()).slice(0, 12_477).map((record) => record.trade);
      assert.equal(
        before.reduce((sum, candle) => sum + candle.trades, 0),
        12_477,
      );
      assert.equal(
        before.reduce((sum, candle) => sum + candle.volume, 0n),
        trades.reduce((sum, trade) => sum + fixed(trade?.quantity ?? '0'), 0n),
      );
      const [close] = await lastCloses(db.knex);
      assert.equal(close?.price, fixed(trades[trades.length - 1]?.price ?? '0'));
      assert.equal(close?.time, Date.parse(trades[trades.length - 1]?.time ?? ''));
    } finally {
      await db.close();
    }
  });
});
