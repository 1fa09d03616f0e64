import { Redis } from 'ioredis';

/** Memory beyond what the nodes have at the beginning. The market's ring alone may become as large. */
const ROOM_BYTES = 1_200_000;
const BALLAST_BYTES = 100_000;
/** Longer than the nodes keep their keys, so that `volatile-ttl` evicts those first. */
const BALLAST_KEPT_S = 2 * 86_400;

/** Lets a Redis evict keys, and counts which. */
export interface Evictor {
  /** Limits the memory and fills it again and again with keys that are newer than those of the nodes. */
  begin(policy: string): Promise<void>;
  end(): Promise<void>;
  /** How often a key was evicted. */
  count(key: string): number;
  summary(): string;
  close(): Promise<void>;
}

export async function startEvictor(url: string): Promise<Evictor> {
  const admin = new Redis(url);
  const subscriber = new Redis(url);
  const counts = new Map<string, number>();
  await admin.config('SET', 'notify-keyspace-events', 'Ee');
  subscriber.on('message', (_channel, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1));
  await subscriber.subscribe('__keyevent@0__:evicted');
  let over = new AbortController();
  let filling: Promise<void> = Promise.resolve();

  async function fill(): Promise<void> {
    for (let n = 0; !over.signal.aborted; n += 1) {
      // Refused when nothing is left that the policy lets it evict.
      await admin
        .set(`ballast:${n % 20}`, 'x'.repeat(BALLAST_BYTES), 'EX', BALLAST_KEPT_S)
        .catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const evictor: Evictor = {
    async begin(policy) {
      const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]);
      await admin.config('SET', 'maxmemory-policy', policy);
      await admin.config('SET', 'maxmemory', String(used + ROOM_BYTES));
      over = new AbortController();
      filling = fill();
    },
    async end() {
      over.abort();
      await filling;
      await admin.config('SET', 'maxmemory', '0');
    },
    count: (key) => counts.get(key) ?? 0,
    summary() {
      const kinds = new Map<string, number>();
      for (const [key, count] of counts) {
        const kind = key.replace(/^marktide:|\d.*$/g, '');
        if (!kind.startsWith('ballast')) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
      }
      return `evicted ${[...kinds].map(([kind, count]) => `${count} × ${kind}`).join(', ')}`;
    },
    async close() {
      over.abort();
      await filling;
      admin.disconnect();
      subscriber.disconnect();
    },
  };
  return evictor;
}
