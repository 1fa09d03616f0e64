import type { OpenStreams } from './load-client.ts';
import type { Usage } from './peers/peer.ts';
import { type Section, short } from './report.ts';
import { Child } from './child.ts';

const PEERS = ['marktide', 'better-sse', 'node-http'] as const;
const CONNECTIONS = 10_000;
const CLIENTS = 2;
/** Idle time before memory is read, also for the empty server, so that what starting and opening needed is released. */
const SETTLE_S = 15;

interface Cost {
  name: string;
  emptyBytes: number;
  fullBytes: number;
  perConnection: number;
  heapPerConnection: number;
}

async function settled(server: Child): Promise<Usage> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_S * 1_000));
  await server.ask('collect');
  return await server.ask<Usage>('usage');
}

async function measure(name: (typeof PEERS)[number], index: number): Promise<Cost> {
  const server = new Child(`peers/${name}.ts`, {}, ['--expose-gc']);
  const clients = Array.from({ length: CLIENTS }, () => new Child('load-client.ts'));
  try {
    const url = await server.ask<string>('url');
    // The first few load code that all of them share.
    const few: OpenStreams = { url, count: 20, sampled: 0, from: '127.0.0.2' };
    await clients[0]?.ask('open', few);
    await clients[0]?.ask('close');
    const empty = await settled(server);
    const opening: OpenStreams = {
      url,
      count: CONNECTIONS / CLIENTS,
      sampled: 0,
      from: `127.0.0.${10 + index}`,
    };
    await Promise.all(clients.map((client) => client.ask('open', opening)));
    const full = await settled(server);
    return {
      name,
      emptyBytes: empty.rssBytes,
      fullBytes: full.rssBytes,
      perConnection: (full.rssBytes - empty.rssBytes) / CONNECTIONS,
      heapPerConnection: (full.heapBytes - empty.heapBytes) / CONNECTIONS,
    };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await server.stop();
  }
}

/** Resident memory of ten thousand idle streams. */
export async function connections(): Promise<Section[]> {
  const costs: Cost[] = [];
  for (const [index, name] of PEERS.entries()) costs.push(await measure(name, index));
  const of = (name: string): number => costs.find((cost) => cost.name === name)?.perConnection ?? Number.NaN;
  const kb = (bytes: number): string => short(bytes / 1_024);
  const share = of('marktide') / of('better-sse');
  return [
    {
      name: 'connections',
      setup: `${CONNECTIONS} idle streams from ${CLIENTS} client processes; resident memory above the empty server, each read after ${SETTLE_S} s of idleness and a garbage collection.`,
      rows: {
        columns: ['server', 'empty MiB', 'with streams MiB', 'KiB each', 'of it JavaScript heap'],
        lines: costs.map((cost) => [
          cost.name,
          short(cost.emptyBytes / 2 ** 20),
          short(cost.fullBytes / 2 ** 20),
          kb(cost.perConnection),
          kb(cost.heapPerConnection),
        ]),
      },
      ratios: { 'memory, of better-sse': share },
      verdicts: [
        {
          target: 'at most 14 KB each',
          measured: `${short(of('marktide') / 1_000)} KB`,
          holds: of('marktide') <= 14_000,
        },
        { target: 'at most 0.6 of better-sse', measured: short(share), holds: share <= 0.6 },
      ],
    },
  ];
}
