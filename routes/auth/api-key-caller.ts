import type { Context } from 'koa';
import { findApiKey, touchApiKey } from '../../db/users/api-keys.ts';
import { hashApiKey } from '../../lib/tokens/api-key.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import { isWithin } from '../../lib/limits/ip-range.ts';
import { problem } from '../../lib/problem.ts';
import type { Services } from '../http/handler-services.ts';

export const API_KEY_HEADER = 'X-API-Key';

/** The caller that an API key stands for. @throws 401 for an invalid key, 403 from an address that it does not allow */
export async function callerOfApiKey(ctx: Context, services: Services): Promise<Caller> {
  const { db, clock, logger } = services;
  if (ctx.get('Authorization') !== '') {
    throw problem('unauthorized', { detail: `Send either Authorization or ${API_KEY_HEADER}, not both.` });
  }
  const hash = hashApiKey(ctx.get(API_KEY_HEADER));
  const key = hash === null ? null : await findApiKey(db, hash, { clock });
  if (key === null) throw problem('unauthorized', { detail: 'The API key is not valid. Send another one.' });
  if (key.allowedIps.length > 0 && !isWithin(key.allowedIps, ctx.ip)) {
    throw problem('forbidden', {
      detail: 'The API key may not be used from this address. See its `allowedIps`.',
    });
  }
  await touchApiKey(db, key, { clock }).catch((error: unknown) =>
    logger.warn({ err: error }, 'could not record the use of an API key'),
  );
  return {
    userId: key.userId,
    sessionId: key.id,
    apiKey: { allowedIps: key.allowedIps, requestsPerMinute: key.requestsPerMinute ?? undefined },
    role: key.role,
    scopes: key.scopes,
    expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY,
  };
}
