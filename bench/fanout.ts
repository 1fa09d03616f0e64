import type { OpenStreams, Received } from './load-client.ts';
import type { Published, Usage } from './peers/peer.ts';
import { median, type Section, short } from './report.ts';
import { Child } from './child.ts';

const PEERS = ['marktide', 'node-http', 'better-sse'] as const;
type PeerName = (typeof PEERS)[number];

export interface Load {
  name: string;
  clients: number;
  rate: number;
}

const DENSE: Load = { name: 'dense', clients: 200, rate: 1_000 };
const SPARSE: Load = { name: 'sparse', clients: 1_000, rate: 50 };
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const WARM_UP_S = 3;
const MEASURED_S = 4;

export interface Sample {
  cpuUsPerEvent: number;
  /** Of the events that should have arrived. */
  delivered: number;
  publishedPerSecond: number;
  p50: number;
  p99: number;
}

/**
 * One round: a client process against one server.
 * @param from source address of the clients
 */
export async function measure(server: Child, { clients, rate }: Load, from: string): Promise<Sample> {
  const client = new Child('load-client.ts');
  try {
    const url = await server.ask<string>('url');
    await client.ask('open', { url, count: clients, sampled: 20, from } satisfies OpenStreams);
    await server.ask<Published>('publish', { rate, seconds: WARM_UP_S });
    await settled(client);
    await client.ask('reset');
    const before = await server.ask<Usage>('usage');
    const published = await server.ask<Published>('publish', { rate, seconds: MEASURED_S });
    await settled(client);
    const after = await server.ask<Usage>('usage');
    const { events, p50, p99 } = await client.ask<Received>('received');
    return {
      cpuUsPerEvent: ((after.cpuMs - before.cpuMs) * 1_000) / events,
      delivered: events / (published.events * clients),
      publishedPerSecond: published.events / published.seconds,
      p50,
      p99,
    };
  } finally {
    await client.ask('close');
    await client.stop();
  }
}

/** Until nothing more arrives: an overloaded server has a backlog to send. At most 20 s. */
async function settled(client: Child): Promise<void> {
  let last = -1;
  for (let waited = 0; waited < 20_000; waited += 200) {
    const { events } = await client.ask<Received>('received');
    if (events === last) return;
    last = events;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function run(load: Load): Promise<Record<PeerName, Sample[]>> {
  const servers = new Map(PEERS.map((name) => [name, new Child(`peers/${name}.ts`)]));
  const samples: Record<PeerName, Sample[]> = { marktide: [], 'node-http': [], 'better-sse': [] };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, name] of PEERS.entries()) {
        const server = servers.get(name);
        if (server) samples[name].push(await measure(server, load, `127.0.0.${2 + index}`));
      }
    }
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
  return samples;
}

const cpuOf = (samples: readonly Sample[]): number => median(samples.map((each) => each.cpuUsPerEvent));

async function section(load: Load): Promise<Section> {
  const samples = await run(load);
  const ours = cpuOf(samples.marktide);
  const ratio = (name: PeerName): number => ours / cpuOf(samples[name]);
  const p99 = median(samples.marktide.map((each) => each.p99));
  const whole = samples.marktide.every((each) => each.delivered === 1);
  const limit = load === DENSE ? 0.25 : 1;
  const against = load === DENSE ? PEERS.slice(1) : (['node-http'] as const);
  return {
    name: `fanout: ${load.name}`,
    setup: `${load.clients} clients × ${load.rate} events/s of about 200 bytes, published inside each server; ${ROUNDS} interleaved rounds of ${MEASURED_S} s after ${WARM_UP_S} s of warm-up, medians. The clients share one other process.`,
    rows: {
      columns: [
        'server',
        'CPU µs per delivered event',
        'each round',
        'published/s',
        'delivered',
        'p50 ms',
        'p99 ms',
      ],
      lines: PEERS.map((name) => [
        name,
        short(cpuOf(samples[name])),
        samples[name].map((each) => short(each.cpuUsPerEvent)).join(', '),
        short(median(samples[name].map((each) => each.publishedPerSecond))),
        `${short(100 * Math.min(...samples[name].map((each) => each.delivered)))} %`,
        short(median(samples[name].map((each) => each.p50))),
        short(median(samples[name].map((each) => each.p99))),
      ]),
    },
    ratios: Object.fromEntries(PEERS.slice(1).map((name) => [`CPU per event, of ${name}`, ratio(name)])),
    verdicts: [
      ...against.map((name) => ({
        target: `CPU per event at most ${limit} of ${name}`,
        measured: short(ratio(name)),
        holds: ratio(name) <= limit,
      })),
      ...(load === DENSE
        ? [
            {
              target: 'p99 from publish to client at most 30 ms',
              measured: `${short(p99)} ms`,
              holds: p99 <= 30,
            },
          ]
        : []),
      { target: 'every event delivered', measured: whole ? 'all' : 'not all', holds: whole, always: true },
    ],
  };
}

/** Server CPU per delivered event, next to plain node:http and better-sse: many events to some clients. */
export async function dense(): Promise<Section[]> {
  return [await section(DENSE)];
}

/** The same with few events to many clients. */
export async function sparse(): Promise<Section[]> {
  return [await section(SPARSE)];
}
