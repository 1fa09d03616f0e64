import { Client } from 'pg';
import { createLogger } from '../lib/logging/log.ts';
import { type Database, openDatabase } from '../db/connection/database.ts';
import { listTrades } from '../db/trades/trade-list.ts';
import type { TradeOrder } from '../db/trades/trade-order.ts';
import type { TradeFilter } from '../db/trades/trade-query.ts';
import { largeList, type LargeList } from './large-list.ts';
import { quantile, type Section, short } from './report.ts';

const TRADES = Number(process.env['BENCH_TRADES'] ?? 1_000_000);
const SAMPLES = 40;
const LIMIT = 100;

const newest: TradeOrder = { sort: 'time', order: 'desc' };
const byPnl: TradeOrder = { sort: 'pnl', order: 'desc' };
const byValue: TradeOrder = { sort: 'value', order: 'desc' };
/** Of the roughly 690 days of the ledger. */
const from = Math.floor(Date.now() / 60_000) * 60_000 - 100 * 86_400_000;
const day = { from, to: from + 86_400_000 };
const month = { from, to: from + 30 * 86_400_000 };
const span = ({ from, to }: { from: number; to: number }): string =>
  `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
/** What is requested: as a query, and as the function below the endpoint, for EXPLAIN. */
const QUESTIONS: { query: string; filter: TradeFilter; order: TradeOrder }[] = [
  { query: '', filter: {}, order: newest },
  { query: 'sort=value', filter: {}, order: { sort: 'value', order: 'desc' } },
  { query: 'sort=fee&order=asc', filter: {}, order: { sort: 'fee', order: 'asc' } },
  { query: 'sort=pnl', filter: {}, order: { sort: 'pnl', order: 'desc' } },
  { query: 'sort=symbol', filter: {}, order: { sort: 'symbol', order: 'asc' } },
  { query: 'symbol=C7/KRW', filter: { symbols: ['C7/KRW'] }, order: newest },
  { query: 'asset=C7&side=sell', filter: { asset: 'C7', side: 'sell' }, order: newest },
  { query: 'exchange=bithumb', filter: { exchange: 'bithumb' }, order: newest },
  { query: 'type=limit&sort=value', filter: { orderType: 'limit' }, order: { sort: 'value', order: 'desc' } },
  { query: 'tag=rare', filter: { tag: 'rare' }, order: newest },
  { query: 'orderId=o-4711', filter: { orderId: 'o-4711' }, order: newest },
  { query: 'q=needle', filter: { text: 'needle' }, order: newest },
  { query: 'q=분할매수', filter: { text: '분할매수' }, order: newest },
  { query: 'q=x123456', filter: { text: 'x123456' }, order: newest },
  { query: 'q=grid bot&tag=rare', filter: { text: 'grid bot', tag: 'rare' }, order: newest },
  {
    query: 'sort=pnl&symbol=C7/KRW',
    filter: { symbols: ['C7/KRW'] },
    order: { sort: 'pnl', order: 'desc' },
  },
  { query: 'sort=pnl&tag=rare', filter: { tag: 'rare' }, order: { sort: 'pnl', order: 'desc' } },
  { query: 'sort=value&tag=rare', filter: { tag: 'rare' }, order: { sort: 'value', order: 'desc' } },
  { query: 'asset=C7&sort=value', filter: { asset: 'C7' }, order: byValue },
  { query: 'asset=C7&sort=pnl', filter: { asset: 'C7' }, order: byPnl },
  { query: 'asset=XX&side=sell&sort=value', filter: { asset: 'XX', side: 'sell' }, order: byValue },
  { query: 'sort=pnl&side=buy', filter: { side: 'buy' }, order: byPnl },
  { query: 'sort=pnl&side=sell', filter: { side: 'sell' }, order: byPnl },
  { query: `sort=pnl&${span(day)}`, filter: day, order: byPnl },
  { query: `sort=pnl&${span(month)}`, filter: month, order: byPnl },
  { query: `sort=value&${span(day)}`, filter: day, order: byValue },
  { query: `sort=value&${span(month)}`, filter: month, order: byValue },
  { query: 'sort=value&symbol=C7/KRW', filter: { symbols: ['C7/KRW'] }, order: byValue },
  {
    query: 'sort=value&symbol=C7/KRW&exchange=bithumb',
    filter: { symbols: ['C7/KRW'], exchange: 'bithumb' },
    order: byValue,
  },
  {
    query: 'symbol=C7/KRW&exchange=bithumb',
    filter: { symbols: ['C7/KRW'], exchange: 'bithumb' },
    order: newest,
  },
  {
    query: 'symbols=C7/KRW,C8/KRW,C9/KRW',
    filter: { symbols: ['C7/KRW', 'C8/KRW', 'C9/KRW'] },
    order: newest,
  },
  { query: 'sort=pnl&exchange=bithumb', filter: { exchange: 'bithumb' }, order: byPnl },
  { query: 'sort=pnl&exchange=kraken', filter: { exchange: 'kraken' }, order: byPnl },
  { query: 'sort=pnl&orderId=o-4711', filter: { orderId: 'o-4711' }, order: byPnl },
  { query: 'sort=pnl&q=needle', filter: { text: 'needle' }, order: byPnl },
  { query: 'sort=value&q=분할매수', filter: { text: '분할매수' }, order: byValue },
  { query: 'q=nothing of the kind', filter: { text: 'nothing of the kind' }, order: newest },
];

async function timed(list: LargeList, query: string): Promise<number[]> {
  const url = new URL(`${list.node.url}/v1/portfolios/${list.portfolioId}/trades?${query}`);
  url.searchParams.set('limit', String(LIMIT));
  const times: number[] = [];
  for (let n = -5; n < SAMPLES; n += 1) {
    const start = performance.now();
    const response = await fetch(url, { headers: { authorization: list.authorization } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${query}: ${response.status}`);
    if (n >= 0) times.push(performance.now() - start);
  }
  return times;
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Plan[];
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan;
  for (const each of plan.Plans ?? []) yield* nodesOf(each);
}

/** The indexes of every statement of a list, and whether one of them reads a whole table. */
async function explained(
  db: Database,
  planner: Client,
  portfolioId: string,
  { filter, order }: (typeof QUESTIONS)[number],
): Promise<{ indexes: string[]; wholeTables: string[] }> {
  const statements: { sql: string; bindings: readonly unknown[] }[] = [];
  const note = (query: { sql: string; bindings: readonly unknown[] }): void => void statements.push(query);
  db.on('query', note);
  await listTrades(db, portfolioId, filter, { ...order, limit: LIMIT });
  db.off('query', note);
  const [indexes, wholeTables] = [new Set<string>(), new Set<string>()];
  for (const { sql, bindings } of statements) {
    const { rows } = await planner.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (format json) ${sql}`, [
      ...bindings,
    ]);
    for (const node of nodesOf(rows[0]?.['QUERY PLAN'][0].Plan ?? { 'Node Type': 'none' })) {
      if (node['Index Name'] !== undefined) indexes.add(node['Index Name']);
      if (node['Node Type'] === 'Seq Scan') wholeTables.add(node['Relation Name'] ?? '');
    }
  }
  return { indexes: [...indexes], wholeTables: [...wholeTables] };
}

/** Searches and filtered lists of very many trades. */
export async function trades(): Promise<Section[]> {
  const list = await largeList(TRADES);
  const lines: (string | number)[][] = [];
  const all: number[] = [];
  const slow: string[] = [];
  const whole: string[] = [];
  const database = await openDatabase({ url: list.databaseUrl, log: createLogger('silent') });
  const planner = new Client({ connectionString: list.databaseUrl });
  try {
    await planner.connect();
    for (const question of QUESTIONS) {
      const times = await timed(list, question.query);
      all.push(...times);
      const p95 = quantile(times, 0.95);
      const { indexes, wholeTables } = await explained(database.knex, planner, list.portfolioId, question);
      if (p95 > 50) slow.push(question.query);
      if (wholeTables.length > 0) whole.push(`${question.query}: ${wholeTables.join(', ')}`);
      const shown = indexes.map((name) => name.replace('ledger_entries_', '').replace('_idx', ''));
      lines.push([
        `\`${question.query.replaceAll(/T\d\d:\d\d:00\.000Z/g, '') || 'newest'}\``,
        short(quantile(times, 0.5)),
        short(p95),
        shown.join(', '),
      ]);
    }
  } finally {
    await planner.end();
    await database.close();
    await list.close();
  }
  const p95 = quantile(all, 0.95);
  return [
    {
      name: 'trades',
      setup: `Lists of ${LIMIT} of ${TRADES} trades of one portfolio on PostgreSQL (\`shared_buffers\` of 1 GB) over HTTP, one after the other, ${SAMPLES} times each. The indexes are those that \`EXPLAIN\` tells of the statements of each list.`,
      rows: { columns: ['list', 'p50 ms', 'p95 ms', 'indexes'], lines },
      verdicts: [
        { target: 'p95 of all at most 50 ms', measured: `${short(p95)} ms`, holds: p95 <= 50 },
        {
          target: 'p95 of each at most 50 ms',
          measured: slow.length === 0 ? 'all' : slow.join('; '),
          holds: slow.length === 0,
        },
        {
          target: 'no statement reads a whole table',
          measured: whole.length === 0 ? 'none' : whole.join('; '),
          holds: whole.length === 0,
        },
      ],
    },
  ];
}
