import { startPostgres } from '../spec/support/postgres-server.ts';
import { startRedisServer } from '../spec/support/redis-server.ts';
import type { CacheReady, CacheSetup } from './cache-server.ts';
import { quantile, type Section, short } from './report.ts';
import { load, type Measured } from './request-load.ts';
import { Child } from './child.ts';

const SETUP: CacheSetup = {
  coins: 50,
  trades: Number(process.env['BENCH_TRADES'] ?? 5_000),
  days: 365,
  others: 49,
};
const CONNECTIONS = 50;
/** Statistics are expensive to compute. */
const FEW = 8;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 4_000;
const ROUNDS = 2;
/** What a polling dashboard would do. */
const PACE_MS = 1_000;

/** Cached reads, against the same program without a cache, alternating on the same database. */
export async function cache(): Promise<Section[]> {
  const postgres = await startPostgres();
  const redis = await startRedisServer();
  const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  const nodes: Child[] = [];
  try {
    const keeping = new Child('cache-server.ts', env);
    nodes.push(keeping);
    const kept = await keeping.ask<CacheReady>('setUp', SETUP, 300_000);
    const making = new Child('cache-server.ts', { ...env, CACHE_MB: '0' });
    nodes.push(making);
    const made = await making.ask<CacheReady>('join', kept, 60_000);
    // No two connections ask for the same thing: a request for an answer that is being computed would wait for it,
    // cached or not.
    const summaries = [kept.portfolioId, ...kept.otherIds].map((id) => `/v1/portfolios/${id}`);
    const questions = (count: number, path: (n: number) => string): string[] =>
      Array.from({ length: count }, (_, n) => path(n));
    const statistics = `/v1/portfolios/${kept.portfolioId}/performance`;
    const candles = '/v1/market/candles?symbol=C0/KRW&interval=15m';
    const reads: [name: string, paths: string[]][] = [
      ['summary', summaries],
      ['statistics', questions(FEW, (n) => `${statistics}?periodsPerYear=${365 - n}`)],
      ['candles', questions(CONNECTIONS, (n) => `${candles}&limit=${100 + n}`)],
      ['tickers', questions(CONNECTIONS, (n) => `/v1/market/tickers?limit=${50 + n}`)],
    ];
    const lines: (string | number)[][] = [];
    const verdicts: Section['verdicts'] = [];
    const ratios: Record<string, number> = {};
    for (const [name, paths] of reads) {
      const connections = paths.length;
      const uncached: Measured = { perSecond: 0, waits: [] };
      const cached: Measured = { perSecond: 0, waits: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [node, sum] of [
          [made, uncached],
          [kept, cached],
        ] as const) {
          await load({ ...node, paths }, { connections, ms: WARM_UP_MS });
          const { perSecond, waits } = await load({ ...node, paths }, { connections, ms: MEASURED_MS });
          sum.perSecond += perSecond / ROUNDS;
          sum.waits.push(...waits);
        }
      }
      const ratio = cached.perSecond / uncached.perSecond;
      const p = ({ waits }: Measured, share: number): string => short(quantile(waits, share));
      lines.push([
        name,
        short(uncached.perSecond),
        short(cached.perSecond),
        `${short(ratio)} ×`,
        `${p(uncached, 0.5)} / ${p(uncached, 0.99)}`,
        `${p(cached, 0.5)} / ${p(cached, 0.99)}`,
      ]);
      if (name === 'tickers') continue;
      ratios[`${name}: uncached reads, of cached`] = 1 / ratio;
      verdicts.push({
        target: `${name}: cached reads at least 3 × uncached`,
        measured: `${short(ratio)} ×`,
        holds: ratio >= 3,
      });
    }
    for (const [what, node, limit] of [
      ['cached', kept, 20],
      ['uncached', made, 60],
    ] as const) {
      const paced = { connections: CONNECTIONS, ms: 2 * MEASURED_MS, paceMs: PACE_MS };
      const { perSecond, waits } = await load({ ...node, paths: summaries }, paced);
      const p99 = quantile(waits, 0.99);
      verdicts.push({
        target: `summary under ${CONNECTIONS} connections that ask every ${PACE_MS} ms, ${what}: p99 within ${limit} ms`,
        measured: `${short(p99)} ms (median ${short(quantile(waits, 0.5))} ms, ${short(perSecond)}/s)`,
        holds: p99 <= limit,
      });
    }
    return [
      {
        name: 'cache',
        setup: `One process with PostgreSQL and Redis that keeps answers (the default), and one on the same data that keeps none (\`CACHE_MB=0\`), measured in turns, ${ROUNDS} × ${MEASURED_MS / 1_000} s each after ${WARM_UP_MS / 1_000} s of warm-up, over ${CONNECTIONS} connections (${FEW} for statistics, which take long to make) that each ask again as soon as they are answered, each for something else. ${CONNECTIONS} portfolios of ${SETUP.coins} coins, one of them with ${SETUP.trades} trades in ${SETUP.days} days; statistics over all of those; 100 and more candles of 15 minutes. The market rests, so that "cached" is the hit. Each request is authenticated and its portfolio's version looked up in PostgreSQL, hit or not. Milliseconds are median / p99.`,
        rows: {
          columns: ['read', 'uncached/s', 'cached/s', 'ratio', 'uncached ms', 'cached ms'],
          lines,
        },
        verdicts,
        ratios,
      },
    ];
  } finally {
    for (const node of nodes) await node.stop();
    await redis.stop();
    await postgres.stop();
  }
}
