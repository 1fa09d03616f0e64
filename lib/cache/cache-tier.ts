import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import type { Redis } from 'ioredis';
import type { CachedAnswer } from './cached-answer.ts';

/** Where answers are kept. Neither call throws: what cannot be reached has nothing. */
export interface CacheTier {
  get(key: string): Promise<CachedAnswer | null>;
  set(key: string, answer: CachedAnswer, ttlMs: number): Promise<void>;
}

/** An answer that cannot be had is a miss. The connection itself logs that Redis is away, once. */
const SETTINGS = { grace: false, suppressL2Errors: true } as const;
const MAX_ITEMS = 100_000;

/*
 * bentocache's two layers as tiers of their own, since an answer that the first has may be out of date while the second
 * has one that another node has made anew. Its tags and its bus are not used: every reader compares versions itself.
 */

/** In this process. @param maxBytes what was asked for least recently goes first */
export function memoryTier({ maxBytes }: { maxBytes: number }): CacheTier {
  const memory = bentostore().useL1Layer(memoryDriver({ maxSize: maxBytes, maxItems: MAX_ITEMS }));
  return tierOf(new BentoCache({ ...SETTINGS, default: 'first', stores: { first: memory } }));
}

/**
 * Of all nodes.
 * @param redis must fail fast. It is the circuit breaker too (`reconnectOnTimeout`), for the leases as well: bentocache's
 *   own is off
 */
export async function redisTier({ redis, prefix }: { redis: Redis; prefix: string }): Promise<CacheTier> {
  // Loaded where it is used: a node that is alone starts the sooner.
  const { redisDriver } = await import('bentocache/drivers/redis');
  const server = bentostore().useL2Layer(redisDriver({ connection: redis }));
  return tierOf(new BentoCache({ ...SETTINGS, prefix, default: 'shared', stores: { shared: server } }));
}

function tierOf(
  store: Pick<BentoCache<Record<string, ReturnType<typeof bentostore>>>, 'get' | 'set'>,
): CacheTier {
  return {
    get: async (key) => (await store.get<CachedAnswer>({ key })) ?? null,
    set: async (key, value, ttl) => void (await store.set({ key, value, ttl })),
  };
}
