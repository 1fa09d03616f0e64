import { type Database, openDatabase } from '../db/connection/database.ts';
import { equityAt } from '../db/history/history.ts';
import type { TradeDraft } from '../db/ledger/entries/stored-entry.ts';
import { bookEntries } from '../db/ledger/ledger.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { statesAt } from '../db/ledger/positions/past-states.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createLogger } from '../lib/logging/log.ts';
import { calendarOf } from '../lib/pnl/performance/calendar.ts';
import type { CostMethod } from '../lib/pnl/ledger/cost-method.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';
import { DayStarts } from '../streams/portfolio/day-starts.ts';
import { Market } from '../streams/market/market.ts';
import { MemoryBroker } from '../streams/memory/memory-broker.ts';
import { valuePortfolio, type ValuationSources } from '../streams/portfolio/portfolio-valuation.ts';
import { bookLedger, fill, newPortfolio, type LedgerSize } from './large-ledger.ts';
import { quantile, type Section, short } from './report.ts';

const DAY_MS = 86_400_000;
const ZONE = 'Asia/Seoul';
const log = createLogger('silent');

/** Ends yesterday, so that what is appended comes after it. */
const end = Date.now() - DAY_MS;

async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

interface Figures {
  perSecond: number;
  cpuUs: number;
  /** Milliseconds. */
  visible: number[];
  bare: number[];
  late: number[];
  dayStart: number[];
  stateAt: number;
  month: [cold: number, warm: number];
}

async function measure(db: Database, id: string, size: LedgerSize): Promise<Figures> {
  const broker = new MemoryBroker({
    clock,
    random: Math.random,
    bounds: () => ({ events: 1_000, bytes: 1e6, ageMs: 1e6 }),
  });
  const market = new Market({ broker, clock, random: Math.random, log, lastCloses: async () => [] });
  await market.start();
  const sources: ValuationSources = {
    db,
    market,
    dayStarts: new DayStarts({ db, clock }),
    timeline: { mark: '' },
  };
  const book = async (drafts: TradeDraft[]): Promise<unknown> => await bookEntries(db, id, drafts, { clock });
  const summary = async (): Promise<unknown> => (await valuePortfolio(sources, id))?.mark();
  const cpu = process.cpuUsage();
  const building = await timed(async () => await bookLedger(db, id, size));
  const used = process.cpuUsage(cpu);
  const figures: Figures = {
    perSecond: size.trades / (building / 1_000),
    cpuUs: (used.user + used.system) / size.trades,
    visible: [],
    bare: [],
    late: [],
    dayStart: [],
    stateAt: await timed(async () => await statesAt(db, id, end - (size.days / 3) * DAY_MS)),
    month: [0, 0],
  };
  const month = calendarOf(ZONE)
    .periods(end - 30 * DAY_MS, end, 'day')
    .map(({ start }) => start);
  figures.month = [
    await timed(async () => await equityAt(db, id, month)),
    await timed(async () => await equityAt(db, id, month)),
  ];
  for (let n = 0; n < 100; n += 1) {
    const now = Date.now();
    figures.visible.push(
      await timed(async () => {
        await book([fill(`a${n}`, now, `C${n % size.symbols}`, n, n % 2 === 0 ? 'buy' : 'sell')]);
        await summary();
      }),
    );
    figures.bare.push(await timed(async () => await bareTransaction(db, id)));
  }
  for (let n = 0; n < 5; n += 1) {
    const middle = end - (size.days / 2) * DAY_MS + n;
    figures.late.push(
      await timed(async () => {
        await book([fill(`l${n}`, middle, `C${n}`, n, 'buy')]);
        await summary();
      }),
    );
  }
  for (let n = 0; n < 5; n += 1) {
    const { start } = calendarOf(ZONE).periodAt(Date.now(), 'day');
    await db('ledger_points').where({ portfolio_id: id }).delete();
    figures.dayStart.push(await timed(async () => await equityAt(db, id, [start])));
  }
  await market.close();
  return figures;
}

/** The lower bound of any booking: shows how busy the machine is. */
async function bareTransaction(db: Database, id: string): Promise<void> {
  await db.transaction(async (trx) => {
    await trx('portfolios').where({ id }).forUpdate().first('id');
    await trx('portfolios').where({ id }).update({ updated_at: new Date() });
  });
}

interface LotFigures {
  lots: number;
  append: number[];
  sale: number[];
  late: number;
}

/** One coin that is at first only bought: so many open lots. */
async function measureLots(db: Database, costMethod: CostMethod, lots: number): Promise<LotFigures> {
  const { id } = await newPortfolio(db, costMethod);
  const start = end - 100 * DAY_MS;
  const book = async (drafts: TradeDraft[]): Promise<unknown> => await bookEntries(db, id, drafts, { clock });
  for (let n = 0; n < lots; n += 5_000) {
    await book(
      Array.from({ length: 5_000 }, (_, k) => fill(`b${n + k}`, start + (n + k) * 10, 'BTC', n + k, 'buy')),
    );
  }
  const after = start + lots * 10 + 1_000;
  const figures: LotFigures = { lots, append: [], sale: [], late: 0 };
  for (let n = 0; n < 20; n += 1) {
    figures.append.push(await timed(async () => await book([fill(`a${n}`, after + 2 * n, 'BTC', n, 'buy')])));
    figures.sale.push(
      await timed(async () => await book([fill(`s${n}`, after + 2 * n + 1, 'BTC', n, 'sell')])),
    );
  }
  figures.late = await timed(async () => await book([fill('late', start + lots * 5, 'BTC', 1, 'buy')]));
  return figures;
}

const p = (values: readonly number[], share: number): string => short(quantile(values, share));

function line(name: string, { trades }: LedgerSize, figures: Figures): (string | number)[] {
  const { perSecond, cpuUs, visible, bare, late, dayStart, stateAt, month } = figures;
  return [
    name,
    trades,
    short(perSecond),
    short(cpuUs),
    `${p(visible, 0.5)} / ${p(visible, 0.99)}`,
    `${p(bare, 0.5)} / ${p(bare, 0.99)}`,
    `${p(late, 0.5)} / ${p(late, 1)}`,
    `${p(dayStart, 0.5)} / ${p(dayStart, 1)}`,
    short(stateAt),
    `${short(month[0])} / ${short(month[1])}`,
  ];
}

/** A large ledger: how fast it grows, and what changes at its end and in its middle, and reads of its past, cost. */
export async function ledger(): Promise<Section[]> {
  const trades = Number(process.env['BENCH_TRADES'] ?? 1_000_000);
  const large: LedgerSize = { trades, symbols: 50, days: 730, batch: 10_000, end };
  const small: LedgerSize = { trades: Math.min(trades, 50_000), symbols: 50, days: 730, batch: 10_000, end };
  const server = await startPostgres({ durable: true });
  const opened = await openDatabase({ url: server.url, log });
  let onServer: Figures;
  const lots: (string | number)[][] = [];
  try {
    await migrate(opened.knex);
    onServer = await measure(opened.knex, (await newPortfolio(opened.knex, 'average')).id, large);
    for (const [method, count] of [
      ['fifo', 10_000],
      ['fifo', 100_000],
      ['hifo', 100_000],
    ] as const) {
      const { append, sale, late } = await measureLots(opened.knex, method, count);
      lots.push([
        method,
        count,
        `${p(append, 0.5)} / ${p(append, 1)}`,
        `${p(sale, 0.5)} / ${p(sale, 1)}`,
        short(late),
      ]);
    }
  } finally {
    await opened.close();
    await server.stop();
  }
  const embedded = await openDatabase({ dataDir: 'memory://', log });
  let onPglite: Figures;
  try {
    await migrate(embedded.knex);
    onPglite = await measure(embedded.knex, (await newPortfolio(embedded.knex, 'average')).id, small);
  } finally {
    await embedded.close();
  }
  const visible = quantile(onServer.visible, 0.99);
  const late = quantile(onServer.late, 1);
  return [
    {
      name: 'ledger',
      setup: `A ledger of ${large.symbols} symbols over ${large.days} days under average cost, booked in batches of ${large.batch} through the program's own functions, on a PostgreSQL with fsync; a smaller one on the embedded database in memory. Milliseconds are median / worst (p99 for 100 appended fills).`,
      rows: {
        columns: [
          'database',
          'trades',
          'booked/s',
          'CPU µs per trade',
          'appended fill in the summary',
          'a bare transaction beside it',
          'late fill in the middle, in the summary',
          'start of the day, not remembered',
          'states at a third',
          '30 days, cold / again',
        ],
        lines: [line('PostgreSQL', large, onServer), line('embedded', small, onPglite)],
      },
      verdicts: [
        { target: 'late fill restated within 1 s', measured: `${short(late)} ms`, holds: late <= 1_000 },
        {
          target: 'appended fill in the summary within 50 ms (p99)',
          measured: `${short(visible)} ms`,
          holds: visible <= 50,
        },
        {
          target: '5,000 trades/s on PostgreSQL',
          measured: short(onServer.perSecond),
          holds: onServer.perSecond >= 5_000,
        },
        {
          target: '1,000 trades/s embedded',
          measured: short(onPglite.perSecond),
          holds: onPglite.perSecond >= 1_000,
        },
      ],
    },
    {
      name: 'ledger: lots',
      setup: 'One coin with many open lots on PostgreSQL: milliseconds, median / worst of 20.',
      rows: {
        columns: ['method', 'open lots', 'one more purchase', 'a sale', 'late fill in the middle'],
        lines: lots,
      },
      verdicts: [],
    },
  ];
}
