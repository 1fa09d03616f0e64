import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backfillByHand } from '../../app/backfill.ts';
import { foldCandles } from '../../db/market/candle-folds.ts';
import { openDatabase } from '../../db/connection/database.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config/config.ts';
import { StartError } from '../../lib/start-error.ts';
import { type CandleServer, startCandleServer } from '../support/candle-server.ts';
import { watchedLogger } from '../support/log-watch.ts';

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const date = (time: number): string => new Date(time).toISOString().slice(0, 10);

describe('a backfill by hand', function () {
  this.timeout(120_000);
  let server: CandleServer;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-backfill-'));
    server = await startCandleServer({ 'KRW-BTC': today - 500 * DAY });
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(words: string[], env: Record<string, string> = {}): Promise<string[]> {
    const config = readConfig({
      DATA_DIR: folder,
      MARKET_FEED: 'none',
      DEMO: 'false',
      BACKFILL_EXCHANGES: `upbit?rest=${server.rest}`,
      ...env,
    });
    const told: string[] = [];
    const logger = watchedLogger();
    await backfillByHand(config, words, {
      clock: systemClock,
      random: Math.random,
      logger,
      tell: (line) => told.push(line),
    });
    return told;
  }

  it('stores the days that were asked for, both ends included, and ends', async () => {
    const told = await run(['BTC/KRW', date(today - 250 * DAY), date(today - 31 * DAY)]);
    assert.match(told.at(-1) ?? '', /^BTC\/KRW {2}done up to \d{4}-\d\d-\d\d {2}220 candles$/);
    const database = await openDatabase({ dataDir: folder, log: watchedLogger(), clock: systemClock });
    try {
      const windows = [-251, -250, -31, -30].map((day) => ({
        symbol: 'BTC/KRW',
        from: today + day * DAY,
        to: today + (day + 1) * DAY,
      }));
      const found = await foldCandles(database.knex, windows);
      assert.deepEqual(
        found.map((candle) => candle !== null),
        [false, true, true, false],
      );
    } finally {
      await database.close();
    }
  });

  it('says in one sentence what is wrong with what it was told', async () => {
    for (const [words, reason] of [
      [[], /^Name a symbol/],
      [['BTC/KRW'], /is not a day such as 2024-01-01/],
      [['BTC/KRW', date(today + DAY)], /^The first day must be before the last/],
      [['BTC/KRW', date(today - DAY), date(today), 'kraken'], /BACKFILL_EXCHANGES/],
    ] as const)
      await assert.rejects(
        run([...words]),
        (error) => error instanceof StartError && reason.test(error.message),
      );
  });
});
