import type { Middleware } from 'koa';
import type { Config } from '../../lib/config/config.ts';
import { hostNameOf, hostNameOfAddress, isLoopback } from '../../lib/http/host-name.ts';
import { problem } from '../../lib/problem.ts';
import type { Endpoint } from '../http/endpoint.ts';

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests for a host name that is not ours. Any site can make its own name resolve to 127.0.0.1 (DNS
 * rebinding): the browser then treats this server as part of that site, lets its pages read every answer, and sends the
 * site's name in `Host`.
 *
 * Without `ALLOWED_HOSTS` it checks only a server that has no other names. Health checks may use any name.
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
    // The Host header, and the host that Koa uses: with TRUST_PROXY, X-Forwarded-Host.
    const names = [ctx.req.headers.host ?? '', ctx.host].map(hostNameOf);
    if (names.every((name) => name !== null && allowed.has(name)) || exempt.has(ctx.path)) return next();
    throw problem('misdirected-request', {
      detail:
        'The request names a host that this server does not answer for. If people reach it by that name, add it to ALLOWED_HOSTS.',
    });
  };
}
