import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';
import ratelimit from 'koa-ratelimit';
import type { Caller } from '../../lib/tokens/caller.ts';
import { networkOf } from '../../lib/limits/network.ts';
import { type Problem, problem } from '../../lib/problem.ts';
import type { CountedLimit, Verdict } from '../../lib/limits/rate-limiter.ts';
import { noteAudit } from '../http/audit-trail.ts';
import type { Endpoint } from '../http/endpoint.ts';
import type { Services } from '../http/handler-services.ts';

/**
 * Structured fields of draft-ietf-httpapi-ratelimit-headers: one item for each limit that the request was counted
 * against.
 */
function tell(ctx: Context, verdict: Verdict): void {
  const told = (ctx.state['limits'] ?? []) as Verdict[];
  const all = [...told.filter(({ policy }) => policy !== verdict.policy), verdict];
  ctx.state['limits'] = all;
  ctx.set({
    'RateLimit-Policy': all
      .map(({ policy, quota }) => `"${policy.name}";q=${quota};w=${policy.seconds}`)
      .join(', '),
    RateLimit: all
      .map(({ policy, remaining, resetS }) => `"${policy.name}";r=${remaining};t=${resetS}`)
      .join(', '),
  });
}

function tooMany({ policy, quota, resetS }: Verdict): Problem {
  return problem('rate-limited', {
    detail: `The limit "${policy.name}" allows ${quota} in ${policy.seconds} seconds. Wait as long as Retry-After says.`,
    headers: { 'Retry-After': String(resetS) },
  });
}

/** The client that a use is counted for. */
export interface Client {
  /** The key of its count. */
  key: string;
  /** The user concerned, for the audit log. */
  userId: string | null;
  /** The client's own quota. */
  quota?: number | undefined;
}

/** Counts one use, and reports it in the headers. @throws 429 over the quota */
export async function countUse(
  ctx: Context,
  services: Services,
  name: CountedLimit,
  { key, userId, quota }: Client,
): Promise<void> {
  const verdict = await services.limits.take(name, key, quota);
  if (verdict !== null) await judge(ctx, services, verdict, { key, userId });
}

/** Reports a verdict in the headers and, once a window, in the audit log. @throws 429 over the quota */
async function judge(
  ctx: Context,
  services: Services,
  verdict: Verdict,
  { key, userId }: Client,
): Promise<void> {
  tell(ctx, verdict);
  if (verdict.isFirstOver) {
    const details = { policy: verdict.policy.name, client: key };
    await noteAudit(ctx, services, { type: 'rate-limited', actorId: null, userId, details });
  }
  if (verdict.isOver) throw tooMany(verdict);
}

/**
 * Counts a request by its address before anything else is done for it, except for endpoints that are always answered.
 * Each process counts for itself: an unknown client must not cause network traffic.
 */
export function limitAddresses(endpoints: readonly Endpoint[], services: Services): Middleware {
  const { limits } = services;
  const { quota, seconds } = limits.policies.address;
  if (quota === 0) return (_ctx, next) => next();
  const exempt = new Set(endpoints.filter(({ limit }) => limit === 'none').map(({ path }) => path));
  const verdictOf = (ctx: Context): [Verdict, Client] => {
    const key = networkOf(ctx.ip);
    return [limits.addressVerdict(key), { key, userId: null }];
  };
  const count = ratelimit({
    driver: 'memory',
    db: limits.addresses,
    max: quota,
    duration: seconds * 1000,
    id: (ctx) => (exempt.has(ctx.path) ? false : networkOf(ctx.ip)),
    disableHeader: true,
    // Never sent: `refuse` throws the problem.
    errorMessage: 'Too many requests',
  });
  const tellRemaining: Middleware = async (ctx, next) => {
    if (!exempt.has(ctx.path)) await judge(ctx, services, ...verdictOf(ctx));
    await next();
  };
  const refuse: Middleware = async (ctx, next) => {
    await next();
    // What koa-ratelimit sets instead of calling the next middleware.
    if (ctx.state['rateLimit'] !== undefined) await judge(ctx, services, ...verdictOf(ctx));
  };
  return compose([refuse, count, tellRemaining]);
}

/** Counts a request by its user or API key. */
export function limitCaller(
  ctx: Context,
  services: Services,
  { userId, apiKey, sessionId }: Caller,
): Promise<void> {
  if (apiKey === undefined) return countUse(ctx, services, 'user', { key: userId, userId });
  return countUse(ctx, services, 'api-key', { key: sessionId, userId, quota: apiKey.requestsPerMinute });
}

/** Counts a request against the limit that its endpoint declares. */
export async function limitEndpoint(
  ctx: Context,
  services: Services,
  { limit }: Endpoint,
  caller: Caller | null,
): Promise<void> {
  if (limit === undefined || limit === 'none') return;
  const userId = caller?.userId ?? null;
  await countUse(ctx, services, limit, { key: userId ?? networkOf(ctx.ip), userId });
}
