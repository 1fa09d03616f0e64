import type { RedisOptions } from 'ioredis';

const SENTINEL =
  /^(?<tls>rediss?)\+sentinel:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/@]+)\/(?<name>[^/?#]+)(?:\/(?<db>\d+))?$/;
const SENTINEL_PORT = 26_379;

/**
 * What ioredis needs to know about a primary behind Sentinels, for
 * `redis[s]+sentinel://[user:password@]host[:port][,host[:port]…]/name[/db]`; `null` for the URL of one server, which
 * ioredis reads itself. With `rediss` the connections to the Sentinels use TLS, too.
 */
export function sentinelOptions(url: string, timeoutMs: number): RedisOptions | null {
  const sentinels = sentinelsOf(url);
  const { tls, user, password, name, db } = SENTINEL.exec(url)?.groups ?? {};
  if (sentinels === null || name === undefined) return null;
  return {
    sentinels,
    name: decodeURIComponent(name),
    db: Number(db ?? 0),
    ...(user ? { username: decodeURIComponent(user) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(tls === 'rediss' ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    // Without it the old primary would be kept as long as its connection lives, even if it is frozen.
    failoverDetector: true,
    sentinelCommandTimeout: timeoutMs,
  };
}

function sentinelsOf(url: string): { host: string; port: number }[] | null {
  const hosts = SENTINEL.exec(url)?.groups?.['hosts'];
  if (hosts === undefined) return null;
  return hosts.split(',').map((each) => {
    const [host = '', port] = each.split(':');
    return { host, port: port === undefined ? SENTINEL_PORT : Number(port) };
  });
}
