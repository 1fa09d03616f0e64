import assert from 'node:assert/strict';
import { foldCandles, minuteCandles } from '../../../db/market/candle-folds.ts';
import { CANDLE_INTERVALS, type CandleInterval } from '../../../lib/candle-interval.ts';
import { upsertCandles } from '../../../db/market/candles.ts';
import { candlesOfTicks, currentOf, type OracleTick } from '../../support/candle-oracle.ts';
import { fixed } from '../../../lib/money/money.ts';
import type { CandleBody } from '../../../lib/schemas/candle-schema.ts';
import { type Answer, startApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase, onPostgres, openOnPostgres } from '../../support/databases.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';

const DAY = 86_400_000;
const iso = (time: number): string => new Date(time).toISOString();

interface PushedTick {
  time: number;
  price: string;
  quantity?: string;
}

function oracleTicks(symbol: string, ticks: readonly PushedTick[]): OracleTick[] {
  return ticks.map(({ time, price, quantity }) => ({
    symbol,
    time,
    price: fixed(price),
    quantity: quantity === undefined ? null : fixed(quantity),
    simulated: false,
  }));
}

function withoutClosed({ closed: _closed, ...rest }: CandleBody): Omit<CandleBody, 'closed'> {
  return rest;
}

/** Repeatable disorder. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Ticks that grow sparser towards the past, up to a time. */
function walk(end: number, count: number, seed: number): PushedTick[] {
  const random = noise(seed);
  return Array.from({ length: count }, (_, i) => {
    const back = (count - 1 - i) ** 3 * 20_000;
    return {
      time: end - back - Math.floor(random() * Math.min(back, 9_000)),
      price: (50_000_000 + random() * 1_000_000).toFixed(3),
      ...(random() < 0.8 && { quantity: (random() * 2 + 0.000_001).toFixed(8) }),
    };
  }).sort((a, b) => a.time - b.time);
}

eachApp('candles', (app) => {
  let user: TestUser;
  before(async () => {
    user = await app().user('admin');
  });

  const get = (query: Record<string, string | number>, as: TestUser | null = user): Promise<Answer> => {
    const text = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    return app().call('GET', `/v1/market/candles?${text}`, as === null ? {} : { as });
  };
  const load = (body: unknown, as = user): Promise<Answer> =>
    app().call('POST', '/v1/market/candles', { as, body });

  async function push(symbol: string, ticks: readonly PushedTick[]): Promise<void> {
    const items = ticks.map(({ time, ...rest }) => ({ symbol, ...rest, time: iso(time) }));
    const { status } = await app().call('POST', '/v1/market/ticks', { as: user, body: { items } });
    assert.equal(status, 200);
  }

  const streamOf = (channels: string[], lastEventId?: string | null): StreamClient =>
    new StreamClient(`${app().url}/v1/streams?channels=${encodeURIComponent(channels.join(','))}`, {
      headers: { authorization: user.authorization },
      lastEventId: lastEventId ?? null,
    });
  const bodies = (client: StreamClient, interval: CandleInterval): CandleBody[] => {
    const told: CandleBody[] = client.of('candle').map(({ data }) => data);
    return told.filter((body) => body.interval === interval);
  };

  /** All pages of a listing. */
  async function all(query: Record<string, string | number>): Promise<CandleBody[]> {
    const items: CandleBody[] = [];
    let cursor: string | null = null;
    do {
      const answer: Answer = await get({ ...query, ...(cursor !== null && { cursor }) });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      items.push(...answer.body.items);
      cursor = answer.body.nextCursor;
    } while (cursor !== null);
    return items;
  }

  describe('of every interval', () => {
    const symbol = 'BTC/KRW';
    // A Sunday that ends a week, a month and everything shorter.
    const end = Date.UTC(2024, 2, 31, 23, 59, 59);
    const ticks = walk(end, 60, 7);
    const channels = CANDLE_INTERVALS.map((interval) => `candle:${symbol}:${interval}`);
    let client: StreamClient;
    after(() => client?.cut());

    it('have the digits of the ticks, on the stream as in the list, the current one included', async () => {
      client = streamOf(channels);
      await client.ready();
      await push(symbol, ticks);
      for (const interval of CANDLE_INTERVALS) {
        const expected = candlesOfTicks(oracleTicks(symbol, ticks), interval);
        const listed = await all({ symbol, interval, from: iso(0), limit: 1_000 });
        assert.deepEqual(listed.map(withoutClosed), expected, interval);
        const open = listed.pop();
        assert.ok(
          listed.every(({ closed }) => closed),
          interval,
        );
        await client.until(
          () =>
            JSON.stringify(bodies(client, interval).map(withoutClosed).at(-1)) ===
            JSON.stringify(expected.at(-1)),
          `the current candle of ${interval}`,
        );
        assert.equal(open?.time, expected.at(-1)?.time);
      }
    });

    it('are told as final once each by the clock, when no tick follows', async () => {
      await client.until(
        () => CANDLE_INTERVALS.every((interval) => bodies(client, interval).some(({ closed }) => closed)),
        'all of them',
      );
      const expected = currentOf((interval) => candlesOfTicks(oracleTicks(symbol, ticks), interval));
      // The next tick is told only after whatever was to be told before it.
      const next = { time: end + 3 * 60_000, price: '1', quantity: '1' };
      await push(symbol, [next]);
      await client.until(
        () => CANDLE_INTERVALS.every((interval) => bodies(client, interval).at(-1)?.close === '1'),
        'the next candle of each interval',
      );
      for (const [index, interval] of CANDLE_INTERVALS.entries()) {
        const closed = bodies(client, interval).filter(
          (body) => body.closed && body.time === expected[index]?.time,
        );
        assert.deepEqual(closed.map(withoutClosed), [expected[index]], interval);
        const [before, last] = await all({ symbol, interval, from: expected[index]?.time ?? '' });
        assert.deepEqual([before, last], [closed[0], bodies(client, interval).at(-1)], interval);
      }
    });

    it('are the state that somebody who comes later is told, whole and at once', async () => {
      const intervals = ['1h', '1M', '1m'] as const;
      const newest = (interval: CandleInterval): string => JSON.stringify(bodies(client, interval).at(-1));
      // By its clock a candle may become final while the other one comes.
      const before = intervals.map(newest);
      const late = streamOf([`candle:*:1h`, `candle:${symbol}:1M`, `candle:${symbol}:1m`]);
      await late.ready();
      const after = intervals.map(newest);
      const told: CandleBody[] = late.of('candle').map(({ data }) => data);
      const keys = told.map((body) => `${body.symbol} ${body.interval}`);
      assert.equal(new Set(keys).size, keys.length, 'a state is told once');
      for (const [index, interval] of intervals.entries()) {
        const states = told.filter((body) => body.symbol === symbol && body.interval === interval);
        assert.equal(states.length, 1, interval);
        assert.ok([before[index], after[index]].includes(JSON.stringify(states[0])), interval);
      }
      late.cut();
    });

    it('are resumed in the middle of an event without a loss or a repeat', async () => {
      const whole = client.of('candle').map(({ id, data }) => ({ id, text: JSON.stringify(data) }));
      const withId = whole.filter(({ id }) => id !== null);
      const partial = withId.findIndex(({ id }) => id?.includes('~') === true);
      assert.ok(partial >= 0, 'no event of several views');
      for (const at of [partial, partial + 3, withId.length - 1]) {
        const again = streamOf(channels, withId[at]?.id);
        await again.ready();
        assert.equal(again.of('reset').length, 0);
        // What the first client was told at once may have been conflated: it is told no less.
        const expected = withId.slice(at + 1).map(({ text }) => text);
        const got = again.of('candle').map(({ data }) => JSON.stringify(data));
        assert.equal(new Set(got).size, got.length, 'something came twice');
        assert.deepEqual(
          got.filter((text) => expected.includes(text)),
          expected,
        );
        again.cut();
      }
    });
  });

  it('tell the final one beside the next, and a late tick once, live as on a resume', async () => {
    const symbol = 'LIVE/KRW';
    const channels = [`candle:${symbol}:1m`, `candle:${symbol}:1h`];
    const client = streamOf(channels);
    await client.ready();
    const start = Date.UTC(2024, 6, 1, 9, 58, 30);
    const told = (from: StreamClient): unknown[] =>
      from.of('candle').map(({ data }) => [data.interval, data.time.slice(11, 16), data.trades, data.closed]);
    const steps: [minute: number, expected: unknown[]][] = [
      [0, ['1m', '09:58', 1, false]],
      [1, ['1m', '09:59', 1, false]],
      [2, ['1h', '10:00', 1, false]],
      [1, ['1h', '09:00', 3, true]],
    ];
    for (const [minute, expected] of steps) {
      await push(symbol, [{ time: start + minute * 60_000, price: '5', quantity: '1' }]);
      const has = (): boolean =>
        told(client).some((each) => JSON.stringify(each) === JSON.stringify(expected));
      await client.until(has, JSON.stringify(expected));
      // The hour may be read from the database after the minute was told.
      if (minute === 0) await client.until(() => bodies(client, '1h').length > 0, 'the hour');
    }
    await push(symbol, [{ time: start + 121_000, price: '6', quantity: '1' }]);
    await client.until(() => bodies(client, '1h').at(-1)?.close === '6', 'the end');
    client.cut();
    assert.deepEqual(told(client), [
      ['1m', '09:58', 1, false],
      ['1h', '09:00', 1, false],
      ['1m', '09:58', 1, true],
      ['1m', '09:59', 1, false],
      ['1h', '09:00', 2, false],
      ['1m', '09:59', 1, true],
      ['1h', '09:00', 2, true],
      ['1m', '10:00', 1, false],
      ['1h', '10:00', 1, false],
      ['1m', '09:59', 2, true],
      ['1h', '09:00', 3, true],
      ['1m', '10:00', 2, false],
      ['1h', '10:00', 2, false],
    ]);
    for (const { id } of client.of('candle').filter((event) => event.id !== null)) {
      const again = streamOf(channels, id);
      await again.ready();
      const at = client.of('candle').findIndex((event) => event.id === id);
      assert.deepEqual(told(again), told(client).slice(at + 1));
      again.cut();
    }
  });

  describe('in a list', () => {
    const symbol = 'LIST/KRW';
    const start = Date.UTC(2024, 0, 1);
    before(async () => {
      const items = [0, 1, 2, 3, 4, 61, 62, 1_500, 1_501].map((minute) => ({
        symbol,
        time: iso(start + minute * 60_000),
        open: '100',
        high: '120',
        low: '90',
        close: String(100 + (minute % 20)),
        volume: '1.5',
      }));
      assert.deepEqual((await load({ items })).body, { accepted: 9 });
    });

    it('come in pages, oldest first or newest first', async () => {
      for (const interval of ['1m', '5m', '1h', '1d'] as const) {
        const whole = await all({ symbol, interval, from: iso(start) });
        assert.equal(whole.length, { '1m': 9, '5m': 3, '1h': 3, '1d': 2 }[interval]);
        assert.deepEqual(await all({ symbol, interval, from: iso(start), limit: 1 }), whole);
        assert.deepEqual(await all({ symbol, interval, order: 'desc', limit: 2 }), whole.toReversed());
        assert.deepEqual(
          (await get({ symbol, interval, limit: 2 })).body,
          { items: whole.slice(-2), nextCursor: null },
          'without `from`, the newest',
        );
      }
    });

    it('are those that start in the range, and are whole', async () => {
      const range = { symbol, interval: '1h', from: iso(start + 1), to: iso(start + 3_600_001) };
      const [only, ...others] = await all(range);
      assert.equal(others.length, 0);
      assert.deepEqual([only?.time, only?.trades, only?.volume], [iso(start + 3_600_000), 0, '3']);
      assert.deepEqual(await all({ ...range, to: range.from }), []);
    });

    it('are those of random ticks, of any interval, time zone and range, in both orders and pages of any size', async () => {
      const zones = ['UTC', 'Asia/Seoul', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'];
      const [of, end] = ['RANDOM/KRW', Date.UTC(2024, 2, 31, 12)];
      const ticks = walk(end, 70, 100);
      await push(of, ticks);
      const random = noise(5);
      const first = ticks[0]?.time ?? 0;
      for (const interval of CANDLE_INTERVALS) {
        // Nothing shorter than a day begins elsewhere for it.
        for (const tz of ['1d', '1w', '1M'].includes(interval) ? zones : ['Asia/Kathmandu']) {
          const bound = (): number => first + Math.floor((random() * 1.2 - 0.1) * (end - first));
          const [from = 0, to = 0] = [bound(), bound()].sort((a, b) => a - b);
          const expected = candlesOfTicks(oracleTicks(of, ticks), interval, tz);
          const inside = expected.filter(({ time }) => time >= iso(from) && time < iso(to));
          const query = { symbol: of, interval, tz, limit: 3 + Math.floor(random() * 30) };
          const what = `${interval} ${tz} ${iso(from)} ${iso(to)} ${query.limit}`;
          assert.deepEqual((await all({ ...query, from: iso(0) })).map(withoutClosed), expected, what);
          const range = { ...query, from: iso(from), to: iso(to) };
          assert.deepEqual((await all(range)).map(withoutClosed), inside, what);
          const back = await all({ ...range, order: 'desc' });
          assert.deepEqual(back.map(withoutClosed), inside.toReversed(), what);
        }
      }
    });

    it('have days of a time zone', async () => {
      const days = await all({ symbol, interval: '1d', tz: 'Asia/Seoul', from: iso(start - DAY) });
      assert.deepEqual(
        days.map(({ time }) => time),
        ['2023-12-31T15:00:00.000Z', '2024-01-01T15:00:00.000Z'],
      );
      assert.equal(days[0]?.volume, '10.5');
    });

    it('come as points or columns', async () => {
      const query = { symbol, interval: '1h', from: iso(start), limit: 2 };
      const { items, nextCursor } = (await get(query)).body;
      const points = (await get({ ...query, format: 'points' })).body;
      assert.deepEqual(points, {
        points: [
          [start, '100', '120', '90', '104', '7.5'],
          [start + 3_600_000, '100', '120', '90', '102', '3'],
        ],
        nextCursor,
      });
      const { columns } = (await get({ ...query, format: 'columns' })).body;
      assert.deepEqual(columns.t, [start, start + 3_600_000]);
      for (const name of ['open', 'high', 'low', 'close', 'volume', 'quoteVolume', 'trades', 'closed']) {
        assert.deepEqual(
          columns[name],
          items.map((item: Record<string, unknown>) => item[name]),
          name,
        );
      }
    });

    it('of a symbol that nobody knows are none', async () => {
      assert.deepEqual((await get({ symbol: 'NONE/KRW', interval: '1M' })).body, {
        items: [],
        nextCursor: null,
      });
    });

    it('are refused for a question that makes no sense, which is named', async () => {
      const good = { symbol, interval: '1m' };
      const cases: [Record<string, string | number>, string][] = [
        [{ ...good, from: iso(start + 1), to: iso(start) }, 'from'],
        [{ ...good, interval: '2m' }, 'interval'],
        [{ interval: '1m' }, 'symbol'],
        [{ symbol }, 'interval'],
        [{ ...good, tz: 'Asia/Nowhere' }, 'tz'],
        [{ ...good, tz: '+09:00' }, 'tz'],
        [{ ...good, limit: 1_001 }, 'limit'],
        [{ ...good, order: 'up' }, 'order'],
        [{ ...good, format: 'csv' }, 'format'],
        [{ ...good, page: 2 }, 'page'],
      ];
      for (const [query, name] of cases) {
        const answer = await get(query);
        assertProblem(answer, 400, 'invalid-request', name);
        assertNames(answer, [name], name);
      }
      for (const cursor of ['x', 'WyJhIl0', 'WzEsMl0', 'W10']) {
        assertProblem(await get({ ...good, cursor }), 400, 'invalid-cursor', cursor);
      }
      assertProblem(await get(good, null), 401, 'unauthorized');
    });
  });

  describe('that are loaded', () => {
    const minute = Date.UTC(2024, 4, 6, 10, 30);
    const good = {
      symbol: 'LOAD/KRW',
      time: iso(minute),
      open: '10',
      high: '12.5',
      low: '9',
      close: '11',
      volume: '2',
      trades: 7,
    };

    it('are listed as they were sent, and the same again changes nothing', async () => {
      for (const _ of [1, 2]) {
        assert.deepEqual((await load(good)).body, { accepted: 1 });
        assert.deepEqual(await all({ symbol: good.symbol, interval: '1m' }), [
          { ...good, interval: '1m', quoteVolume: '22', closed: true, simulated: false, complete: true },
        ]);
      }
      await load({ ...good, close: '12', quoteVolume: '21' });
      const [day] = await all({ symbol: good.symbol, interval: '1d' });
      assert.deepEqual([day?.close, day?.quoteVolume, day?.trades], ['12', '21', 7]);
    });

    it('are refused as a whole when one of them cannot be, naming it', async () => {
      const now = Date.now();
      const cases: [object, string][] = [
        [{ time: iso(minute + 1) }, '/time'],
        [{ interval: '1d', time: iso(minute) }, '/time'],
        [{ time: iso(Math.floor(now / 60_000) * 60_000) }, '/time'],
        [{ interval: '1d', time: iso(Math.floor(now / DAY) * DAY) }, '/time'],
        [{ time: iso(Math.floor(now / DAY) * DAY + 400 * DAY) }, '/time'],
        [{ high: '8' }, '/high'],
        [{ open: '12.6' }, '/open'],
        [{ close: '8.9' }, '/close'],
        [{ low: '0' }, '/low'],
        [{ close: '-1' }, '/close'],
        [{ close: 11 }, '/close'],
        [{ volume: '-1' }, '/volume'],
        [{ trades: 1.5 }, '/trades'],
        [{ interval: '5m' }, '/interval'],
        [{ symbol: 'KRW-BTC' }, '/symbol'],
        [{ exchange: 'upbit' }, '/exchange'],
      ];
      for (const [change, pointer] of cases) {
        const bad = { ...good, symbol: 'BAD/KRW', ...change };
        const one = await load(bad);
        assertProblem(one, 400, 'invalid-request', pointer);
        assertNames(one, [pointer], JSON.stringify(change));
        const batch = await load({ items: [{ ...good, symbol: 'BAD/KRW' }, bad] });
        assertNames(batch, [`/items/1${pointer}`], JSON.stringify(change));
      }
      assert.deepEqual(await all({ symbol: 'BAD/KRW', interval: '1m' }), []);
      const many = Array.from({ length: 1_001 }, () => good);
      assertProblem(await load({ items: many }), 400, 'invalid-request');
      assertProblem(await load({ items: [] }), 400, 'invalid-request');
    });

    it('are a batch of 1,000 at most', async () => {
      const items = Array.from({ length: 1_000 }, (_, i) => ({
        ...good,
        symbol: 'MANY/KRW',
        time: iso(minute - i * 60_000),
      }));
      assert.deepEqual((await load({ items })).body, { accepted: 1_000 });
      assert.equal(
        (await all({ symbol: 'MANY/KRW', interval: '1m', from: iso(0), limit: 1_000 })).length,
        1_000,
      );
    });

    it('need the right to write to the market', async () => {
      const viewer = await app().user('viewer');
      assertProblem(await load(good, viewer), 403, 'forbidden');
      assert.equal((await get({ symbol: good.symbol, interval: '1m' }, viewer)).status, 200);
    });

    it('as whole days are seen in days, weeks and months, and not within a day', async () => {
      const symbol = 'DAYS/KRW';
      const items = Array.from({ length: 40 }, (_, i) => ({
        ...good,
        symbol,
        interval: '1d',
        time: iso(Date.UTC(2024, 4, 1) + i * DAY),
        close: `9.${10 + i}`,
      }));
      assert.equal((await load({ items })).status, 200);
      const days = await all({ symbol, interval: '1d' });
      assert.deepEqual(
        days.map(({ time, close, volume }) => [time, close, volume]),
        items.map(({ time, close, volume }) => [time, Number(close) + '', volume]),
      );
      const months = await all({ symbol, interval: '1M' });
      assert.deepEqual(
        months.map(({ volume, close, closed }) => [volume, close, closed]),
        [
          ['62', '9.4', true],
          ['18', '9.49', true],
        ],
      );
      for (const interval of ['1m', '4h']) assert.deepEqual(await all({ symbol, interval }), [], interval);
    });

    it('as whole days are part of the weeks and months that are still being made', async () => {
      const symbol = 'WEEK/KRW';
      const day = (nth: number): object => ({
        ...good,
        symbol,
        interval: '1d',
        time: iso(Date.UTC(2024, 4, 6) + nth * DAY),
      });
      await load({ items: [day(0), day(1), day(2)] });
      const client = streamOf([`candle:${symbol}:1d`, `candle:${symbol}:1w`, `candle:${symbol}:1M`]);
      await client.ready();
      const ticks = [0, 7 * 60_000].map((ms) => ({
        time: minute + 3 * DAY + ms,
        price: '30',
        quantity: '0.5',
      }));
      await push(symbol, ticks);
      for (const [interval, volume] of [
        ['1d', '1'],
        ['1w', '7'],
        ['1M', '7'],
      ] as const) {
        await client.until(() => bodies(client, interval).length > 0, interval);
        const [listed] = await all({ symbol, interval, order: 'desc' });
        assert.deepEqual([listed?.volume, listed?.high], [volume, '30'], interval);
        assert.deepEqual(bodies(client, interval).at(-1), listed, interval);
      }
      client.cut();
    });

    it('give the price of a symbol that has none newer, at once and to all', async () => {
      const symbol = 'PRICE/KRW';
      const client = streamOf([`ticker:${symbol}`]);
      await client.ready();
      await load({ ...good, symbol });
      await client.until(() => client.of('ticker').length === 1, 'the ticker');
      const { body } = await app().call('GET', `/v1/market/tickers?symbols=${symbol}`, { as: user });
      // The list says besides whether the price is current.
      assert.deepEqual(body.items[0], { ...client.of('ticker')[0]?.data, status: 'stale' });
      assert.deepEqual([body.items[0].price, body.items[0].time], ['11', iso(minute + 59_999)]);
      await push(symbol, [{ time: minute + 120_000, price: '20' }]);
      // Two prices within one flush would be told as one.
      await client.until(() => client.of('ticker').length === 2, 'the tick');
      await load({ ...good, symbol, time: iso(minute + 60_000), close: '12' });
      await load({ ...good, symbol, time: iso(minute + 180_000), close: '12.1' });
      await client.until(() => client.of('ticker').length === 3, 'the newer close');
      assert.deepEqual(
        client.of('ticker').map(({ data }) => data.price),
        ['11', '20', '12.1'],
      );
      client.cut();
    });

    it('count in the longer candles of the stream from then on', async () => {
      const symbol = 'BOTH/KRW';
      const client = streamOf(['1h', '1d', '1M'].map((interval) => `candle:${symbol}:${interval}`));
      await client.ready();
      await push(symbol, [{ time: minute + 5_000, price: '10', quantity: '1' }]);
      await client.until(() => bodies(client, '1M').length > 0, 'the first candle');
      await load({
        items: [
          { ...good, symbol, time: iso(minute - 10 * 60_000) },
          { ...good, symbol, time: iso(minute - 20 * 3_600_000) },
        ],
      });
      await client.until(() => bodies(client, '1M').at(-1)?.volume === '5', 'the month with both');
      for (const [interval, volume] of [
        ['1h', '3'],
        ['1d', '3'],
        ['1M', '5'],
      ] as const) {
        const [listed] = await all({ symbol, interval, order: 'desc' });
        assert.equal(listed?.volume, volume, interval);
        assert.deepEqual(bodies(client, interval).at(-1), listed);
      }
      client.cut();
    });
  });
});

onPostgres('the retention of candles', () => {
  it('leaves one candle of each day that is too old, and all minutes of the rest', async () => {
    const databaseUrl = await newPostgresDatabase();
    const before = await openOnPostgres({ url: databaseUrl });
    const today = Math.floor(Date.now() / DAY) * DAY;
    const symbol = 'BTC/KRW';
    const days = [10, 9, 2, 1].map((nth) => ({
      symbol,
      from: today - nth * DAY,
      to: today - (nth - 1) * DAY,
    }));
    const minutes = days.flatMap(({ from }) =>
      [1, 2, 3].map((nth) => ({
        symbol,
        time: from + nth * 60_000,
        closeTime: from + nth * 60_000 + 5,
        open: fixed('1'),
        high: fixed('4'),
        low: fixed('1'),
        close: fixed(String(nth)),
        volume: fixed('1'),
        quoteVolume: fixed('2'),
        trades: 1,
        simulated: false,
      })),
    );
    await upsertCandles(before.knex, minutes, 'merge');
    const folded = await foldCandles(before.knex, days);
    await before.close();
    let tell = (): void => {};
    const pruned = new Promise<void>((resolve) => (tell = resolve));
    const log = (line: string): void => {
      if (line.includes('old candles are pruned')) tell();
    };
    const app = await startApp({ databaseUrl, log, env: { CANDLE_RETENTION_DAYS: '5' } });
    try {
      await pruned;
      const { db } = app.services;
      assert.equal((await minuteCandles(db, days)).length, 6);
      assert.deepEqual(await foldCandles(db, days), folded);
    } finally {
      await app.close();
    }
  });
});
