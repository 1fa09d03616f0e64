import { KeepAlive } from './keep-alive.ts';

/** What is read, and by whom. */
export interface Read {
  url: string;
  /** `null`: anonymously. */
  authorization: string | null;
  /** One for each connection in turn. */
  paths: readonly string[];
}

export interface Measured {
  perSecond: number;
  /** Milliseconds. */
  waits: number[];
}

/**
 * The load on so many connections: back to back, or one request on each every `paceMs`, with staggered starts.
 * @throws for any response other than a 200
 */
export async function load(
  { url, authorization, paths }: Read,
  { connections, ms, paceMs = 0 }: { connections: number; ms: number; paceMs?: number },
): Promise<Measured> {
  const clients = Array.from({ length: connections }, () => new KeepAlive(url));
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  const waits: number[] = [];
  const start = performance.now();
  const lane = async (client: KeepAlive, index: number): Promise<void> => {
    const path = paths[index % paths.length] ?? '/';
    let due = start + (paceMs * index) / connections;
    while (performance.now() - start < ms) {
      const early = due - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const asked = performance.now();
      due += paceMs;
      const status = await client.get(path, headers);
      if (status !== 200) throw new Error(`${path}: ${status}`);
      waits.push(performance.now() - asked);
    }
  };
  try {
    await Promise.all(clients.map(lane));
  } finally {
    for (const client of clients) client.close();
  }
  return { perSecond: (waits.length * 1_000) / (performance.now() - start), waits };
}
