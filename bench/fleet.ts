import { cpus } from 'node:os';
import { newPostgresDatabase } from '../spec/support/databases.ts';
import { startRedisServer } from '../spec/support/redis-server.ts';
import type { OpenStreams, Received } from './load-client.ts';
import type { Published, Usage } from './peers/peer.ts';
import { median, type Section, short } from './report.ts';
import { Child } from './child.ts';

/** Of each node. */
const CLIENTS = 200;
const RATE = 500;
const ROUNDS = 5;
const WARM_UP_S = 1;
const MEASURED_S = 4;
const TARGET = 1.7;

interface Sample {
  /** Of the nodes with clients, together. */
  cpuUsPerEvent: number;
  delivered: number;
  eventsPerSecond: number;
  p99: number;
}

/** The same number of clients on each node, and the same events for all; a node without clients publishes. */
async function measure(publisher: Child, nodes: readonly Child[], from: string): Promise<Sample> {
  const client = new Child('load-client.ts');
  const cpu = async (): Promise<number> => {
    const used = await Promise.all(nodes.map((node) => node.ask<Usage>('usage')));
    return used.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  };
  try {
    for (const node of nodes) {
      const url = await node.ask<string>('url');
      const opening: OpenStreams = { url, count: CLIENTS, sampled: 10, from };
      await client.ask('open', opening);
    }
    await publisher.ask<Published>('publish', { rate: RATE, seconds: WARM_UP_S });
    await settled(client);
    await client.ask('reset');
    const before = await cpu();
    const published = await publisher.ask<Published>('publish', { rate: RATE, seconds: MEASURED_S });
    await settled(client);
    const cpuMs = (await cpu()) - before;
    const { events, p99 } = await client.ask<Received>('received');
    return {
      cpuUsPerEvent: (cpuMs * 1_000) / events,
      delivered: events / (published.events * CLIENTS * nodes.length),
      eventsPerSecond: events / published.seconds,
      p99,
    };
  } finally {
    await client.ask('close');
    await client.stop();
  }
}

/** Until nothing more arrives, at most 20 s. */
async function settled(client: Child): Promise<void> {
  let last = -1;
  for (let waited = 0; waited < 20_000; waited += 200) {
    const { events } = await client.ask<Received>('received');
    if (events === last) return;
    last = events;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** What a second node adds to the fan-out of one, on one PostgreSQL and one Redis. */
export async function fleet(): Promise<Section[]> {
  const redis = await startRedisServer();
  const env = {
    REDIS_URL: redis.url,
    DATABASE_URL: await newPostgresDatabase(),
    JWT_SECRET: 'a secret that only the benches of this project use',
  };
  const start = (): Child => new Child('peers/marktide.ts', env);
  const children = [start()];
  const one: Sample[] = [];
  const two: Sample[] = [];
  try {
    // The first one migrates.
    await children[0]?.ask<string>('url');
    children.push(start(), start());
    const [publisher, ...nodes] = children as [Child, Child, Child];
    for (let round = 0; round < ROUNDS; round += 1) {
      one.push(await measure(publisher, nodes.slice(0, 1), '127.0.0.2'));
      two.push(await measure(publisher, nodes, '127.0.0.3'));
    }
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    await redis.stop();
  }
  const of = (samples: readonly Sample[], what: keyof Sample): number =>
    median(samples.map((each) => each[what]));
  // The throughput per second of nodes with a core each, computed from their CPU time per event.
  const capacity = (nodes: number, samples: readonly Sample[]): number =>
    (nodes * 1e6) / of(samples, 'cpuUsPerEvent');
  const ratio = capacity(2, two) / capacity(1, one);
  const whole = [...one, ...two].every(({ delivered }) => delivered === 1);
  return [
    {
      name: 'fleet',
      setup: `${CLIENTS} clients on one node, and as many on each of two, × ${RATE} events/s of about 200 bytes through one Redis; a third node without clients publishes. ${ROUNDS} interleaved rounds of ${MEASURED_S} s after ${WARM_UP_S} s of warm-up, medians.`,
      notes: [
        `nodes, publisher, Redis, PostgreSQL and clients share ${cpus().length} cores, so the rate itself cannot show what a second node adds: compared is what the processor time of the nodes for each delivered event allows when each has a core. Where the machine is busy, a node writes more events at once, and each costs less`,
      ],
      rows: {
        columns: [
          'nodes',
          'CPU µs per delivered event',
          'each round',
          'events/s with a core each',
          'delivered/s here',
          'delivered',
          'p99 ms',
        ],
        lines: ([1, 2] as const).map((nodes) => {
          const samples = nodes === 1 ? one : two;
          return [
            nodes,
            short(of(samples, 'cpuUsPerEvent')),
            samples.map((each) => short(each.cpuUsPerEvent)).join(', '),
            short(capacity(nodes, samples)),
            short(of(samples, 'eventsPerSecond')),
            `${short(100 * Math.min(...samples.map((each) => each.delivered)))} %`,
            short(of(samples, 'p99')),
          ];
        }),
      },
      verdicts: [
        {
          target: `two nodes carry at least ${TARGET} of one node's fan-out`,
          measured: short(ratio),
          holds: ratio >= TARGET,
        },
        { target: 'every event delivered', measured: whole ? 'all' : 'not all', holds: whole },
      ],
    },
  ];
}
