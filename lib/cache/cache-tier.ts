import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import type { Redis } from 'ioredis';
import type { CachedAnswer } from './cached-answer.ts';

/** A layer of the cache. Neither call throws: a layer that cannot be reached is empty. */
export interface CacheTier {
  get(key: string): Promise<CachedAnswer | null>;
  set(key: string, answer: CachedAnswer, ttlMs: number): Promise<void>;
}

/** A failed read is a miss. The connection itself logs, once, that Redis is away. */
const SETTINGS = { grace: false, suppressL2Errors: true } as const;
const MAX_ITEMS = 100_000;

/*
 * bentocache's two layers, used separately: the answer in the first may be outdated while the second has a newer one, made
 * by another node. Its tags and its bus are not used, since every reader compares versions.
 */

/** In this process. @param maxBytes the least recently used answers are dropped first */
export function memoryTier({ maxBytes }: { maxBytes: number }): CacheTier {
  const memory = bentostore().useL1Layer(memoryDriver({ maxSize: maxBytes, maxItems: MAX_ITEMS }));
  return tierOf(new BentoCache({ ...SETTINGS, default: 'first', stores: { first: memory } }));
}

/**
 * Of all nodes.
 * @param redis must fail fast. It is the circuit breaker too (`reconnectOnTimeout`), for the leases as well:
 *   bentocache's own is off
 */
export async function redisTier({ redis, prefix }: { redis: Redis; prefix: string }): Promise<CacheTier> {
  // Loaded only where it is used, so that a single node starts sooner.
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
