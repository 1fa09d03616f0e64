import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Load, measure, type Sample } from './fanout.ts';
import { median, type Section, short } from './report.ts';
import { Child } from './child.ts';

/** The load that all of them can carry, so that their cost for the same work is compared. */
const LOAD: Load = { name: 'others', clients: 100, rate: 50 };
const ROUNDS = 3;

/** Other servers, if their Debian packages are installed. */
const OTHERS: { name: string; isThere: () => boolean }[] = [
  {
    name: 'fastapi',
    isThere: () => spawnSync('/usr/bin/python3', ['-c', 'import fastapi, uvicorn']).status === 0,
  },
  { name: 'nchan', isThere: () => existsSync('/usr/lib/nginx/modules/ngx_nchan_module.so') },
];

/** The same fan-out on FastAPI with uvicorn, and on nginx with Nchan. */
export async function others(): Promise<Section[]> {
  const there = OTHERS.filter(({ isThere }) => isThere()).map(({ name }) => name);
  const missing = OTHERS.map(({ name }) => name).filter((name) => !there.includes(name));
  const names = ['marktide', 'node-http', 'better-sse', ...there];
  const servers = names.map((name) => new Child(`peers/${name}.ts`));
  const samples: Sample[][] = names.map(() => []);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, server] of servers.entries())
        samples[index]?.push(await measure(server, LOAD, `127.0.0.${2 + index}`));
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  const cpu = samples.map((each) => median(each.map(({ cpuUsPerEvent }) => cpuUsPerEvent)));
  const [ours = Number.NaN] = cpu;
  const line = (index: number): (string | number)[] => {
    const of = samples[index] ?? [];
    return [
      names[index] ?? '',
      short(cpu[index] ?? Number.NaN),
      short((cpu[index] ?? Number.NaN) / ours),
      `${short(100 * Math.min(...of.map(({ delivered }) => delivered)))} %`,
      short(median(of.map(({ p50 }) => p50))),
      short(median(of.map(({ p99 }) => p99))),
    ];
  };
  return [
    {
      name: 'others',
      setup: `${LOAD.clients} clients × ${LOAD.rate} events/s of about 200 bytes on servers of other makes: FastAPI on uvicorn with a queue a client, nginx with Nchan (published to over HTTP, which its time includes). ${ROUNDS} interleaved rounds, medians. Marktide's events have passed its ring, its authorisation and its cursor; the others' have not.`,
      rows: {
        columns: ['server', 'CPU µs per delivered event', 'of marktide', 'delivered', 'p50 ms', 'p99 ms'],
        lines: names.map((_, index) => line(index)),
      },
      ratios: Object.fromEntries(
        names
          .slice(1)
          .map((name, index) => [`CPU per event, of ${name}`, ours / (cpu[index + 1] ?? Number.NaN)]),
      ),
      verdicts: there.includes('fastapi')
        ? [
            {
              target: 'less CPU per event than FastAPI',
              measured: short(ours / (cpu[names.indexOf('fastapi')] ?? Number.NaN)),
              holds: ours < (cpu[names.indexOf('fastapi')] ?? 0),
            },
          ]
        : [],
      notes: missing.map((name) => `${name} is not on this machine`),
    },
  ];
}
