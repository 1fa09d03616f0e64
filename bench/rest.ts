import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { logIn, startNode, type NodeProcess } from '../spec/support/node-process.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';
import { quantile, type Section, short } from './report.ts';
import { load, type Measured, type Read } from './request-load.ts';
import { Child } from './child.ts';

const COINS = 50;
const CONNECTIONS = 50;
const WARM_UP_MS = 3_000;
const MEASURED_MS = 5_000;
/** Polling dashboards: a hundred reads per second in total. */
const PACE_MS = 500;
const PRICES_EVERY_MS = 100;
const HELLO = 'Koa "hello"';

interface Sample {
  name: string;
  /** Each connection sends the next request as soon as it has a response. */
  atOnce: Measured;
  /** Each connection sends a request every `PACE_MS`. */
  paced: Measured;
}

async function sample(name: string, read: Read): Promise<Sample> {
  await load(read, { connections: CONNECTIONS, ms: WARM_UP_MS });
  const ms = MEASURED_MS;
  const atOnce = await load(read, { connections: CONNECTIONS, ms });
  return { name, atOnce, paced: await load(read, { connections: CONNECTIONS, ms, paceMs: PACE_MS }) };
}

async function send(
  { url }: NodeProcess,
  authorization: string,
  path: string,
  body: object,
): Promise<string> {
  const headers = { authorization, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return text;
}

const coins = Array.from({ length: COINS }, (_, n) => ({ symbol: `C${n}/KRW`, price: 10_000 + n }));

function pushPrices(node: NodeProcess, authorization: string, more: number): Promise<string> {
  const items = coins.map(({ symbol, price }) => ({ symbol, price: String(price + more) }));
  return send(node, authorization, '/v1/market/ticks', { items });
}

async function movePrices(node: NodeProcess, authorization: string, signal: AbortSignal): Promise<void> {
  for (let more = 1; !signal.aborted; more += 1) {
    await pushPrices(node, authorization, more);
    await new Promise((resolve) => setTimeout(resolve, PRICES_EVERY_MS));
  }
}

/** The built program as a process of its own. */
function startBuilt(databaseUrl: string, env: Record<string, string>): Promise<NodeProcess> {
  const settings = { MARKET_FEED: 'push', DEMO: 'false', DATABASE_URL: databaseUrl, LOG_LEVEL: 'warn' };
  const unlimited = { RATE_LIMIT_ADDRESS: '0', RATE_LIMIT_USER: '0' };
  const program = fileURLToPath(new URL('../app/main.js', import.meta.url));
  return startNode({ ...settings, ...unlimited, ...env }, [program], []);
}

async function createHoldings(node: NodeProcess, authorization: string): Promise<string> {
  const { id } = JSON.parse(
    await send(node, authorization, '/v1/portfolios', { name: 'Bench', cashMode: 'untracked' }),
  ) as { id: string };
  const items = coins.map(({ symbol, price }) => ({
    symbol,
    side: 'buy',
    quantity: '1.2345',
    price: String(price),
    time: '2026-01-05T00:00:00.000Z',
  }));
  await send(node, authorization, `/v1/portfolios/${id}/trades`, { items });
  return `/v1/portfolios/${id}`;
}

/** The `X-Cache` of the response, `hit` or `miss`, having checked that it contains all coins. */
async function outcomeOf({ url, paths: [path = ''], authorization }: Read): Promise<string | null> {
  const response = await fetch(url + path, { headers: { authorization: authorization ?? '' } });
  const { coins: held, equity } = (await response.json()) as { coins: number; equity: string | null };
  if (held !== COINS || equity === null) throw new Error(`${held} coins, worth ${equity}`);
  return response.headers.get('x-cache');
}

async function peer(name: string, path: string): Promise<Sample> {
  const server = new Child(`peers/${name}.ts`);
  try {
    const { url } = await server.ask<{ url: string }>('read');
    return await sample(path, {
      url: new URL(url).origin,
      paths: [new URL(url).pathname],
      authorization: null,
    });
  } finally {
    await server.stop();
  }
}

/** A portfolio summary read by many: cached, cached while prices move, and computed for each; next to other servers. */
export async function rest(): Promise<Section[]> {
  const postgres = await startPostgres({ durable: true });
  const samples: Sample[] = [];
  const outcomes: (string | null)[] = [];
  const paths: string[] = [];
  try {
    for (const isKeeping of [true, false]) {
      const node = await startBuilt(postgres.url, isKeeping ? {} : { CACHE_MB: '0' });
      try {
        const authorization = await logIn(node.url);
        while (paths.length < CONNECTIONS) paths.push(await createHoldings(node, authorization));
        await pushPrices(node, authorization, 500);
        const read = { url: node.url, paths: paths.slice(0, 1), authorization };
        samples.push(await sample(isKeeping ? 'cached' : 'uncached', read));
        outcomes.push(await outcomeOf(read));
        samples.push(
          await sample(isKeeping ? 'cached, a portfolio each' : 'uncached, a portfolio each', {
            ...read,
            paths,
          }),
        );
        if (!isKeeping) continue;
        const moving = new AbortController();
        const moved = movePrices(node, authorization, moving.signal);
        try {
          samples.push(await sample('cached, prices move', read));
        } finally {
          moving.abort();
          await moved;
        }
      } finally {
        await node.end('SIGTERM');
      }
    }
  } finally {
    await postgres.stop();
  }
  samples.push(await peer('koa-hello', HELLO));
  const hasFastapi = spawnSync('/usr/bin/python3', ['-c', 'import fastapi, uvicorn']).status === 0;
  if (hasFastapi) samples.push(await peer('fastapi', 'FastAPI, figures in memory'));

  const p = ({ waits }: Measured, share: number): number => quantile(waits, share);
  const within = (name: string, limit: number): Section['verdicts'] => {
    const found = samples.find((each) => each.name === name);
    return (['paced', 'atOnce'] as const).map((kind) => {
      const p99 = found === undefined ? Number.NaN : p(found[kind], 0.99);
      const how = kind === 'paced' ? `that ask every ${PACE_MS} ms` : 'that ask as soon as they are answered';
      return {
        target: `${name}, ${CONNECTIONS} connections ${how}: p99 within ${limit} ms`,
        measured: `${short(p99)} ms`,
        holds: p99 <= limit,
      };
    });
  };
  const rateOf = (name: string): number =>
    samples.find((each) => each.name === name)?.atOnce.perSecond ?? Number.NaN;
  return [
    {
      name: 'rest',
      setup: `\`GET /v1/portfolios/:id\` of ${COINS} holdings from the built program, a process of its own on PostgreSQL, over ${CONNECTIONS} kept connections for ${MEASURED_MS / 1_000} s after ${WARM_UP_MS / 1_000} s of warm-up, first as soon as each is answered, then every ${PACE_MS} ms. Each request is authenticated and its portfolio's version read from the database; none is conditional. All ask for one portfolio, or each for another. Uncached is \`CACHE_MB=0\`: nothing is kept, but who asks for what is being made takes it if it is still true then; where prices move, all ${COINS} do about every ${PRICES_EVERY_MS} ms. FastAPI multiplies decimals that it has in memory: no credential, no database.`,
      rows: {
        columns: ['read', 'requests/s', 'p50 ms', 'p99 ms', 'paced p50 ms', 'paced p99 ms'],
        lines: samples.map(({ name, atOnce, paced }) => [
          name,
          short(atOnce.perSecond),
          short(p(atOnce, 0.5)),
          short(p(atOnce, 0.99)),
          short(p(paced, 0.5)),
          short(p(paced, 0.99)),
        ]),
      },
      verdicts: [
        {
          target: 'what is cached is a hit, what is not a miss',
          measured: outcomes.join(', '),
          holds: outcomes.join() === 'hit,miss',
        },
        ...within('cached', 20),
        ...within('uncached', 60),
      ],
      ratios: {
        'time of a cached summary, of a Koa "hello"': rateOf(HELLO) / rateOf('cached'),
        'time of an uncached summary, of a Koa "hello"': rateOf(HELLO) / rateOf('uncached'),
      },
      notes: hasFastapi ? [] : ['FastAPI is not on this machine'],
    },
  ];
}
