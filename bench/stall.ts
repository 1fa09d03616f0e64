import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logIn, startNode, type NodeProcess } from '../spec/support/node-process.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';
import { usageOf } from './peers/process-usage.ts';
import { type Section, short } from './report.ts';
import { largeLedger, STALL_CASES, type StallCase, type StallRequest } from './stall-cases.ts';

/** No request may make the others wait for longer. */
const BAR_MS = 50;
/** The smallest of these counts: caches that others use can only lengthen a hold. */
const ROUNDS = 5;
const SETTLE_MS = 20;
/** Rounds of a case begin within this time. */
const CASE_MS = 20_000;
/** Processor time of the node for one request. Time by the clock would say how busy the machine is with other things. */
const ANSWER_CPU_MS = 20_000;
/** No answer in this time is a hang, however busy the machine is. */
const HANG_MS = 120_000;
/** The node answers a signal when its loop is free. */
const SIGNAL_MS = 60_000;
/** Only cases whose kind or name contains this; each is then reported as it is measured. */
const ONLY = process.env['STALL_ONLY'];

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** The longest hold since the last call, in milliseconds. */
async function longestHold(node: NodeProcess): Promise<number> {
  const before = node.output().length;
  process.kill(node.pid, 'SIGUSR2');
  const end = performance.now() + SIGNAL_MS;
  while (performance.now() < end) {
    const held = /^held ([\d.]+)$/m.exec(node.output().slice(before))?.[1];
    if (held !== undefined) return Number(held);
    await wait(1);
  }
  throw new Error(
    `the node does not say how long it was held: ${node.output().slice(before, before + 1_000)}`,
  );
}

/** @returns the status; 0 if there is no response in time */
async function send(
  { url }: NodeProcess,
  authorization: string,
  { method, path, headers, body }: StallRequest,
): Promise<number> {
  const signal = AbortSignal.timeout(HANG_MS);
  try {
    const response = await fetch(url + path, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
    });
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true)
      await response.body?.cancel();
    else await response.arrayBuffer();
    return response.status;
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  }
}

interface Held {
  holdMs: number;
  /** Of the node, all of its threads, for one request; the least of the rounds. */
  cpuMs: number;
  /** Of each round. */
  rounds: number[];
  status: number;
}

async function measure(
  node: NodeProcess,
  authorization: string,
  portfolio: string,
  each: StallCase,
  from: number,
): Promise<Held> {
  let held: Held = {
    holdMs: Number.POSITIVE_INFINITY,
    cpuMs: Number.POSITIVE_INFINITY,
    rounds: [],
    status: 0,
  };
  const end = performance.now() + CASE_MS;
  for (let round = from; round < from + ROUNDS; round += 1) {
    if (round > from && performance.now() > end) break;
    const request = each.request(portfolio, round);
    if (each.isRead === true) await send(node, authorization, olderEntry(portfolio, round));
    await wait(SETTLE_MS);
    await longestHold(node);
    const before = usageOf(node.pid).cpuMs;
    const status = await send(node, authorization, request);
    const cpuMs = usageOf(node.pid).cpuMs - before;
    await wait(SETTLE_MS);
    const holdMs = await longestHold(node);
    held = {
      holdMs: Math.min(held.holdMs, holdMs),
      cpuMs: Math.min(held.cpuMs, cpuMs),
      rounds: [...held.rounds, holdMs],
      status,
    };
    if (status === 0) break;
  }
  return held;
}

/** What is remembered of the past is forgotten from the first changed entry on. */
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

function startBuilt(database: Record<string, string>): Promise<NodeProcess> {
  const program = fileURLToPath(new URL('../app/main.js', import.meta.url));
  const env = {
    MARKET_FEED: 'push',
    DEMO: 'false',
    ...database,
    LOG_LEVEL: 'warn',
    CACHE_MB: '0',
    // The run takes longer than a token lives, and a busy machine longer than a statement may.
    ACCESS_TOKEN_TTL: '86400',
    STATEMENT_TIMEOUT_MS: '600000',
    ...Object.fromEntries(
      ['ADDRESS', 'USER', 'LOGIN', 'LOGIN_FAILURES'].map((name) => [`RATE_LIMIT_${name}`, '0']),
    ),
  };
  const probe = new URL('hold-probe.js', import.meta.url).href;
  return startNode(env, ['--import', probe, program], []);
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

/** Longer than a case may take: a file of so many rows is no case. */
const FILL_MS = 600_000;

/** What the reads are about. */
async function fill(node: NodeProcess, authorization: string, portfolio: string): Promise<void> {
  for (const { method, path, headers, body } of largeLedger(portfolio)) {
    const response = await fetch(node.url + path, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(FILL_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
  }
}

/** How long one request, made as expensive as possible, keeps a node from serving all others. */
export async function stall(): Promise<Section[]> {
  const postgres = await startPostgres({ durable: true });
  const sections: Section[] = [];
  try {
    sections.push(await stallOf('stall', 'PostgreSQL', { DATABASE_URL: postgres.url }));
  } finally {
    await postgres.stop();
  }
  const folder = await mkdtemp(join(tmpdir(), 'marktide-stall-'));
  try {
    sections.push(await stallOf('stall: embedded', 'the embedded database', { DATA_DIR: folder }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return sections;
}

async function stallOf(name: string, database: string, env: Record<string, string>): Promise<Section> {
  const all: (Held & StallCase)[] = [];
  const node = await startBuilt(env);
  try {
    const authorization = await logIn(node.url);
    const read = await newPortfolio(node, authorization);
    await fill(node, authorization, read);
    // The batches and files of all rounds would make the one that is read ten times as large.
    const written = await newPortfolio(node, authorization);
    for (const each of STALL_CASES.filter(({ kind, name }) => `${kind} ${name}`.includes(ONLY ?? ''))) {
      const portfolio = each.isRead === true ? read : written;
      // The first rounds are compiled.
      await send(node, authorization, each.request(portfolio, 1_000)).catch(() => 0);
      const held = await measure(node, authorization, portfolio, each, all.length * ROUNDS);
      all.push({ ...each, ...held });
      if (ONLY !== undefined)
        console.error(
          `${each.kind} | ${each.name} | ${held.status} | ${held.rounds.map(short).join(' ')} | ${held.cpuMs}`,
        );
    }
  } finally {
    await node.end('SIGTERM');
  }
  return sectionOf(name, database, all);
}

function sectionOf(name: string, database: string, all: (Held & StallCase)[]): Section {
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const worstOf = (some: (Held & StallCase)[]): (Held & StallCase) | undefined =>
    some.reduce<(Held & StallCase) | undefined>(
      (worst, each) => (each.holdMs > (worst?.holdMs ?? -1) ? each : worst),
      undefined,
    );
  const late = all.filter(
    ({ status, isRead, cpuMs }) =>
      status === 0 || cpuMs > ANSWER_CPU_MS || (isRead === true && status >= 400),
  );
  const dearest = all.reduce<(Held & StallCase) | undefined>(
    (most, each) => (each.cpuMs > (most?.cpuMs ?? -1) ? each : most),
    undefined,
  );
  const over = all.filter(({ holdMs }) => holdMs > BAR_MS).sort((a, b) => b.holdMs - a.holdMs);
  const told = over.length > 0 ? over : [worstOf(all)].filter((each) => each !== undefined);
  return {
    name,
    setup: `${all.length} requests that are made to cost as much as they can, one at a time, to a node on ${database}; the longest time in which the event loop of the node did one thing only, in processor time of its thread, the least of ${ROUNDS} rounds, or of as many as ${CASE_MS / 1000} s have room for.${ONLY === undefined ? '' : ` Only those of "${ONLY}".`}`,
    rows: {
      columns: ['kind', 'requests', 'worst', 'status', 'held for, ms'],
      lines: kinds.map((kind) => {
        const some = all.filter((each) => each.kind === kind);
        const worst = worstOf(some);
        return [kind, some.length, worst?.name ?? '', worst?.status ?? 0, short(worst?.holdMs ?? Number.NaN)];
      }),
    },
    verdicts: [
      {
        target: `no request holds the event loop for more than ${BAR_MS} ms`,
        measured: told.map((each) => `${short(each.holdMs)} ms by ${each.name}`).join(', '),
        holds: over.length === 0,
      },
      {
        target: `each is answered within ${ANSWER_CPU_MS / 1000} s of the node's processor time, and no read is refused`,
        measured:
          late.length === 0
            ? `at most ${short((dearest?.cpuMs ?? Number.NaN) / 1000)} s, by ${dearest?.name}`
            : late.map((each) => `${each.name} (${each.status}, ${short(each.cpuMs / 1000)} s)`).join(', '),
        holds: late.length === 0,
      },
    ],
  };
}
