import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logIn, startNode } from '../spec/support/node-process.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';
import { StreamClient } from '../spec/support/stream-client.ts';
import { type Section, short } from './report.ts';

const ROWS = 100_000;
const SYMBOLS = 50;

/** Upbit's own layout, newest first, as downloaded. */
function upbitFile(rows: number): string {
  const lines = ['체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간'];
  const end = Date.now() - 3_600_000;
  for (let n = rows - 1; n >= 0; n -= 1) {
    const time = new Date(end - (rows - n) * 60_000 + 9 * 3_600_000)
      .toISOString()
      .replace('T', ' ')
      .slice(0, 19);
    const price = 10_000 + ((n * 7_919) % 1_009);
    // Two purchases per sale, so that nothing is sold short.
    const side = n % 3 === 2 ? '매도' : '매수';
    lines.push(
      `${time},C${Math.floor(n / 3) % SYMBOLS},KRW,${side},1,${price},${price},5,${price + 5},${time}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

interface Uploaded {
  seconds: number;
  /** The server's memory above its earlier value, at most; MiB. */
  growth: number;
  /** The progress that was reported. */
  told: number;
  phases: string[];
  accepted: number;
  duplicates: number;
}

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

async function upload(
  pid: number,
  url: string,
  as: string,
  portfolioId: string,
  file: string,
): Promise<Uploaded> {
  const stream = new StreamClient(`${url}/v1/streams?channels=imports:${portfolioId}`, {
    headers: { authorization: as },
  });
  await stream.ready();
  const before = rssOf(pid);
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, rssOf(pid))), 20);
  const start = performance.now();
  const response = await fetch(`${url}/v1/portfolios/${portfolioId}/trades/import`, {
    method: 'POST',
    headers: { authorization: as, 'content-type': 'text/csv' },
    body: file,
  });
  const body = (await response.json()) as { accepted: number; duplicates: number };
  const seconds = (performance.now() - start) / 1_000;
  clearInterval(watch);
  if (!response.ok) throw new Error(JSON.stringify(body));
  await stream.until(() => stream.of('import').some(({ data }) => data.phase === 'done'));
  stream.cut();
  const events = stream.of('import');
  const phases = [...new Set(events.map(({ data }) => String(data.phase)))];
  const { accepted, duplicates } = body;
  return { seconds, growth: highest - before, told: events.length, phases, accepted, duplicates };
}

/** One node as a process, and a file that is sent twice: the second time, every row is a duplicate. */
async function measure(env: Record<string, string>, file: string): Promise<[Uploaded, Uploaded]> {
  const node = await startNode(
    { MARKET_FEED: 'push', DEMO: 'false', LOG_LEVEL: 'warn', ...env },
    undefined,
    [],
  );
  try {
    const as = await logIn(node.url);
    const response = await fetch(`${node.url}/v1/portfolios`, {
      method: 'POST',
      headers: { authorization: as, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Bench', cashMode: 'untracked' }),
    });
    const { id } = (await response.json()) as { id: string };
    const first = await upload(node.pid, node.url, as, id, file);
    return [first, await upload(node.pid, node.url, as, id, file)];
  } finally {
    await node.end('SIGTERM');
  }
}

/** An upload of 100,000 rows: its duration, its memory, and the progress that is reported. */
export async function importFile(): Promise<Section[]> {
  const file = upbitFile(ROWS);
  const folder = await mkdtemp(join(tmpdir(), 'marktide-bench-'));
  const server = await startPostgres({ durable: true });
  const lines: (string | number)[][] = [];
  let whole = true;
  let growth = 0;
  try {
    for (const [name, env] of [
      ['PostgreSQL', { DATABASE_URL: server.url }],
      ['embedded', { DATA_DIR: folder }],
    ] as const) {
      for (const [index, each] of (await measure(env, file)).entries()) {
        const { seconds, told, phases, accepted, duplicates } = each;
        whole &&= (index === 0 ? accepted : duplicates) === ROWS;
        if (name === 'PostgreSQL') growth = Math.max(growth, each.growth);
        const times = index === 0 ? 'first' : 'again';
        lines.push([
          name,
          times,
          short(seconds),
          short(ROWS / seconds),
          short(each.growth),
          accepted,
          duplicates,
          `${told}: ${phases.join(', ')}`,
        ]);
      }
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return [
    {
      name: 'import',
      setup: `One upload of ${ROWS} rows in Upbit's layout (${short(file.length / 2 ** 20)} MiB), ${SYMBOLS} coins, newest first, into an empty portfolio of a node that is a process of its own; then the same file again. The embedded database is in the node's own memory, on disk.`,
      rows: {
        columns: [
          'database',
          'file',
          'seconds',
          'rows/s',
          'memory growth MiB',
          'accepted',
          'duplicates',
          'progress events',
        ],
        lines,
      },
      verdicts: [
        { target: 'every row booked once', measured: whole ? 'all' : 'not all', holds: whole },
        {
          target: 'memory growth of the node on PostgreSQL at most 256 MiB',
          measured: `${short(growth)} MiB`,
          holds: growth <= 256,
        },
      ],
    },
  ];
}
