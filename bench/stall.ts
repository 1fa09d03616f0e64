import { fileURLToPath } from 'node:url';
import { logIn, startNode, type NodeProcess } from '../spec/support/node-process.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';
import { type Section, short } from './report.ts';
import { STALL_CASES, type StallCase, type StallRequest } from './stall-cases.ts';

/** No request of anybody may keep the others waiting for longer. */
const BAR_MS = 50;
/** The least of these counts: caches that others use can only add to a hold. */
const ROUNDS = 5;
const SETTLE_MS = 20;
/** Only cases whose kind or name has this in it; each is then told as it is measured. */
const ONLY = process.env['STALL_ONLY'];

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** The longest hold since the last call, in milliseconds. */
async function longestHold(node: NodeProcess): Promise<number> {
  const before = node.output().length;
  process.kill(node.pid, 'SIGUSR2');
  for (;;) {
    const held = /^held ([\d.]+)$/m.exec(node.output().slice(before))?.[1];
    if (held !== undefined) return Number(held);
    await wait(1);
  }
}

async function send(
  { url }: NodeProcess,
  authorization: string,
  { method, path, headers, body }: StallRequest,
): Promise<number> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true)
    await response.body?.cancel();
  else await response.arrayBuffer();
  return response.status;
}

interface Held {
  holdMs: number;
  status: number;
}

async function measure(
  node: NodeProcess,
  authorization: string,
  portfolio: string,
  each: StallCase,
  from: number,
): Promise<Held> {
  let held: Held = { holdMs: Number.POSITIVE_INFINITY, status: 0 };
  for (let round = from; round < from + ROUNDS; round += 1) {
    const request = each.request(portfolio, round);
    if (each.isRead === true) await send(node, authorization, olderEntry(portfolio, round));
    await wait(SETTLE_MS);
    await longestHold(node);
    const status = await send(node, authorization, request);
    if (each.isRead === true && status >= 400) throw new Error(`${each.name}: ${status}`);
    await wait(SETTLE_MS);
    const holdMs = await longestHold(node);
    held = { holdMs: Math.min(held.holdMs, holdMs), status };
  }
  return held;
}

/** What is remembered of the past is forgotten from the first entry on that is changed. */
const olderEntry = (portfolio: string, round: number): StallRequest => ({
  method: 'POST',
  path: `${portfolio}/trades`,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    symbol: 'C1/KRW',
    side: 'buy',
    quantity: '1',
    price: '1',
    time: Date.UTC(2025, 0, 1) + round,
  }),
});

function startBuilt(databaseUrl: string): Promise<NodeProcess> {
  const program = fileURLToPath(new URL('../app/main.js', import.meta.url));
  const env = {
    MARKET_FEED: 'push',
    DEMO: 'false',
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'warn',
    CACHE_MB: '0',
    ...Object.fromEntries(
      ['ADDRESS', 'USER', 'LOGIN', 'LOGIN_FAILURES'].map((name) => [`RATE_LIMIT_${name}`, '0']),
    ),
  };
  const probe = new URL('hold-probe.js', import.meta.url).href;
  return startNode(env, ['--import', probe, program]);
}

async function newPortfolio(node: NodeProcess, authorization: string): Promise<string> {
  const response = await fetch(`${node.url}/v1/portfolios`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Stall', cashMode: 'untracked' }),
  });
  const { id } = (await response.json()) as { id: string };
  return `/v1/portfolios/${id}`;
}

/** For how long one request, made to cost as much as it can, keeps a node from everybody else's. */
export async function stall(): Promise<Section[]> {
  const postgres = await startPostgres({ durable: true });
  const worst = new Map<string, Held & { name: string }>();
  const all: (Held & StallCase)[] = [];
  try {
    const node = await startBuilt(postgres.url);
    try {
      const authorization = await logIn(node.url);
      const portfolio = await newPortfolio(node, authorization);
      for (const each of STALL_CASES.filter(({ kind, name }) => `${kind} ${name}`.includes(ONLY ?? ''))) {
        // The first times it is compiled.
        await send(node, authorization, each.request(portfolio, 1_000)).catch(() => 0);
        const held = await measure(node, authorization, portfolio, each, all.length * ROUNDS);
        all.push({ ...each, ...held });
        if (ONLY !== undefined)
          console.error(each.kind, '|', each.name, '|', held.status, short(held.holdMs));
        if (held.holdMs > (worst.get(each.kind)?.holdMs ?? -1))
          worst.set(each.kind, { ...held, name: each.name });
      }
    } finally {
      await node.end('SIGTERM');
    }
  } finally {
    await postgres.stop();
  }
  const longest = [...worst.values()].sort((a, b) => b.holdMs - a.holdMs)[0];
  return [
    {
      name: 'stall',
      setup: `${all.length} requests that are made to cost as much as they can, one at a time; the longest time in which the event loop of the node did one thing only, in processor time, the least of ${ROUNDS} rounds.`,
      rows: {
        columns: ['kind', 'requests', 'worst', 'status', 'held for, ms'],
        lines: [...worst].map(([kind, { name, status, holdMs }]) => [
          kind,
          all.filter((each) => each.kind === kind).length,
          name,
          status,
          short(holdMs),
        ]),
      },
      verdicts: [
        {
          target: `no request holds the event loop for more than ${BAR_MS} ms`,
          measured: `${short(longest?.holdMs ?? Number.NaN)} ms by ${longest?.name ?? 'none'}`,
          holds: (longest?.holdMs ?? Number.NaN) <= BAR_MS,
        },
      ],
    },
  ];
}
