import assert from 'node:assert/strict';
import { upsertCandles } from '../../../db/market/candles.ts';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { portfolioVersions, type Portfolio } from '../../../db/ledger/portfolios/portfolios.ts';
import { fixed, ZERO } from '../../../lib/money/money.ts';
import type { PnlBody } from '../../../lib/schemas/pnl-schema.ts';
import { type LogEvent } from '../../../streams/core/broker.ts';
import { MARKET_LOG, portfolioLog } from '../../../streams/channels/logs.ts';
import { DayStarts } from '../../../streams/portfolio/day-starts.ts';
import { Market } from '../../../streams/market/market.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { valuePortfolio } from '../../../streams/portfolio/portfolio-valuation.ts';
import { Projector } from '../../../streams/portfolio/projector.ts';
import { deposit, newPortfolio, trade } from '../../support/db/fixture.ts';
import { eachDatabase } from '../../support/databases.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR = 3_600_000;
/** Midnight in Seoul. */
const MIDNIGHT = Date.UTC(2026, 2, 1, 15);
const unlimited = { events: 1_000, bytes: 1e6, ageMs: 1e9 };

eachDatabase('the start of the day', (open) => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];
  let clock: VirtualClock;
  let broker: MemoryBroker;
  let market: Market;
  let dayStarts: DayStarts;
  let projector: Projector;
  let portfolio: Portfolio;

  before(async () => {
    opened = await open();
    db = opened.knex;
    const price = fixed('110');
    const amounts = { open: price, high: price, low: price, close: price, volume: ZERO, quoteVolume: ZERO };
    const time = MIDNIGHT - 60_000;
    const candle = {
      symbol: 'BTC/KRW',
      time,
      closeTime: time + 59_000,
      ...amounts,
      trades: 1,
      simulated: false,
    };
    await upsertCandles(db, [candle], 'replace');
  });
  after(() => opened.close());

  beforeEach(async () => {
    clock = new VirtualClock(MIDNIGHT - 10_000);
    broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => unlimited });
    market = new Market({ broker, clock, random: () => 0.5, log: quiet, lastCloses: async () => [] });
    await market.start();
    dayStarts = new DayStarts({ db, clock });
    projector = new Projector({
      broker,
      leases: new MemoryLeases(),
      market,
      clock,
      logger: quiet,
      intervalMs: 10,
      holdingsIntervalMs: 10,
      value: (id) => valuePortfolio({ db, market, dayStarts, timeline: { mark: '' } }, id),
      versions: (ids) => portfolioVersions(db, ids),
    });
    portfolio = await newPortfolio(db);
    const at = { time: MIDNIGHT - 30 * HOUR };
    const drafts = [
      deposit('d', 0, '1000', at),
      trade('t', 0, '2', { time: at.time + 1_000, price: fixed('100') }),
    ];
    await bookEntries(db, portfolio.id, drafts, { clock });
    await tick('120');
  });
  afterEach(async () => {
    await projector.close();
    await market.close();
    assert.equal(clock.pending, 0);
  });

  async function tick(price: string): Promise<void> {
    const time = new Date(clock.now()).toISOString();
    const ticker = {
      symbol: 'BTC/KRW',
      price,
      change: null,
      changeRate: null,
      high: price,
      low: price,
      volume: '0',
      quoteVolume: '0',
      time,
      exchange: null,
      simulated: false,
    };
    await broker.publish(MARKET_LOG, [{ data: JSON.stringify({ type: 'tick', ticker, trade: null }) }]);
  }

  async function pnlNow(costMethod?: 'fifo'): Promise<PnlBody> {
    const valuation = await valuePortfolio({ db, market, dayStarts, timeline: { mark: '' } }, portfolio.id, {
      costMethod,
    });
    assert.ok(valuation);
    return valuation.mark().pnl;
  }

  /** The first PnL event from now on that fits. */
  async function published(fits: (pnl: PnlBody) => boolean): Promise<PnlBody> {
    let close = async (): Promise<void> => {};
    const found = new Promise<PnlBody>((resolve) => {
      const look = (events: readonly LogEvent[]): void => {
        for (const { data } of events) {
          const record: { type: string; body: PnlBody } = JSON.parse(data);
          if (record.type === 'pnl' && fits(record.body)) resolve(record.body);
        }
      };
      const listener = {
        events: (_: string, events: readonly LogEvent[]) => look(events),
        reset() {},
        condition() {},
      };
      void broker.subscribe(portfolioLog(portfolio.id), listener).then((subscription) => {
        close = () => subscription.close();
      });
    });
    const pnl = await found;
    await close();
    return pnl;
  }

  it('is what the ledger was worth then at the last closes before; its PnL leaves out what came in since', async () => {
    clock.jump(20_000);
    // 800 in cash and 2 at the close of 110.
    assert.deepEqual((await pnlNow()).day, { start: '1020', pnl: '20', rate: '0.0196078431' });
    await bookEntries(db, portfolio.id, [deposit('more', 0, '5000', { time: clock.now() })], { clock });
    const { day, equity } = await pnlNow();
    assert.equal(equity, '6040');
    assert.deepEqual([day.start, day.pnl], ['1020', '20']);
    // A late entry of yesterday moves it.
    await bookEntries(db, portfolio.id, [deposit('late', 0, '7', { time: MIDNIGHT - HOUR })], { clock });
    assert.equal((await pnlNow()).day.start, '1027');
    assert.equal((await pnlNow('fifo')).costMethod, 'fifo');
    assert.equal((await pnlNow('fifo')).day.start, '1027');
  });

  it('is exactly zero for a ledger that began today', async () => {
    portfolio = await newPortfolio(db);
    clock.jump(20_000);
    await bookEntries(db, portfolio.id, [deposit('d', 0, '10', { time: clock.now() })], { clock });
    const { day } = await pnlNow();
    assert.deepEqual([day.start, day.pnl], ['0', '0']);
  });

  it('is null with a warning while what was held then has no price', async () => {
    const coins = deposit('x', 0, '3', { asset: 'XYZ', unitValue: null, time: MIDNIGHT - HOUR });
    await bookEntries(db, portfolio.id, [coins], { clock });
    clock.jump(20_000);
    const { day, warnings } = await pnlNow();
    assert.equal(day.start, null);
    assert.ok(warnings.some(({ code }) => code === 'missing-history'));
  });

  it('moves on at midnight in the portfolio’s time zone, and is published although nothing else has moved', async () => {
    const unwatch = await projector.watch(portfolio.id);
    const before = await pnlNow();
    const next = published(({ asOf }) => Date.parse(asOf) >= MIDNIGHT);
    await clock.advance(15_000);
    const after = await next;
    assert.equal(after.asOf, new Date(MIDNIGHT).toISOString());
    assert.equal(after.equity, before.equity);
    assert.deepEqual([before.day.start, after.day.start], ['1000', '1020']);
    assert.deepEqual(after, await pnlNow());
    await unwatch();
  });

  it('takes in closes that were stored a little after midnight', async () => {
    clock.jump(10_500);
    assert.equal((await pnlNow()).day.start, '1020');
    const time = MIDNIGHT - 60_000;
    const price = fixed('111');
    const amounts = { open: price, high: price, low: price, close: price, volume: ZERO, quoteVolume: ZERO };
    const candle = {
      symbol: 'BTC/KRW',
      time,
      closeTime: time + 59_500,
      ...amounts,
      trades: 2,
      simulated: false,
    };
    await upsertCandles(db, [candle], 'merge');
    assert.equal((await pnlNow()).day.start, '1020');
    clock.jump(10_000);
    assert.equal((await pnlNow()).day.start, '1022');
    await db('candles').update({ close: '110', close_time: new Date(time + 59_000) });
  });
});
