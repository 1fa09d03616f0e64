import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { largeList, type LargeList } from './large-list.ts';
import { type Section, short } from './report.ts';

const TRADES = Number(process.env['BENCH_TRADES'] ?? 1_000_000);
const FILES = [
  ['as it is imported', ''],
  [
    'with all figures, by value',
    'sort=value&columns=time,symbol,side,quantity,price,value,feeValue,realizedPnl.net',
  ],
  ['gzip', ''],
] as const;

interface Taken {
  seconds: number;
  rows: number;
  bytes: number;
  /** The server's memory above its earlier value, at most; MiB. */
  growth: number;
}

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

/** Takes a file as fast as it arrives and discards it. */
async function take(
  { node, portfolioId, authorization }: LargeList,
  query: string,
  encoding: string,
): Promise<Taken> {
  const before = rssOf(node.pid);
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, rssOf(node.pid))), 20);
  const start = performance.now();
  let [bytes, lines] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    const headers = { authorization, 'accept-encoding': encoding };
    get(`${node.url}/v1/portfolios/${portfolioId}/trades.csv?${query}`, { headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (encoding !== 'identity') return;
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
      });
      response.on('end', resolve).on('error', reject);
    }).on('error', reject);
  });
  clearInterval(watch);
  return { seconds: (performance.now() - start) / 1_000, rows: lines, bytes, growth: highest - before };
}

/** A download of very many trades: its speed, and the memory it takes. */
export async function csv(): Promise<Section[]> {
  const list = await largeList(TRADES);
  const taken: [string, Taken][] = [];
  try {
    // A node that has just imported so much still has memory to release: only growth beyond that counts.
    await take(list, 'columns=time', 'identity');
    for (const [name, query] of FILES) {
      taken.push([name, await take(list, query, name === 'gzip' ? 'gzip' : 'identity')]);
    }
  } finally {
    await list.close();
  }
  const [, plain] = taken[0] ?? [];
  const growth = Math.max(...taken.map(([, each]) => each.growth));
  const perSecond = TRADES / (plain?.seconds ?? Infinity);
  return [
    {
      name: 'csv',
      setup: `Downloads of ${TRADES} trades of one portfolio from a node on PostgreSQL, each a process of its own, by a client on the same machine. Memory is that of the node above what it took before, looked at every 20 ms.`,
      rows: {
        columns: ['file', 'seconds', 'rows/s', 'MiB/s', 'memory growth MiB'],
        lines: taken.map(([name, { seconds, bytes, growth: more }]) => [
          name,
          short(seconds),
          short(TRADES / seconds),
          short(bytes / 2 ** 20 / seconds),
          short(more),
        ]),
      },
      verdicts: [
        { target: 'every row is there', measured: String(plain?.rows), holds: plain?.rows === TRADES },
        { target: 'memory growth under 64 MiB', measured: `${short(growth)} MiB`, holds: growth < 64 },
        { target: 'more than 50,000 rows/s', measured: short(perSecond), holds: perSecond > 50_000 },
      ],
    },
  ];
}
