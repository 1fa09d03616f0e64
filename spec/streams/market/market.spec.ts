import assert from 'node:assert/strict';
import type { PricePoint } from '../../../db/market/candles.ts';
import { fixed } from '../../../lib/money/money.ts';
import {
  BrokerUnavailableError,
  type Broker,
  type LogListener,
  type LogState,
} from '../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { Market } from '../../../streams/market/market.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { TickRecord } from '../../../streams/channels/record.ts';
import type { TickerBody } from '../../../lib/schemas/ticker-schema.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const bounds = () => ({ events: 1_000, bytes: 1_000_000, ageMs: 86_400_000 });

function ticker(symbol: string, price: string, time = Date.UTC(2024, 0, 1)): TickerBody {
  return {
    symbol,
    price,
    change: null,
    changeRate: null,
    high: price,
    low: price,
    volume: '0',
    quoteVolume: '0',
    time: new Date(time).toISOString(),
    asOf: new Date(time).toISOString(),
    exchange: null,
    feed: null,
    status: 'live',
    complete: true,
    simulated: false,
  };
}

function payload(body: TickerBody): { key: string; data: string } {
  const record: TickRecord = { type: 'tick', ticker: body, trade: null };
  return { key: `ticker:${body.symbol}`, data: JSON.stringify(record) };
}

describe('the market', () => {
  let clock: VirtualClock;
  let broker: MemoryBroker;
  const markets: Market[] = [];

  beforeEach(() => {
    clock = new VirtualClock();
    broker = new MemoryBroker({ clock, bounds, random: Math.random });
  });
  afterEach(async () => {
    for (const market of markets.splice(0)) await market.close();
    await broker.close();
    assert.equal(clock.pending, 0, 'timers are left');
  });

  function open(options: { broker?: Broker; closes?: PricePoint[]; maxSymbols?: number } = {}): Market {
    const market = new Market({
      broker: options.broker ?? broker,
      clock,
      random: () => 0.5,
      log: quiet,
      lastCloses: async () => options.closes ?? [],
      ...(options.maxSymbols === undefined ? {} : { maxSymbols: options.maxSymbols }),
    });
    markets.push(market);
    return market;
  }

  it('knows the stored closes before the first tick, and forgets none of them', async () => {
    const time = Date.UTC(2023, 11, 31);
    const close = { price: fixed('42.5'), time, simulated: true };
    const market = open({ closes: [{ symbol: 'BTC/KRW', ...close }] });
    await market.start();
    assert.deepEqual(market.price('BTC/KRW'), { ...close, isAged: true });
    assert.equal(market.ticker('BTC/KRW')?.price, '42.5');
    assert.equal(market.ticker('BTC/KRW')?.change, null);
    await broker.publish(MARKET_LOG, [payload(ticker('ETH/KRW', '7'))]);
    assert.deepEqual(market.symbols(), ['BTC/KRW', 'ETH/KRW']);
    assert.equal(market.price('XRP/KRW'), null);
    assert.equal(market.ticker('XRP/KRW'), null);
  });

  it('is of one world: where the log turns to the other, nothing of the former is left', async () => {
    const asked: boolean[] = [];
    const time = Date.UTC(2023, 11, 31);
    const market = new Market({
      broker,
      clock,
      random: () => 0.5,
      log: quiet,
      simulated: true,
      lastCloses: async (simulated) => {
        asked.push(simulated);
        return [{ symbol: simulated ? 'OLD/KRW' : 'REAL/KRW', price: fixed('1'), time, simulated }];
      },
    });
    markets.push(market);
    await market.start();
    const madeUp = { ...ticker('BTC/KRW', '5'), simulated: true };
    await broker.publish(MARKET_LOG, [payload(madeUp)]);
    assert.deepEqual(market.of(true).symbols(), ['BTC/KRW', 'OLD/KRW']);
    assert.deepEqual([market.of(false).symbols(), market.of(false).price('BTC/KRW')], [[], null]);
    await broker.publish(MARKET_LOG, [payload(ticker('ETH/KRW', '7'))]);
    await new Promise(setImmediate);
    assert.deepEqual(market.of(false).symbols(), ['ETH/KRW', 'REAL/KRW']);
    assert.equal(market.of(true).price('BTC/KRW'), null);
    assert.deepEqual(asked, [true, false]);
  });

  it('calls a price stale that is older than its own pace explains, and moves the basis of answers with it', async () => {
    const market = open({
      closes: [{ symbol: 'OLD/KRW', price: fixed('1'), time: clock.now(), simulated: false }],
    });
    await market.start();
    assert.equal(market.status('OLD/KRW'), 'stale', 'known from a stored candle alone');
    for (let round = 0; round < 40; round += 1) {
      await clock.advance(5_000);
      const symbols = round % 2 === 0 ? ['FAST/KRW'] : ['FAST/KRW', 'SLOW/KRW'];
      await broker.publish(
        MARKET_LOG,
        symbols.map((symbol) => payload(ticker(symbol, String(round)))),
      );
    }
    const fresh = market.tickersBasis(['FAST/KRW']);
    await clock.advance(100_000);
    assert.equal(market.status('FAST/KRW'), 'live');
    assert.equal(market.tickersBasis(['FAST/KRW']), fresh);
    await clock.advance(1);
    assert.equal(market.status('FAST/KRW'), 'stale');
    assert.equal(market.status('SLOW/KRW'), 'live', 'it comes every ten seconds');
    assert.notEqual(market.tickersBasis(['FAST/KRW']), fresh);
    const late: TickRecord = {
      type: 'tick',
      ticker: ticker('FAST/KRW', '39'),
      trade: null,
      late: { price: '3', time: new Date(Date.UTC(2023, 11, 31)).toISOString() },
    };
    await broker.publish(MARKET_LOG, [{ key: 'ticker:FAST/KRW', data: JSON.stringify(late) }]);
    assert.equal(market.status('FAST/KRW'), 'stale', 'a late tick brings no new price');
    await broker.publish(MARKET_LOG, [payload(ticker('FAST/KRW', '40'))]);
    assert.equal(market.status('FAST/KRW'), 'live');
    const other = open();
    await other.start();
    assert.equal(other.status('FAST/KRW'), 'live', 'a node that starts later knows it from the log');
  });

  it('starts from the state of the log, which is newer than any close', async () => {
    await broker.publish(MARKET_LOG, [payload(ticker('BTC/KRW', '1')), payload(ticker('BTC/KRW', '2'))]);
    const market = open({
      closes: [{ symbol: 'BTC/KRW', price: fixed('9'), time: clock.now(), simulated: false }],
    });
    await market.start();
    assert.equal(market.price('BTC/KRW')?.price, fixed('2'));
    assert.deepEqual(market.position, await broker.head(MARKET_LOG));
  });

  it('has applied an event, position and all, before anybody who subscribed later sees it', async () => {
    const market = open();
    await market.start();
    const seen: [string | undefined, number][] = [];
    await broker.subscribe(MARKET_LOG, {
      events: (_epoch, events) => {
        seen.push([
          market.ticker('BTC/KRW')?.price,
          market.position.offset - (events[events.length - 1]?.offset ?? 0),
        ]);
      },
      reset: () => {},
      condition: () => {},
    });
    await broker.publish(MARKET_LOG, [payload(ticker('BTC/KRW', '1')), payload(ticker('BTC/KRW', '2'))]);
    await broker.publish(MARKET_LOG, [payload(ticker('BTC/KRW', '3'))]);
    assert.deepEqual(seen, [
      ['2', 0],
      ['3', 0],
    ]);
  });

  it('tells its listeners each tick after applying it, until they leave, and survives one that throws', async () => {
    const market = open();
    await market.start();
    const told: string[] = [];
    market.onTick(() => {
      throw new Error('a listener at fault');
    });
    const leave = market.onTick((record, event) => {
      assert.equal(market.position.offset, event.offset);
      assert.equal(market.ticker('BTC/KRW')?.price, record.ticker?.price);
      told.push(record.ticker?.price ?? 'late');
    });
    await broker.publish(MARKET_LOG, [payload(ticker('BTC/KRW', '1')), payload(ticker('BTC/KRW', '2'))]);
    leave();
    await broker.publish(MARKET_LOG, [payload(ticker('BTC/KRW', '3'))]);
    assert.deepEqual(told, ['1', '2']);
  });

  it('moves its position past late trades, candles and what it cannot read, without moving a price', async () => {
    const market = open();
    await market.start();
    const told: unknown[] = [];
    market.onTick((record) => told.push(record.ticker));
    await broker.publish(MARKET_LOG, [
      payload(ticker('BTC/KRW', '1')),
      { data: JSON.stringify({ type: 'tick', ticker: null, trade: { symbol: 'BTC/KRW', price: '5' } }) },
      { data: JSON.stringify({ type: 'candle', candle: { symbol: 'BTC/KRW', close: '6' } }) },
      { data: 'not JSON' },
      { data: 'null' },
      { data: JSON.stringify({ type: 'tick', ticker: { symbol: 'BTC/KRW', price: 'much' }, trade: null }) },
    ]);
    assert.equal(market.price('BTC/KRW')?.price, fixed('1'));
    assert.deepEqual(market.position, await broker.head(MARKET_LOG));
    assert.equal(told.length, 2);
    assert.equal(told[1], null);
  });

  it('is bounded in symbols, and goes on with those it has', async () => {
    const market = open({ maxSymbols: 2 });
    await market.start();
    for (const symbol of ['A/KRW', 'B/KRW', 'C/KRW']) {
      await broker.publish(MARKET_LOG, [payload(ticker(symbol, '1'))]);
    }
    await broker.publish(MARKET_LOG, [payload(ticker('A/KRW', '2'))]);
    assert.deepEqual(market.symbols(), ['A/KRW', 'B/KRW']);
    assert.equal(market.ticker('A/KRW')?.price, '2');
    assert.deepEqual(market.position, await broker.head(MARKET_LOG));
  });

  describe('when continuity is lost', () => {
    /** A broker in the test's hand: the test calls the listener, and says what the state is. */
    class ToldBroker extends MemoryBroker {
      listener: LogListener | null = null;
      state_: LogState = { position: { epoch: 'one', offset: 0 }, entries: [] };
      failures = 0;
      reads = 0;

      override async subscribe(_log: string, listener: LogListener) {
        this.listener = listener;
        return { position: this.state_.position, close: async () => {} };
      }
      override async state(): Promise<LogState> {
        this.reads += 1;
        if (this.failures > 0) {
          this.failures -= 1;
          throw new BrokerUnavailableError();
        }
        return this.state_;
      }
    }

    it('reads the state once more when more was missed while it was read', async () => {
      const told = new ToldBroker({ clock, bounds, random: Math.random });
      const market = open({ broker: told });
      await market.start();
      const event = (offset: number, body: TickerBody) => ({ offset, at: 0, ...payload(body) });
      told.state_ = { position: { epoch: 'one', offset: 5 }, entries: [event(5, ticker('A/KRW', '5'))] };
      told.listener?.reset({ epoch: 'one', offset: 5 }, 'expired');
      // What was asked for is on its way, and of before this.
      told.state_ = { position: { epoch: 'one', offset: 9 }, entries: [event(9, ticker('A/KRW', '9'))] };
      told.listener?.reset({ epoch: 'one', offset: 9 }, 'expired');
      assert.equal(market.isSettled, false);
      await clock.advance(1_000);
      assert.equal(market.isSettled, true);
      assert.equal(market.ticker('A/KRW')?.price, '9');
    });

    it('keeps the old prices, reads the state anew as soon as it can, and lets live events win', async () => {
      const told = new ToldBroker({ clock, bounds, random: Math.random });
      const market = open({ broker: told });
      await market.start();
      const event = (offset: number, body: TickerBody) => ({ offset, at: 0, ...payload(body) });
      told.listener?.events('one', [event(1, ticker('A/KRW', '1')), event(2, ticker('B/KRW', '1'))]);
      told.state_ = {
        position: { epoch: 'two', offset: 12 },
        entries: [
          event(8, ticker('A/KRW', '8')),
          event(9, ticker('C/KRW', '9')),
          event(12, ticker('D/KRW', '12')),
        ],
      };
      told.failures = 2;
      told.listener?.reset({ epoch: 'two', offset: 9 }, 'epoch');
      assert.deepEqual(market.position, { epoch: 'two', offset: 9 });
      assert.equal(market.ticker('A/KRW')?.price, '1');
      told.listener?.events('two', [event(10, ticker('A/KRW', '10'))]);
      await clock.advance(1_000);
      assert.equal(told.reads, 4);
      assert.equal(market.ticker('A/KRW')?.price, '10', 'the live event is newer than the state');
      assert.equal(market.ticker('B/KRW')?.price, '1', 'an old price is better than none');
      assert.equal(market.ticker('C/KRW')?.price, '9');
      assert.equal(market.ticker('D/KRW'), null, 'not before its event is delivered');
      assert.deepEqual(market.position, { epoch: 'two', offset: 10 });
    });
  });
});
