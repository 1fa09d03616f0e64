import type { Redis } from 'ioredis';
import { contact } from '../streams/redis/redis-connection.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logging/log.ts';
import { reasonOf, StartError } from '../lib/start-error.ts';
import { claimPrefix } from './redis-claim.ts';

const PAUSE_MS = 250;

/** Answers of a Redis that will never serve a node as it is configured. */
const REFUSALS: readonly [pattern: RegExp, message: (what: string | undefined) => string][] = [
  [/^WRONGPASS|invalid password/, () => 'Redis refuses the user or the password in REDIS_URL.'],
  [/^NOAUTH/, () => 'Redis asks for a password: put it into REDIS_URL, as in redis://:password@host:6379.'],
  [
    /^NOPERM .*'([^']+)'/,
    (command) => `The Redis user in REDIS_URL may not run ${command?.toUpperCase()}: ${RIGHTS}`,
  ],
  [
    /^NOPERM .*\b(keys|channels)\b/,
    (what) => `The Redis user in REDIS_URL may not use all ${what}: ${RIGHTS}`,
  ],
  [
    /user executing the script can't/,
    () => `The Redis user in REDIS_URL may not run a command that Marktide's scripts use: ${RIGHTS}`,
  ],
  [
    /DB index is out of range|invalid DB index/i,
    () => 'REDIS_URL ends with the number of a database that this Redis does not have.',
  ],
  [/^(?:MOVED|CROSSSLOT|CLUSTERDOWN)/, () => CLUSTER],
  [
    /unknown command [`']?(\w+)/i,
    (command) =>
      `The Redis in REDIS_URL does not have the command ${command?.toUpperCase()}, which Marktide needs.`,
  ],
];
const RIGHTS = 'docs/operations.md lists the rights it needs.';
const CLUSTER =
  'REDIS_URL names a node of a Redis Cluster, which is not supported: use one primary, with or without Sentinel.';

export interface PreflightOptions {
  clock: Clock;
  log: Logger;
  /** How long Redis is retried while it is away, starting or without a primary. */
  ms: number;
  /** Begins every key of the fleet. */
  prefix: string;
  /** The id of the fleet, which its database keeps. */
  fleet: string;
  /** The most memory that the ring of the market may take. */
  ringBytes: number;
}

/**
 * Resolves when Redis answers and serves everything that a node needs; warns when its memory is too small.
 * @param redis a connection that nothing else uses
 * @throws StartError
 */
export async function checkRedis(redis: Redis, options: PreflightOptions): Promise<void> {
  const { clock, ms } = options;
  const until = clock.monotonic() + ms;
  // Why a connection failed: its commands only report that there is none.
  let connecting: unknown;
  redis.on('connect', () => (connecting = undefined));
  redis.on('error', (error: unknown) => (connecting = error));
  for (;;) {
    try {
      await contact(redis, clock);
      await tryCommands(redis, options.prefix);
      await claim(redis, options);
      warnOfMemory(await infoOf(redis, 'memory'), options);
      // ioredis continues in database 0 if it cannot select the one that it is given.
      const refusal = refusalOf(connecting);
      if (refusal !== null) throw refusal;
      return;
    } catch (error) {
      const refusal = refusalOf(error) ?? refusalOf(connecting);
      if (refusal !== null) throw refusal;
      if (clock.monotonic() >= until) {
        const seconds = Math.round(ms / 1_000);
        const message = `Redis has not answered for ${seconds} s${reasonOf(connecting ?? error)}: check REDIS_URL, and that the server is running.`;
        throw new StartError(message, { cause: connecting ?? error });
      }
    }
    await new Promise<void>((resolve) => {
      clock.after(PAUSE_MS, resolve);
    });
  }
}

function refusalOf(error: unknown): StartError | null {
  if (error instanceof StartError) return error;
  if (!(error instanceof Error)) return null;
  for (const [pattern, message] of REFUSALS) {
    const match = pattern.exec(error.message);
    if (match !== null) return new StartError(message(match[1]), { cause: error });
  }
  return null;
}

/** One of each kind of command that a node uses. */
async function tryCommands(redis: Redis, prefix: string): Promise<void> {
  const server = await infoOf(redis, 'server');
  if (/^redis_mode:sentinel/m.test(server)) {
    throw new StartError(
      'REDIS_URL names a Sentinel: write redis+sentinel://host:26379/name, with the name that the Sentinel gives the primary.',
    );
  }
  if (/^redis_mode:cluster/m.test(server)) throw new StartError(CLUSTER);
  if (/^role:slave/m.test(await infoOf(redis, 'replication'))) {
    throw new StartError('REDIS_URL names a replica, which cannot be written to: it must name the primary.');
  }
  const key = `${prefix}{start-check}`;
  await redis.set(key, '', 'EX', 60);
  await redis.eval(
    "redis.call('TIME') return redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'check', '')",
    1,
    `${key}:stream`,
  );
  // A script is called by its digest.
  await redis.evalsha('0'.repeat(40), 0).catch((error: unknown) => {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
  });
  await redis.xrange(`${key}:stream`, '-', '+', 'COUNT', 1);
  await redis.publish(`${key}:live`, '');
  await redis.subscribe(`${key}:live`);
  await redis.unsubscribe(`${key}:live`);
  await redis.del(key, `${key}:stream`);
}

/** The first node of a fleet leaves the fleet's id in Redis; a node of another fleet must not write there. */
async function claim(redis: Redis, { prefix, fleet }: PreflightOptions): Promise<void> {
  if (await claimPrefix(redis, { prefix, fleet })) return;
  throw new StartError(
    `Redis keeps the streams of another database under the prefix ${prefix}: set REDIS_PREFIX to a prefix of its own for each database, or, when that database is gone, delete the keys that begin with ${prefix}.`,
  );
}

/** Empty if the user may not ask. */
async function infoOf(redis: Redis, section: 'server' | 'replication' | 'memory'): Promise<string> {
  try {
    return await redis.info(section);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return '';
    throw error;
  }
}

/** Half as much again, for the logs of portfolios, limits, cached answers and Redis itself. */
const HEADROOM = 1.5;

function warnOfMemory(info: string, { log, ringBytes }: PreflightOptions): void {
  const maxmemory = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  const needed = Math.ceil(ringBytes * HEADROOM);
  if (maxmemory === 0 || maxmemory >= needed) return;
  log.warn(
    { maxmemory, needed },
    'Redis may take less memory than the streams need: raise its maxmemory, or lower RING_MB',
  );
}
