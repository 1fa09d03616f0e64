import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReplayFeed, type ReplayOptions } from '../../../../streams/market/feeds/replay-feed.ts';
import type { FeedState } from '../../../../streams/channels/record.ts';
import { CollectingSink } from '../../../support/tick-sink.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));
const ETH_USDT = fixture('binance-ETH-USDT-trades-2023-02-02.csv');
const XRP_ETH = fixture('binance-XRP-ETH-trades-2019-10-11.csv');
const HEADER = 'timestamp_ms,trade_id,side,price,amount\n';

/** The file's rows by the plainest means: a second opinion. */
function rows(path: string): string[][] {
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.split(','));
}

describe('the replay feed', () => {
  let folder: string;
  let clock: VirtualClock;
  let collected: CollectingSink;
  const feeds: ReplayFeed[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-replay-'));
    clock = new VirtualClock();
    collected = new CollectingSink();
  });
  afterEach(async () => {
    for (const feed of feeds.splice(0)) await feed.close();
    assert.equal(clock.pending, 0, 'timers are left');
    rmSync(folder, { recursive: true });
  });

  function open(options: Partial<ReplayOptions> = {}): ReplayFeed {
    const feed = new ReplayFeed({
      path: ETH_USDT,
      symbol: 'ETH/USDT',
      exchange: 'binance',
      speed: 'max',
      clock,
      random: () => 0.5,
      ...options,
    });
    feeds.push(feed);
    return feed;
  }

  function file(body: string, header = HEADER): string {
    const path = join(folder, 'trades.csv');
    writeFileSync(path, header + body);
    return path;
  }

  /** Turns the clock in small steps, so that file reads and timers both get on. */
  async function until(feed: ReplayFeed, state: FeedState, step = 0): Promise<void> {
    for (let turn = 0; feed.status().state !== state; turn += 1) {
      assert.ok(turn < 100_000, `still ${feed.status().state}: ${feed.status().detail ?? ''}`);
      await clock.advance(step);
    }
  }

  for (const [name, path] of [
    ['ETH/USDT', ETH_USDT],
    ['XRP/ETH', XRP_ETH],
  ] as const) {
    it(`replays the whole ${name} file in order and loses nothing`, async () => {
      const feed = open({ path, symbol: name });
      feed.start(collected.sink);
      await until(feed, 'ended');
      assert.deepEqual(
        collected.ticks.map((tick) => [
          String(tick.time),
          tick.tradeId,
          tick.side,
          tick.price,
          tick.quantity,
        ]),
        rows(path),
      );
      assert.ok(collected.ticks.every((tick) => tick.symbol === name && tick.exchange === 'binance'));
      assert.ok(collected.ticks.every((tick) => !tick.simulated));
      assert.equal(feed.status().ticks, rows(path).length);
      assert.equal(feed.status().detail, null);
    });
  }

  it('hands over the next batch only when the last is taken', async () => {
    const feed = open();
    let open_ = 0;
    let count = 0;
    feed.start(async (ticks) => {
      open_ += 1;
      assert.equal(open_, 1, 'two batches at once');
      assert.ok(ticks.length <= 500);
      await new Promise<void>((resolve) => setImmediate(resolve));
      count += ticks.length;
      open_ -= 1;
    });
    await until(feed, 'ended');
    assert.equal(count, 1_000);
  });

  it('keeps the recorded pace at speed 1', async () => {
    const feed = open({ speed: 1 });
    const start = rows(ETH_USDT)[0]?.[0];
    feed.start(async (ticks) => {
      for (const tick of ticks) {
        // A tick is never early, and is late by less than the millisecond that timers are rounded to.
        const behind = clock.monotonic() - (tick.time - Number(start));
        assert.ok(behind >= 0 && behind <= 1, `off by ${behind} ms`);
      }
      await collected.sink(ticks);
    });
    while (collected.ticks.length === 0) await clock.advance(0);
    await clock.advance(100_000);
    const due = rows(ETH_USDT).filter((row) => Number(row[0]) - Number(start) <= 100_000).length;
    assert.equal(collected.ticks.length, due);
    assert.ok(due > 100 && due < 1_000);
  });

  it('is twice as quick at speed 2', async () => {
    const feed = open({ speed: 2 });
    feed.start(collected.sink);
    while (collected.ticks.length === 0) await clock.advance(0);
    await clock.advance(50_000);
    const start = Number(rows(ETH_USDT)[0]?.[0]);
    const due = rows(ETH_USDT).filter((row) => Number(row[0]) - start <= 100_000).length;
    assert.equal(collected.ticks.length, due);
    await clock.advance(54_500);
    await until(feed, 'ended');
    assert.equal(collected.ticks.length, 1_000);
  });

  it('skips broken rows, counts them and names the first by its line', async () => {
    const path = file(
      '1000,1,buy,10.5,1\n' +
        'soon,2,buy,10.5,1\n' +
        '1001,3,hold,10.5,1\n' +
        '1002,4,sell,1e5,1\n' +
        '1003,5,sell,-3,1\n' +
        '1004,6,sell\n' +
        '1005,7,"sell,10.7,2\n' +
        '\n' +
        '1006,8,sell,10.8,2,and more\r\n',
    );
    const feed = open({ path });
    feed.start(collected.sink);
    await until(feed, 'ended');
    assert.deepEqual(
      collected.ticks.map((tick) => tick.tradeId),
      ['1', '8'],
    );
    const detail = '6 broken rows were skipped, first on line 3: timestamp_ms is "soon"';
    assert.equal(feed.status().detail, detail);
  });

  it('takes columns in any order, and a byte order mark', async () => {
    const path = file('5,buy,2,1000,x9\n', '\uFEFFamount,side,price,timestamp_ms,trade_id\n');
    const feed = open({ path });
    feed.start(collected.sink);
    await until(feed, 'ended');
    assert.deepEqual(collected.ticks[0], {
      symbol: 'ETH/USDT',
      price: '2',
      quantity: '5',
      side: 'buy',
      time: 1000,
      tradeId: 'x9',
      exchange: 'binance',
      simulated: false,
    });
  });

  it('waits for a file that is not there, saying so, and plays it when it comes', async () => {
    const path = join(folder, 'later.csv');
    const feed = open({ path });
    feed.start(collected.sink);
    await until(feed, 'retrying');
    assert.match(feed.status().detail ?? '', /later\.csv.*ENOENT/);
    renameSync(file('1000,1,buy,10.5,1\n'), path);
    await until(feed, 'ended', 1_000);
    assert.equal(collected.ticks.length, 1);
    assert.equal(feed.status().detail, null);
  });

  it('says which columns a foreign file lacks', async () => {
    const feed = open({ path: file('1,2\n', 'time,price\n') });
    feed.start(collected.sink);
    await until(feed, 'retrying');
    assert.match(feed.status().detail ?? '', /lacks timestamp_ms, trade_id, side, amount/);
  });

  it('goes on with the batch that failed: nothing lost, nothing twice, no bad row counted again', async () => {
    const body = Array.from({ length: 1_200 }, (_, i) =>
      i === 3 ? 'bad' : `${1000 + i},${i},buy,10.5,1`,
    ).join('\n');
    const feed = open({ path: file(body) });
    let calls = 0;
    feed.start(async (ticks) => {
      calls += 1;
      if (calls === 1 || calls === 3) throw new Error('the log is away');
      await collected.sink(ticks);
    });
    await until(feed, 'retrying');
    assert.match(feed.status().detail ?? '', /the log is away; 1 broken row was skipped/);
    await until(feed, 'ended', 1_000);
    const ids = collected.ticks.map((tick) => Number(tick.tradeId));
    assert.deepEqual(
      ids,
      Array.from({ length: 1_200 }, (_, i) => i).filter((i) => i !== 3),
    );
    assert.match(feed.status().detail ?? '', /^1 broken row was skipped/);
  });

  it('closes in the middle of a wait', async () => {
    const feed = open({ path: file('1000,1,buy,10,1\n9000000,2,buy,10,1\n'), speed: 1 });
    feed.start(collected.sink);
    while (collected.ticks.length === 0) await clock.advance(1);
    await feed.close();
    assert.equal(collected.ticks.length, 1);
    assert.equal(feed.status().state, 'ended');
  });
});
