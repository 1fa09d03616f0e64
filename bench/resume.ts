import type { OpenStreams, Replay } from './load-client.ts';
import { quantile, type Section, short } from './report.ts';
import { Child } from './child.ts';

const RING = 100_000;
const PROBES = 1_000;
/** Warm-up, so that the program is measured and not its compilation. */
const WARM_UP = 200;
const CROWD = 500;
/** What each client of a crowd has missed: two seconds of a busy market, as after a restart of a proxy. */
const CROWD_MISSED = 500;
const LONG = 50_000;

interface Resumed {
  replays: Replay[];
  ms: number;
}

/**
 * Resumes as many streams at once as there are ids, and waits until each has received everything it missed (at most 60
 * s).
 */
async function resumeAll(client: Child, url: string, ids: string[], expected: number): Promise<Resumed> {
  const opening: OpenStreams = { url, count: ids.length, sampled: 0, from: '127.0.0.2', lastEventIds: ids };
  await client.ask('reset');
  // Not polled: that would compete with what is measured.
  const served = client.ask('served', { events: expected, readies: ids.length }, 60_000);
  await Promise.all([client.ask('open', opening), served]);
  const replays = await client.ask<Replay[]>('replays');
  await client.ask('close');
  return { replays, ms: Math.max(...replays.map((each) => each.lastEventMs)) };
}

/** How soon a returning client has what it missed. */
export async function resume(): Promise<Section[]> {
  const server = new Child('peers/marktide.ts');
  const client = new Child('load-client.ts');
  const resident = new Child('load-client.ts');
  try {
    const url = await server.ask<string>('url');
    await server.ask('fill', { events: RING });
    // Somebody else is reading already, as on a node in use.
    await resident.ask('open', { url, count: 1, sampled: 0, from: '127.0.0.3' } satisfies OpenStreams);
    const cursor = (missed: number): Promise<string> => server.ask<string>('cursor', { missed });

    const first: number[] = [];
    for (let probe = -WARM_UP; probe < PROBES; probe += 1) {
      // From anywhere in the ring, its far end included, but only a short way: this measures how soon it starts.
      const missed = 1 + (((probe + WARM_UP) * 7_919) % 5_000);
      const { replays } = await resumeAll(client, url, [await cursor(missed)], missed);
      if (probe >= 0) first.push(replays[0]?.firstEventMs ?? Number.NaN);
    }
    const far: number[] = [];
    for (let probe = 0; probe < 10; probe += 1) {
      const { replays } = await resumeAll(client, url, [await cursor(RING - 1_000)], RING - 1_000);
      far.push(replays[0]?.firstEventMs ?? Number.NaN);
    }
    const crowds: Resumed[] = [];
    for (let round = 0; round < 3; round += 1) {
      const id = await cursor(CROWD_MISSED);
      crowds.push(
        await resumeAll(
          client,
          url,
          Array.from({ length: CROWD }, () => id),
          CROWD * CROWD_MISSED,
        ),
      );
    }
    const long = await resumeAll(client, url, [await cursor(LONG)], LONG);
    const notices = long.replays.reduce((sum, each) => sum + each.notices, 0);
    const p99 = quantile([...first, ...far], 0.99);
    const slowest = Math.max(...crowds.map(({ ms }) => ms));
    return [
      {
        name: 'resume',
        setup: `A ring of ${RING} market events in memory, which somebody else is reading live, as on a node in use. Times run from the request to the read that holds the event, in another process.`,
        rows: {
          columns: ['what', 'measured'],
          lines: [
            [
              `first replayed byte, ${PROBES} resumes over up to 5,000 events, p50 ms`,
              short(quantile(first, 0.5)),
            ],
            ['the same, p99 ms', short(quantile(first, 0.99))],
            [
              `first replayed byte from the far end of the ring, 10 resumes, slowest ms`,
              short(Math.max(...far)),
            ],
            [
              `${CROWD} clients at once, each ${CROWD_MISSED} events: all served after ms (3 rounds)`,
              crowds.map(({ ms }) => short(ms)).join(', '),
            ],
            [`replay of ${LONG} events to one client, ms`, short(long.ms)],
          ],
        },
        verdicts: [
          { target: 'first replayed byte p99 at most 5 ms', measured: `${short(p99)} ms`, holds: p99 <= 5 },
          {
            target: `${CROWD} clients served within 2 s`,
            measured: `${short(slowest)} ms at worst`,
            holds: slowest <= 2_000,
          },
          {
            target: `replay of ${LONG} events does not trip the cap on slow readers`,
            measured: `${long.replays[0]?.events ?? 0} events, ${notices} notices`,
            holds: notices === 0 && long.replays[0]?.events === LONG,
          },
        ],
      },
    ];
  } finally {
    await client.stop();
    await resident.stop();
    await server.stop();
  }
}
