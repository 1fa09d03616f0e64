import { z } from 'zod';
import { isUrlOf } from './variable.ts';

const SENTINEL_URL =
  /^rediss?\+sentinel:\/\/(?:[^@/]*@)?[^\s:,/@]+(?::\d{1,5})?(?:,[^\s:,/@]+(?::\d{1,5})?)*\/[^\s/?#]+(?:\/\d+)?$/;

/** Of one server: what follows the host is the number of a database, if anything. */
function isServerUrl(text: string): boolean {
  return isUrlOf(text, ['redis:', 'rediss:']) && /^\/?\d{0,5}$/.test(new URL(text).pathname);
}

/** What the nodes of a fleet share. */
export const REDIS_VARIABLES = {
  REDIS_URL: z
    .string()
    .refine((text) => SENTINEL_URL.test(text) || isServerUrl(text), {
      message:
        'must be a URL such as redis://host:6379, rediss://host:6379/1 or redis+sentinel://host:26379/name',
    })
    .optional()
    .describe(
      'Redis instead of in-memory rings and leases: `redis://…`, `rediss://…` (TLS), or `redis+sentinel://[user:password@]host[:port][,…]/name[/db]`.',
    ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w:.-]{1,64}$/, 'must have 1 to 64 letters, digits, or characters of _:.-')
    .default('marktide:')
    .describe('Prefix of every key and channel in Redis. Fleets that share a Redis need different ones.'),
};
