import assert from 'node:assert/strict';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { bookEntries } from '../../../db/ledger/ledger.ts';
import { portfolioVersions, type Portfolio } from '../../../db/ledger/portfolios/portfolios.ts';
import { portfolioLog } from '../../../streams/channels/logs.ts';
import { DayStarts } from '../../../streams/portfolio/day-starts.ts';
import { Market } from '../../../streams/market/market.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { valuePortfolio } from '../../../streams/portfolio/portfolio-valuation.ts';
import { Projector } from '../../../streams/portfolio/projector.ts';
import { deposit, newPortfolio } from '../../support/db/fixture.ts';
import { openInMemory } from '../../support/databases.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the projection of a portfolio', () => {
  let opened: OpenedDatabase;
  let db: OpenedDatabase['knex'];
  let clock: VirtualClock;
  let broker: MemoryBroker;
  let market: Market;
  let projector: Projector;
  let portfolio: Portfolio;
  /** What a valuation that has been worked out waits for before the projection gets it. */
  let gate: Promise<void>;
  let reached: () => void;

  before(async () => {
    opened = await openInMemory();
    db = opened.knex;
    clock = new VirtualClock(Date.UTC(2026, 2, 1, 3));
    const bounds = { events: 1_000, bytes: 1e6, ageMs: 1e9 };
    broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    market = new Market({ broker, clock, random: () => 0.5, log: quiet, lastCloses: async () => [] });
    await market.start();
    const sources = { db, market, dayStarts: new DayStarts({ db, clock }), timeline: { mark: '' } };
    gate = Promise.resolve();
    reached = () => undefined;
    projector = new Projector({
      broker,
      leases: new MemoryLeases(),
      market,
      clock,
      logger: quiet,
      intervalMs: 250,
      holdingsIntervalMs: 250,
      value: async (id) => {
        const valuation = await valuePortfolio(sources, id);
        reached();
        await gate;
        return valuation;
      },
      versions: (ids) => portfolioVersions(db, ids),
    });
    portfolio = await newPortfolio(db);
  });
  after(async () => {
    await projector.close();
    await market.close();
    await opened.close();
  });

  async function book(id: string, amount: string): Promise<void> {
    const { version } = await bookEntries(db, portfolio.id, [deposit(id, 0, amount, { time: clock.now() })], {
      clock,
    });
    const data = JSON.stringify({ type: 'transfer', change: 'booked', version });
    await broker.publish(portfolioLog(portfolio.id), [{ data }]);
  }

  async function published(type: string): Promise<{ cash?: string; items?: { quantity: string }[] }> {
    const log = portfolioLog(portfolio.id);
    const page = await broker.history(log, { ...(await broker.head(log)), offset: 0 }, 1_000);
    assert.ok('events' in page);
    const bodies = page.events.map(({ data }) => JSON.parse(data)).filter((record) => record.type === type);
    return bodies.at(-1)?.body;
  }

  it('tells of a fill that was booked while the one before was being valued, in a market that stands still', async () => {
    const unwatch = await projector.watch(portfolio.id, 'holdings');
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const valued = new Promise<void>((resolve) => (reached = resolve));
    await book('first', '1000');
    await clock.advance(300);
    await valued;
    await book('second', '200');
    open();
    // The database answers when it does: the clock goes on with it.
    for (let turn = 0; turn < 20 && (await published('pnl')).cash !== '1200'; turn += 1) {
      await clock.advance(1_000);
      await db.raw('select 1');
    }
    assert.equal((await published('pnl')).cash, '1200');
    assert.deepEqual(
      (await published('holdings')).items?.map(({ quantity }) => quantity),
      ['1200'],
    );
    await unwatch();
  });
});
