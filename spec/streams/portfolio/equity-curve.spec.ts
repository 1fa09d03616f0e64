import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { equitySnapshots, saveEquitySnapshots } from '../../../db/history/equity-snapshots.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { portfolioVersions } from '../../../db/ledger/portfolios/portfolios.ts';
import { decimal } from '../../../lib/money/money.ts';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { DayStarts } from '../../../streams/portfolio/day-starts.ts';
import { Market } from '../../../streams/market/market.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { valuePortfolio } from '../../../streams/portfolio/portfolio-valuation.ts';
import { Projector } from '../../../streams/portfolio/projector.ts';
import { deposit, newPortfolio, trade } from '../../support/db/fixture.ts';
import { openInMemory } from '../../support/databases.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const START = Date.UTC(2026, 2, 2, 3);
const unlimited = { events: 1_000, bytes: 1e6, ageMs: 1e9 };

describe('the curve of the day', () => {
  let opened: OpenedDatabase;
  before(async () => {
    opened = await openInMemory();
  });
  after(() => opened.close());

  it('is kept of what is published, once a minute, while somebody watches', async () => {
    const db = opened.knex;
    const clock = new VirtualClock(START);
    const broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => unlimited });
    const market = new Market({ broker, clock, random: () => 0.5, log: quiet, lastCloses: async () => [] });
    await market.start();
    const dayStarts = new DayStarts({ db, clock });
    const kept: Promise<void>[] = [];
    const projector = new Projector({
      broker,
      leases: new MemoryLeases(),
      market,
      clock,
      logger: quiet,
      intervalMs: 10,
      holdingsIntervalMs: 10,
      value: (id) => valuePortfolio({ db, market, dayStarts, timeline: { mark: '' } }, id),
      versions: (ids) => portfolioVersions(db, ids),
      keepEquity(snapshots) {
        const keeping = saveEquitySnapshots(db, snapshots);
        kept.push(keeping);
        return keeping;
      },
    });
    const tick = async (price: string): Promise<void> => {
      const time = new Date(clock.now()).toISOString();
      const none = { change: null, changeRate: null, exchange: null, simulated: false };
      const ticker = {
        symbol: 'BTC/KRW',
        price,
        high: price,
        low: price,
        volume: '0',
        quoteVolume: '0',
        time,
      };
      const data = JSON.stringify({ type: 'tick', ticker: { ...ticker, ...none }, trade: null });
      await broker.publish(MARKET_LOG, [{ data }]);
    };
    const { id } = await newPortfolio(db);
    const at = { time: START - 3_600_000 };
    await bookEntries(db, id, [deposit('d', 0, '200000000', at), trade('t', 0, '2', at)], { clock });
    const curve = async (): Promise<[number, string][]> => {
      await Promise.all(kept);
      const points = await equitySnapshots(db, id, { from: START - 1, to: START + 1e7 });
      return points.map(({ time, equity }) => [Math.round((time - START) / 1_000), decimal(equity)]);
    };

    await tick('60000000');
    await clock.advance(120_000);
    assert.deepEqual(await curve(), [], 'nobody watches');

    const unwatch = await projector.watch(id);
    await clock.advance(2_000);
    assert.deepEqual(await curve(), [[120, '220000000']]);
    for (const price of ['61000000', '62000000', '63000000']) {
      await tick(price);
      await clock.advance(10_000);
    }
    assert.equal((await curve()).length, 1, 'at most one a minute');
    await clock.advance(30_000);
    assert.deepEqual((await curve())[1]?.[1], '226000000', 'the latest that was published');
    await clock.advance(90_000);
    assert.equal((await curve()).length, 2, 'nothing has moved since');

    await unwatch();
    await tick('70000000');
    await clock.advance(120_000);
    assert.equal((await curve()).length, 2, 'nobody watches any more');
    await projector.close();
    await market.close();
    assert.equal(clock.pending, 0);
  });
});
