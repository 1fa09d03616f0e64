import { answerParent, type Abilities } from '../child.ts';

/** A server under test: it serves streams at `url`, and publishes from within its own process. */
export interface Peer {
  /** The complete URL of the stream to open. */
  url: string;
  /** Sends so many events, numbered from `first`, to every stream. */
  publish(first: number, count: number): void;
  /** What only this peer can do. */
  abilities?: Abilities;
}

export interface Usage {
  /** User and system time of the whole process since its start, in milliseconds. */
  cpuMs: number;
  rssBytes: number;
  heapBytes: number;
}

export interface Published {
  events: number;
  seconds: number;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuMs: (user + system) / 1_000, rssBytes: rss, heapBytes: heapUsed };
}

/** Publishes at a steady rate: whatever is due, about every millisecond, for so long. */
function publishFor(peer: Peer, rate: number, seconds: number): Promise<Published> {
  return new Promise((resolve) => {
    const start = performance.now();
    let done = 0;
    const timer = setInterval(() => {
      const elapsed = (performance.now() - start) / 1_000;
      const due = Math.floor(Math.min(elapsed, seconds) * rate) - done;
      if (due > 0) peer.publish(done, due);
      done += Math.max(due, 0);
      if (elapsed < seconds) return;
      clearInterval(timer);
      resolve({ events: done, seconds: elapsed });
    }, 1);
  });
}

/** Garbage is not memory that streams need, and when it is collected is up to V8. */
async function collect(): Promise<void> {
  await globalThis.gc?.({ execution: 'async', type: 'major' });
  await globalThis.gc?.({ execution: 'async', type: 'major' });
}

export function servePeer(peer: Peer): void {
  answerParent({
    url: () => peer.url,
    usage,
    collect,
    publish: ({ rate, seconds }: { rate: number; seconds: number }) => publishFor(peer, rate, seconds),
    ...peer.abilities,
  });
}
