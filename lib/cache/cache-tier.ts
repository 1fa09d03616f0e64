import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import type { Redis } from 'ioredis';
import type { Breaker } from './breaker.ts';
import type { CachedAnswer } from './cached-answer.ts';

/** Where answers are kept. Neither call throws: what cannot be reached has nothing. */
export interface CacheTier {
  get(key: string): Promise<CachedAnswer | null>;
  set(key: string, answer: CachedAnswer, ttlMs: number): Promise<void>;
}

const SETTINGS = { grace: false, suppressL2Errors: false } as const;
const MAX_ITEMS = 100_000;

/*
 * bentocache's two layers as tiers of their own, since an answer that the first has may be out of date while the second
 * has one that another node has made anew. Its tags and its bus are not used: every reader compares versions itself.
 */

/** In this process. @param maxBytes what was asked for least recently goes first */
export function memoryTier({ maxBytes }: { maxBytes: number }): CacheTier {
  const memory = bentostore().useL1Layer(memoryDriver({ maxSize: maxBytes, maxItems: MAX_ITEMS }));
  const store = new BentoCache({ ...SETTINGS, default: 'first', stores: { first: memory } });
  return {
    get: async (key) => (await store.get<CachedAnswer>({ key })) ?? null,
    set: async (key, value, ttl) => void (await store.set({ key, value, ttl })),
  };
}

/** Of all nodes. @param redis must fail fast */
export async function redisTier({
  redis,
  breaker,
  prefix = 'marktide:cache',
}: {
  redis: Redis;
  breaker: Breaker;
  prefix?: string;
}): Promise<CacheTier> {
  // Loaded where it is used: a node that is alone starts the sooner.
  const { redisDriver } = await import('bentocache/drivers/redis');
  const server = bentostore().useL2Layer(redisDriver({ connection: redis }));
  const store = new BentoCache({ ...SETTINGS, prefix, default: 'shared', stores: { shared: server } });
  return {
    get: async (key) => (await breaker.ask(() => store.get<CachedAnswer>({ key }), null)) ?? null,
    set: async (key, value, ttl) => void (await breaker.ask(() => store.set({ key, value, ttl }), false)),
  };
}
