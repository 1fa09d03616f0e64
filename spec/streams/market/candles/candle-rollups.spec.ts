import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { CandleWindow } from '../../../../db/market/candle-folds.ts';
import { CANDLE_INTERVALS } from '../../../../lib/candle-interval.ts';
import { upsertCandles, type Candle } from '../../../../db/market/candles.ts';
import { minuteCandles } from '../../../../db/market/candle-folds.ts';
import type { OpenedDatabase } from '../../../../db/connection/database.ts';
import { joinCandles, mergeVersions } from '../../../../streams/market/candles/candle-fold.ts';
import { CandleKeeper } from '../../../../streams/market/candles/candle-keeper.ts';
import { unpackCandle } from '../../../../streams/channels/packed-candle.ts';
import type { CandleHistory } from '../../../../streams/market/candles/candle-rollups.ts';
import type { MarketTick } from '../../../../streams/market/market-tick.ts';
import type { CandleRecord } from '../../../../streams/channels/record.ts';
import type { CandleBody } from '../../../../lib/schemas/candle-schema.ts';
import {
  candlesOfMinutes,
  candlesOfTicks,
  currentOf,
  type OracleCandle,
} from '../../../support/candle-oracle.ts';
import { eachDatabase } from '../../../support/databases.ts';

const MINUTE = 60_000;
/** A Thursday shortly before a month, and a day before that a leap day is over. */
const START = Date.UTC(2024, 1, 29, 22, 57);

function withoutClosed({ closed: _closed, ...rest }: CandleBody): OracleCandle {
  return rest;
}

/** Minutes as the database keeps them, which another spec compares with the database itself. */
class Store {
  readonly minutes = new Map<string, Candle>();
  works = true;
  reads = 0;

  save = (candles: readonly Candle[]): Promise<void> => {
    if (!this.works) return Promise.reject(new Error('away'));
    for (const candle of candles) {
      const key = `${candle.symbol} ${candle.time}`;
      this.minutes.set(key, mergeVersions(this.minutes.get(key) ?? null, candle));
    }
    return Promise.resolve();
  };

  of({ symbol, from, to }: CandleWindow): Candle[] {
    return [...this.minutes.values()]
      .filter((each) => each.symbol === symbol && each.time >= from && each.time < to)
      .sort((a, b) => a.time - b.time);
  }

  history: CandleHistory = {
    fold: (windows) => {
      this.reads += 1;
      if (!this.works) return Promise.reject(new Error('away'));
      return Promise.resolve(
        windows.map((window) =>
          this.of(window).reduce<Candle | null>(
            (whole, minute) => joinCandles(whole, minute, window.from),
            null,
          ),
        ),
      );
    },
    minutes: (ranges) => Promise.resolve(ranges.flatMap((range) => this.of(range))),
  };
}

/** One node's candles, and what it tells. */
class Node {
  readonly keeper: CandleKeeper;
  /** What listeners of a channel are told, in order. */
  readonly told: CandleBody[] = [];
  /** The state of each symbol: what somebody who comes is told. */
  readonly state = new Map<string, CandleBody[]>();

  constructor(store: Store, history: CandleHistory | null = store.history) {
    this.keeper = new CandleKeeper(store.save, history);
  }

  publish(now: number): void {
    for (const { key, data } of this.keeper.payloads(now)) {
      const record: CandleRecord = JSON.parse(data);
      const bodies = record.candles.map((packed) => unpackCandle(record.symbol, packed));
      const order = bodies.map(({ interval }) => CANDLE_INTERVALS.indexOf(interval));
      assert.deepEqual(
        order,
        [...new Set(order)].sort((a, b) => a - b),
        'views have one order',
      );
      this.told.push(...bodies.filter(({ interval }) => record.unchanged?.includes(interval) !== true));
      if (key !== undefined) this.state.set(record.symbol, bodies);
    }
  }

  async round(now: number): Promise<void> {
    this.publish(now);
    if (await this.keeper.read(now)) this.publish(now);
  }
}

function tick(time: number, price: bigint, quantity: bigint | null = 10n ** 18n): MarketTick {
  const origin = { asOf: time, exchange: null, feed: null, status: 'live', simulated: false } as const;
  return { symbol: 'BTC/KRW', time, price: price * 10n ** 18n, quantity, ...origin };
}

/** Steps of a few seconds to some days: minutes, days, weeks and months begin in between. */
const anySteps = fc.array(
  fc.record({
    ms: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 * MINUTE }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 * 1_440 * MINUTE }) },
    ),
    price: fc.bigInt({ min: 1n, max: 10n ** 20n }),
    quantity: fc.option(fc.bigInt({ min: 1n, max: 10n ** 20n })),
    publish: fc.boolean(),
  }),
  { minLength: 1, maxLength: 50 },
);

describe('the candles of all intervals', () => {
  for (const stored of [true, false]) {
    it(`are told as final once each, in order, with the digits of the ticks (${stored ? 'with' : 'without'} a database)`, async () => {
      await fc.assert(
        fc.asyncProperty(anySteps, async (steps) => {
          const store = new Store();
          const node = new Node(store, stored ? store.history : null);
          const ticks: MarketTick[] = [];
          let now = START;
          for (const { ms, price, quantity, publish } of steps) {
            now += ms;
            const one = { ...tick(now, 1n), price, quantity };
            ticks.push(one);
            node.keeper.builder.add(one, now);
            // The first one at once: what has not been read yet cannot be told as final.
            if (publish || ticks.length === 1) await node.round(now);
          }
          await node.round(now);
          for (const interval of CANDLE_INTERVALS) {
            const expected = candlesOfTicks(ticks, interval);
            const open = expected.pop();
            const own = node.told.filter((body) => body.interval === interval);
            assert.deepEqual(
              own.filter(({ closed }) => closed).map(withoutClosed),
              expected,
              `${interval}: final ones`,
            );
            const current = node.state.get('BTC/KRW')?.find((body) => body.interval === interval);
            assert.deepEqual(current && withoutClosed(current), open, `${interval}: the current one`);
          }
          // By the clock alone, each of the last ones becomes final, at its own time and once.
          const before = node.told.length;
          for (let hours = 0; hours < 24 * 33; hours += 1) await node.round((now += 60 * MINUTE));
          const last = node.told.slice(before);
          assert.deepEqual(last.map(({ interval }) => interval).sort(), [...CANDLE_INTERVALS].sort());
          assert.ok(last.every(({ closed }) => closed));
          assert.deepEqual(
            node.state.get('BTC/KRW')?.map(withoutClosed),
            currentOf((interval) => candlesOfTicks(ticks, interval)),
          );
        }),
        { numRuns: 60 },
      );
    });
  }

  it('are those of the database whatever comes late, fails, restarts or moves to another node', async () => {
    const anyEvent = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          ms: fc.oneof(
            { weight: 5, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * 1_440 * MINUTE }) },
          ),
          late: fc.oneof(
            { weight: 4, arbitrary: fc.constant(0) },
            { weight: 3, arbitrary: fc.integer({ min: 0, max: 4 * MINUTE }) },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_000 * MINUTE }) },
          ),
          price: fc.bigInt({ min: 1n, max: 10n ** 20n }),
          quantity: fc.option(fc.bigInt({ min: 1n, max: 10n ** 20n })),
        }),
      },
      { weight: 4, arbitrary: fc.constant('round' as const) },
      { weight: 1, arbitrary: fc.constantFrom('away', 'back', 'take over', 'restart', 'load', 'meanwhile') },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 60 }), async (events) => {
        const store = new Store();
        let node = new Node(store);
        let now = START;
        const add = (one: MarketTick): void => node.keeper.builder.add(one, now);
        add(tick(now, 1n));
        for (const event of events) {
          if (event === 'round') await node.round((now += 1_000));
          else if (event === 'away') store.works = false;
          else if (event === 'back') store.works = true;
          else if (event === 'take over') node.keeper.takeOver();
          else if (event === 'restart') {
            // What could not be saved is lost with the process.
            await node.round(now);
            const newest = [...store.minutes.values()].sort((a, b) => a.time - b.time).slice(-1);
            node = new Node(store);
            node.keeper.builder.seed(newest, now);
            node.keeper.takeOver();
          } else if (event === 'meanwhile') {
            // Minutes go by, and are published, while the database takes its time.
            const reading = node.keeper.read(now);
            for (let i = 0; i < 9; i += 1) {
              add(tick((now += 50_000), BigInt(i + 1)));
              node.publish(now);
            }
            await reading;
          } else if (event === 'load') {
            await node.round(now);
            const [minute] = store.of({ symbol: 'BTC/KRW', from: 0, to: now - 2 * MINUTE }).slice(-1);
            if (minute === undefined || !store.works) continue;
            store.minutes.set(`BTC/KRW ${minute.time}`, { ...minute, volume: 1n, trades: 0, low: 1n });
            node.keeper.reload('BTC/KRW', minute.time, minute.time + MINUTE);
          } else if (typeof event === 'object') {
            const { ms, late, price, quantity } = event;
            now += ms;
            add({ ...tick(now - late, 1n), price, quantity });
          }
        }
        store.works = true;
        add(tick(now, 7n));
        // A symbol is not read again within a minute.
        for (const ms of [1_000, 61_000, 1_000, 61_000]) await node.round((now += ms));
        const minutes = [...store.minutes.values()];
        assert.deepEqual(
          node.state.get('BTC/KRW')?.map(withoutClosed),
          currentOf((interval) => candlesOfMinutes(minutes, interval)),
        );
      }),
      { numRuns: Number(process.env['RUNS'] ?? 300) },
    );
  });

  it('have a minute that was loaded over as it was loaded, be it going on, opened once more or past', async () => {
    const store = new Store();
    const node = new Node(store);
    const minuteOf = (start: number): OracleCandle | undefined =>
      candlesOfMinutes([...store.minutes.values()], '1m').find(({ time }) => Date.parse(time) === start);
    const lastTold = (start: number): CandleBody | undefined =>
      node.told.filter(({ interval, time }) => interval === '1m' && Date.parse(time) === start).at(-1);
    async function load(start: number, now: number): Promise<void> {
      const key = `BTC/KRW ${start}`;
      const stored = store.minutes.get(key);
      assert.ok(stored !== undefined);
      store.minutes.set(key, { ...stored, high: 90n * 10n ** 18n, volume: 1n, trades: 0 });
      node.keeper.reload('BTC/KRW', start, start + MINUTE);
      await node.round(now);
    }
    function assertTold(start: number, closed: boolean, what: string): void {
      assert.equal(minuteOf(start)?.high, '90', what);
      assert.deepEqual(lastTold(start), { ...minuteOf(start), closed }, what);
      assert.deepEqual(
        node.state.get('BTC/KRW')?.map(withoutClosed),
        currentOf((interval) => candlesOfMinutes([...store.minutes.values()], interval)),
        what,
      );
    }
    const add = (time: number): void => node.keeper.builder.add(tick(time, 5n), time);
    add(START + 10_000);
    await node.round(START + 10_000);
    await load(START, START + 11_000);
    assertTold(START, false, 'going on');
    add(START + 20_000);
    await node.round(START + 20_000);
    assertTold(START, false, 'with what came later, which is less');
    await node.round(START + 63_000);
    assertTold(START, true, 'over');

    add(START + 70_000);
    add(START + 125_000);
    await node.round(START + 125_000);
    node.keeper.builder.add(tick(START + 119_000, 6n), START + 126_000);
    await load(START + MINUTE, START + 126_000);
    await node.round(START + 127_000);
    await load(START + MINUTE, START + 128_000);
    assertTold(START + MINUTE, true, 'opened once more by what came late');
  });

  it('go on from what is stored when a node takes over in the middle', async () => {
    const store = new Store();
    const first = new Node(store);
    const ticks = [0, 1, 6, 20, 63, 64].map((minute) => tick(START + minute * MINUTE, BigInt(minute + 1)));
    for (const one of ticks.slice(0, 4)) {
      first.keeper.builder.add(one, one.time);
      await first.round(one.time);
    }
    const second = new Node(store);
    for (const one of ticks.slice(4)) {
      second.keeper.builder.add(one, one.time);
      await second.round(one.time);
    }
    assert.deepEqual(
      second.state.get('BTC/KRW')?.map(withoutClosed),
      currentOf((interval) => candlesOfTicks(ticks, interval)),
    );
    // The month ended between the two, at 63 minutes: nobody else could have told.
    const months = second.told.filter(({ interval, closed }) => interval === '1M' && closed);
    assert.deepEqual(months.map(withoutClosed), candlesOfTicks(ticks, '1M').slice(0, 1));
    assert.equal(store.reads, 2, 'read once by each node');
  });

  it('tell the minutes as ever while the database is away, and the rest when it is back', async () => {
    const store = new Store();
    store.works = false;
    const node = new Node(store);
    const ticks: MarketTick[] = [];
    for (let second = 0; second < 600; second += 10) {
      const one = tick(START + second * 1_000, BigInt(second + 1));
      ticks.push(one);
      node.keeper.builder.add(one, one.time);
      await node.round(one.time);
    }
    assert.deepEqual([...new Set(node.told.map(({ interval }) => interval))], ['1m']);
    assert.equal(node.told.filter(({ closed }) => closed).length, 9);
    assert.match(node.keeper.trouble ?? '', /away/);
    store.works = true;
    await node.round(START + 600_000);
    assert.deepEqual(
      node.state.get('BTC/KRW')?.map(withoutClosed),
      currentOf((interval) => candlesOfTicks(ticks, interval)),
    );
    assert.equal(node.keeper.trouble, null);
  });

  it('read many symbols with as many statements as one', async () => {
    const store = new Store();
    const node = new Node(store);
    for (let i = 0; i < 150; i += 1) {
      node.keeper.builder.add({ ...tick(START, 5n), symbol: `C${i}/KRW` }, START);
    }
    await node.round(START);
    assert.equal(store.reads, 1);
    assert.equal(node.state.size, 150);
    assert.ok([...node.state.values()].every((bodies) => bodies.length === 9));
  });

  it('take little room in the ring', async () => {
    const store = new Store();
    const node = new Node(store);
    node.keeper.builder.add(
      { ...tick(START, 1n), price: 89_886_000n * 10n ** 18n, quantity: 12_345_678n },
      START,
    );
    await node.keeper.read(START);
    node.publish(START);
    await node.keeper.read(START);
    const [payload] = node.keeper.payloads(START);
    assert.ok(payload !== undefined && payload.data.length < 1_300, `${payload?.data.length} characters`);
  });
});

eachDatabase('two versions of a minute', (open) => {
  let db: OpenedDatabase;
  before(async () => {
    db = await open();
  });
  after(() => db.close());

  it('are merged here as they are in the database', async () => {
    const version = fc.record(
      {
        symbol: fc.constant('BTC/KRW'),
        time: fc.constant(START),
        closeTime: fc.integer({ min: START, max: START + 5 }),
        open: fc.bigInt({ min: 1n, max: 9n }),
        high: fc.bigInt({ min: 1n, max: 9n }),
        low: fc.bigInt({ min: 1n, max: 9n }),
        close: fc.bigInt({ min: 1n, max: 9n }),
        volume: fc.bigInt({ min: 0n, max: 9n }),
        quoteVolume: fc.bigInt({ min: 0n, max: 9n }),
        trades: fc.nat(3),
        simulated: fc.constant(false),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(version, { minLength: 1, maxLength: 4 }), async (versions) => {
        await db.knex('candles').delete();
        for (const one of versions) await upsertCandles(db.knex, [one], 'merge');
        const expected = versions.reduce<Candle | null>(mergeVersions, null);
        const range = { symbol: 'BTC/KRW', from: START, to: START + 1 };
        assert.deepEqual(await minuteCandles(db.knex, [range]), [expected]);
      }),
      { numRuns: 50 },
    );
  });
});
