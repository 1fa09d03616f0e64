import assert from 'node:assert/strict';
import { CcxtFeed, type CcxtOptions } from '../../../../streams/market/feeds/ccxt-feed.ts';
import type { FeedDoubts, FeedGap } from '../../../../streams/market/market-feed.ts';
import { eventually } from '../../../support/eventually.ts';
import { ExchangeServer, type Protocol, type Trouble } from '../../../support/exchanges/exchange-server.ts';
import { binanceProtocol, krakenProtocol, upbitProtocol } from '../../../support/exchanges/protocols.ts';
import { loadUnpaced } from '../../../support/exchanges/unpaced-ccxt.ts';
import { fastClock } from '../../../support/fast-clock.ts';
import { quiet } from '../../../support/log-watch.ts';
import { CollectingSink } from '../../../support/tick-sink.ts';

interface Case {
  id: string;
  symbol: string;
  protocol: (symbols: readonly string[]) => Protocol;
  /** Where history is asked for. */
  history: RegExp;
  /** How often it is asked for to know that nothing is missing. */
  asks: number;
  /** How far apart ids are. */
  step: number;
  maintenance: Trouble;
}

const CASES: readonly Case[] = [
  {
    id: 'upbit',
    symbol: 'BTC/KRW',
    protocol: upbitProtocol,
    history: /trades\/ticks/,
    asks: 1,
    step: 17,
    maintenance: { status: 503, body: '{"error":{"name":"server_maintenance","message":"점검 중입니다."}}' },
  },
  {
    id: 'binance',
    symbol: 'BTC/USDT',
    protocol: binanceProtocol,
    history: /api\/v3\/(aggTrades|trades)/,
    asks: 1,
    step: 1,
    maintenance: { status: 503, body: '<html>System maintenance</html>' },
  },
  {
    id: 'kraken',
    symbol: 'BTC/USD',
    protocol: krakenProtocol,
    history: /public\/Trades/,
    asks: 2,
    step: 1,
    maintenance: { status: 200, body: '{"error":["EService:Market in cancel_only mode"],"result":{}}' },
  },
];
const TOO_MANY: Trouble = { status: 429, body: 'Too many API requests.', headers: { 'retry-after': '1' } };

for (const { id, symbol, protocol, history, asks, step, maintenance } of CASES) {
  describe(`what a feed has missed of ${id}`, function () {
    let server: ExchangeServer;
    let collected: CollectingSink;
    let gaps: FeedGap[];
    let feed: CcxtFeed;
    let begin: number;
    let made: number;
    let ahead: number;

    beforeEach(async () => {
      server = await ExchangeServer.start(protocol([symbol]));
      collected = new CollectingSink();
      gaps = [];
      // Each trade is a second after the one before.
      begin = Date.now() - 3_600_000;
      made = 0;
      ahead = 0;
    });

    /** The trade that an earlier run took last. */
    function known(): { id: string; time: number } {
      const trade = { symbol, id: 10_000, time: begin + ahead, price: '100', amount: '0.5' };
      server.trades.unshift({ ...trade, side: 'buy' });
      return { id: '10000', time: begin + ahead };
    }
    afterEach(async () => {
      await feed.close();
      await server.stop();
    });

    function open(options: Partial<CcxtOptions> = {}, doubts?: FeedDoubts): void {
      feed = new CcxtFeed({
        exchange: id,
        symbols: [symbol],
        channel: 'trades',
        ws: server.ws,
        rest: server.rest,
        clock: fastClock(50),
        random: () => 0.02,
        log: quiet,
        lastTrade: known,
        load: () => loadUnpaced(id),
        ...options,
      });
      feed.start(
        collected.sink,
        () => {},
        (gap) => gaps.push(gap),
        doubts,
      );
    }

    function trade(count: number, heard = true): void {
      for (let index = 0; index < count; index += 1) {
        made += 1;
        server.trade(
          {
            symbol,
            id: 10_000 + made * step,
            time: begin + made * 1_000 + ahead,
            price: String(100 + (made % 7)),
            amount: `0.${made}1`,
            side: made % 2 === 0 ? 'buy' : 'sell',
          },
          heard,
        );
      }
    }

    /** Trades that have come neither as a tick nor in a gap. */
    function lost(): number[] {
      const ids = new Set(collected.ticks.map(({ tradeId }) => tradeId));
      return server.trades
        .filter(({ time }) => !gaps.some(({ from, to }) => time >= from && time < to))
        .map(({ id: each }) => each)
        .filter((each) => each > 10_000)
        .filter((each) => !ids.has(String(each)));
    }

    async function accounted(count: number): Promise<void> {
      await eventually(
        () => lost().length === 0 && made >= count,
        'every trade to be known or told to be missing',
      );
      const ids = collected.ticks.map(({ tradeId }) => tradeId);
      assert.equal(new Set(ids).size, ids.length, 'none comes twice');
      for (const tick of collected.ticks) {
        const real = server.trades.find(({ id: each }) => String(each) === tick.tradeId);
        assert.deepEqual([tick.quantity, tick.price], [real?.amount, real?.price]);
      }
    }

    /** The feed is live and has heard some trades. */
    async function live(doubts?: FeedDoubts): Promise<void> {
      open({}, doubts);
      await server.subscribed(1);
      trade(3);
      await collected.received(3);
      // What came before is read twice: trades may have been on their way.
      await server.until(() => server.asked.filter((path) => history.test(path)).length >= 2 * asks);
    }

    it('is read after a cut, comes once each and in order', async () => {
      await live();
      await server.stop();
      trade(40);
      await server.restart();
      await server.subscribed(2);
      trade(2);
      await accounted(45);
      assert.deepEqual(gaps, []);
      const past = collected.ticks.filter(({ time }) => time > begin + 3_000 && time <= begin + 43_000);
      assert.deepEqual(
        past.map(({ time }) => time),
        past.map(({ time }) => time).sort((a, b) => a - b),
      );
    });

    it('is read over many pages', async () => {
      await live();
      await server.stop();
      trade(2_500);
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await accounted(2_504);
      assert.deepEqual(gaps, []);
    });

    it('is read where the exchange is quiet after the cut', async () => {
      await live();
      await server.stop();
      trade(5);
      await server.restart();
      await accounted(8);
      assert.deepEqual(gaps, []);
    });

    it('is a gap where the exchange does not give it any more', async () => {
      await live();
      await server.stop();
      trade(10);
      server.firstKept = 10_000 + 9 * step;
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await accounted(14);
      assert.deepEqual(gaps, [{ symbol, from: begin + 3_001, to: begin + 9_000 }]);
      assert.deepEqual(
        collected.ticks.map(({ time }) => (time - begin) / 1_000).sort((a, b) => a - b),
        [1, 2, 3, 9, 10, 11, 12, 13, 14],
      );
    });

    it('is read as soon as the exchange does not refuse it any more', async () => {
      await live();
      await server.stop();
      trade(5);
      let refused = 0;
      server.trouble = (path) => {
        if (!history.test(path) || refused >= 3) return null;
        refused += 1;
        return TOO_MANY;
      };
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await accounted(9);
      assert.equal(refused, 3);
      assert.deepEqual(gaps, []);
    });

    it('is a gap where the exchange is under maintenance for long', async () => {
      await live();
      await server.stop();
      trade(5);
      server.trouble = (path) => (history.test(path) ? maintenance : null);
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await eventually(() => gaps.length > 0, 'the gap');
      await accounted(9);
      const [gap] = gaps;
      assert.equal(gaps.length, 1);
      assert.equal(gap?.from, begin + 3_001);
      // Where no live trade had come by then, it goes up to the present.
      assert.ok(gap.to >= begin + 9_000);
    });

    // The rest is the same for every exchange, and Kraken is asked once a second only.
    if (id === 'kraken') return;

    it('does not hold up live trades while the exchange is slow to answer', async () => {
      await live();
      await server.stop();
      trade(5);
      const release = server.hold(history);
      await server.restart();
      await server.subscribed(2);
      trade(2);
      await collected.received(5);
      release();
      await accounted(10);
      assert.deepEqual(gaps, []);
    });

    it('is read after a connection that stayed open and said nothing', async () => {
      await live();
      const before = server.asked.length;
      server.isFrozen = true;
      trade(5);
      await server.until(() => server.asked.length > before);
      server.isFrozen = false;
      server.cut();
      await server.subscribed(2);
      trade(1);
      await accounted(9);
      assert.deepEqual(gaps, []);
    });

    it('is noted before a live trade that hides it is taken, until it was read', async () => {
      const noted: unknown[] = [];
      let isHeld = false;
      let store = (): void => {};
      const doubts: FeedDoubts = {
        open: (gap) => {
          noted.push(gap);
          return new Promise((resolve) => {
            if (isHeld) store = resolve;
            else resolve();
          });
        },
        settle: (each) => noted.push(each),
      };
      await live(doubts);
      await eventually(() => noted.includes(symbol), 'the end of the first doubt');
      noted.length = 0;
      isHeld = true;
      await server.stop();
      trade(5);
      const release = server.hold(history);
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await eventually(() => noted.length > 0, 'the note');
      assert.deepEqual(noted, [{ symbol, from: begin + 3_001, to: begin + 9_000 }]);
      release();
      await collected.received(8);
      assert.ok(collected.ticks.every(({ time }) => time < begin + 9_000));
      store();
      await accounted(9);
      await eventually(() => noted.length > 1, 'the end of the doubt');
      assert.deepEqual(noted.slice(1), [symbol]);
      assert.equal(collected.ticks.length, 9);
    });

    it('is told as a gap when the feed is closed before it could be read', async () => {
      await live();
      await server.stop();
      trade(5);
      server.hold(history);
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await collected.received(4);
      await feed.close();
      assert.deepEqual(gaps, [{ symbol, from: begin + 3_001, to: begin + 9_000 }]);
      assert.deepEqual(lost(), []);
    });

    it('is read when the feed goes on from the last trade of an earlier run', async () => {
      trade(6);
      open({ lastTrade: () => ({ id: String(10_000 + 2 * step), time: begin + 2_000 }) });
      await server.subscribed(1);
      trade(1);
      await eventually(() => collected.ticks.length === 5, 'what came after the trade known');
      assert.deepEqual(gaps, []);
    });

    it('is the window of the 24-hour figures where nothing is known', async () => {
      open({ lastTrade: () => null });
      await server.subscribed(1);
      const [gap] = gaps;
      assert.ok(gap !== undefined && gaps.length === 1);
      assert.equal(gap.to - gap.from, 86_400_000);
    });

    it('has the times of this clock where that of the exchange is ahead', async () => {
      begin = Date.now() - 10_000;
      ahead = 300_000;
      open();
      await server.subscribed(1);
      trade(3);
      await collected.received(3);
      await eventually(() => (feed.status().aheadMs ?? 0) > 200_000, 'the clock to be seen to be ahead');
      await server.stop();
      trade(3);
      await server.restart();
      await server.subscribed(2);
      trade(1);
      await accounted(7);
      for (const { time } of collected.ticks) assert.ok(time <= Date.now() + 1_000);
      assert.match(feed.status().detail ?? '', /the clock of \w+ is \d+ ms ahead/);
    });

    if (id === 'binance') {
      it('is seen by the ids, and read while the connection is whole', async () => {
        await live();
        trade(4, false);
        trade(1);
        await accounted(8);
        assert.equal(server.subscriptions, 1);
        assert.deepEqual(gaps, []);
      });
    }
  });
}
