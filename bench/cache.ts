import { startPostgres } from '../spec/support/postgres-server.ts';
import { startRedisServer } from '../spec/support/redis-server.ts';
import type { CacheReady, CacheSetup } from './cache-server.ts';
import { KeepAlive } from './keep-alive.ts';
import { quantile, type Section, short } from './report.ts';
import { Worker } from './worker.ts';

const SETUP: CacheSetup = {
  coins: 50,
  trades: Number(process.env['BENCH_TRADES'] ?? 5_000),
  days: 365,
};
const CONNECTIONS = 50;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 4_000;
const ROUNDS = 2;
/** What a dashboard that polls would do. */
const PACE_MS = 1_000;

interface Measured {
  perSecond: number;
  /** Milliseconds. */
  waits: number[];
}

/**
 * On so many connections: as many requests as come back, or one on each every `paceMs`, from staggered beginnings.
 */
async function load(
  ready: CacheReady,
  path: string,
  { connections, ms, paceMs = 0 }: { connections: number; ms: number; paceMs?: number },
): Promise<Measured> {
  const clients = Array.from({ length: connections }, () => new KeepAlive(ready.url));
  const waits: number[] = [];
  const start = performance.now();
  const lane = async (client: KeepAlive, index: number): Promise<void> => {
    let due = start + (paceMs * index) / connections;
    while (performance.now() - start < ms) {
      const early = due - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const asked = performance.now();
      due += paceMs;
      const status = await client.get(path, { authorization: ready.authorization });
      if (status !== 200) throw new Error(`${path}: ${status}`);
      waits.push(performance.now() - asked);
    }
  };
  await Promise.all(clients.map(lane));
  const seconds = (performance.now() - start) / 1_000;
  for (const client of clients) client.close();
  return { perSecond: waits.length / seconds, waits };
}

/** Reads that are kept, against the same program that keeps none, in turns on the same database. */
export async function cache(): Promise<Section[]> {
  const postgres = await startPostgres();
  const redis = await startRedisServer();
  const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  const nodes: Worker[] = [];
  try {
    const keeping = new Worker('cache-server.ts', env);
    nodes.push(keeping);
    const kept = await keeping.ask<CacheReady>('setUp', SETUP, 300_000);
    const making = new Worker('cache-server.ts', { ...env, CACHE_MB: '0' });
    nodes.push(making);
    const made = await making.ask<CacheReady>('join', kept, 60_000);
    const path = `/v1/portfolios/${kept.portfolioId}`;
    const reads: [name: string, path: string, connections: number][] = [
      ['summary', path, CONNECTIONS],
      ['statistics', `${path}/performance`, 8],
      ['candles', '/v1/market/candles?symbol=C0/KRW&interval=15m&limit=100', CONNECTIONS],
      ['tickers', '/v1/market/tickers', CONNECTIONS],
    ];
    const lines: (string | number)[][] = [];
    const verdicts: Section['verdicts'] = [];
    const ratios: Record<string, number> = {};
    for (const [name, read, connections] of reads) {
      const uncached: Measured = { perSecond: 0, waits: [] };
      const cached: Measured = { perSecond: 0, waits: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [node, sum] of [
          [made, uncached],
          [kept, cached],
        ] as const) {
          await load(node, read, { connections, ms: WARM_UP_MS });
          const { perSecond, waits } = await load(node, read, { connections, ms: MEASURED_MS });
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
      const { perSecond, waits } = await load(node, path, paced);
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
        setup: `One process with PostgreSQL and Redis that keeps answers (the default), and one on the same data that keeps none (\`CACHE_MB=0\`), measured in turns, ${ROUNDS} × ${MEASURED_MS / 1_000} s each after ${WARM_UP_MS / 1_000} s of warm-up, over ${CONNECTIONS} connections (8 for statistics, which take long to make) that each ask again as soon as they are answered. A portfolio of ${SETUP.coins} coins, ${SETUP.trades} trades in ${SETUP.days} days; statistics over all of them; 100 candles of 15 minutes. The market rests, so that "cached" is the hit. Each request is authenticated and its portfolio's version looked up in PostgreSQL, hit or not. Milliseconds are median / p99.`,
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
