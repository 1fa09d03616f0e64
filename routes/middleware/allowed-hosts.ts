import type { Middleware } from 'koa';
import type { Config } from '../../lib/config/config.ts';
import { hostNameOf, hostNameOfAddress, isLoopback } from '../../lib/http/host-name.ts';
import { problem } from '../../lib/problem.ts';
import type { Endpoint } from '../http/endpoint.ts';

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests for a host name that is not ours. A page of any site can have its own name resolve to 127.0.0.1 (DNS
 * rebinding): the browser then takes this server for part of that site, lets the page read every answer, and sends the
 * page's name in `Host`.
 *
 * Without `ALLOWED_HOSTS` it checks only what can be reached by no other name. Health checks may use any.
 */
export function allowHosts(
  { HOST, ALLOWED_HOSTS, TRUST_PROXY }: Pick<Config, 'HOST' | 'ALLOWED_HOSTS' | 'TRUST_PROXY'>,
  endpoints: readonly Endpoint[],
): Middleware {
  const isChecked = ALLOWED_HOSTS.length > 0 || (isLoopback(HOST) && TRUST_PROXY === 0);
  if (!isChecked) return (_ctx, next) => next();
  const allowed = new Set([...LOCAL, hostNameOfAddress(HOST), ...ALLOWED_HOSTS.map(hostNameOf)]);
  const exempt = new Set(endpoints.filter(({ limit }) => limit === 'none').map(({ path }) => path));
  return function checkHost(ctx, next) {
    // What the client was sent to, and what Koa takes for that: with TRUST_PROXY, X-Forwarded-Host.
    const names = [ctx.req.headers.host ?? '', ctx.host].map(hostNameOf);
    if (names.every((name) => name !== null && allowed.has(name)) || exempt.has(ctx.path)) return next();
    throw problem('misdirected-request', {
      detail:
        'The request names a host that this server does not answer for. If people reach it by that name, add it to ALLOWED_HOSTS.',
    });
  };
}
