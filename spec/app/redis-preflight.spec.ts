import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { checkRedis } from '../../app/redis-preflight.ts';
import { systemClock } from '../../lib/clock.ts';
import { createLogger } from '../../lib/logging/log.ts';
import { StartError } from '../../lib/start-error.ts';
import { fastRedis } from '../../streams/redis/redis-connection.ts';
import { freePort } from '../support/free-port.ts';
import { quiet } from '../support/log-watch.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const COMMANDS = '+@all';

(redisAvailable() ? describe : describe.skip)('the check of Redis at the start of a node', () => {
  const servers: RedisServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  async function start(...args: string[]): Promise<RedisServer> {
    const server = await startRedisServer({ args });
    servers.push(server);
    return server;
  }

  async function check(
    url: string,
    { ms = 10_000, ringBytes = 1, log = quiet, prefix = 'marktide:', fleet = 'a fleet' } = {},
  ): Promise<void> {
    const surroundings = { clock: systemClock, random: Math.random, log: quiet };
    const redis = fastRedis(url, { ...surroundings, name: 'check' });
    try {
      await checkRedis(redis, { clock: systemClock, log, ms, prefix, fleet, ringBytes });
    } finally {
      redis.disconnect();
    }
  }

  async function assertRefused(url: string, message: RegExp): Promise<void> {
    await assert.rejects(check(url), (error) => error instanceof StartError && message.test(error.message));
  }

  /** Changes the settings of a server as its administrator. */
  async function administer(server: RedisServer, ...commands: string[][]): Promise<void> {
    const redis = new Redis(server.url);
    try {
      for (const [name = '', ...args] of commands) await redis.call(name, ...args);
    } finally {
      redis.disconnect();
    }
  }

  it('passes a server that serves everything, and leaves only the id of the fleet there', async () => {
    const server = await start();
    await check(server.url);
    const redis = new Redis(server.url);
    assert.deepEqual(await redis.keys('*'), ['marktide:{fleet}']);
    redis.disconnect();
  });

  it('refuses a server that another fleet uses with the same prefix', async () => {
    const { url } = await start();
    await check(url);
    await check(url);
    await assert.rejects(
      check(url, { fleet: 'another' }),
      (error) =>
        error instanceof StartError &&
        /another database under the prefix marktide:.*REDIS_PREFIX/.test(error.message),
    );
    await check(url, { fleet: 'another', prefix: 'another:' });
  });

  it('says that a password is wrong, missing or not wanted', async () => {
    const locked = await start('--requirepass', 'right');
    const { host } = new URL(locked.url);
    await assertRefused(`redis://:wrong@${host}`, /refuses the user or the password in REDIS_URL/);
    await assertRefused(`redis://${host}`, /asks for a password/);
    await check(`redis://:right@${host}`);
  });

  it('says that there is no database of that number', async () => {
    const { url } = await start();
    await assertRefused(`${url}/99`, /number of a database that this Redis does not have/);
  });

  it('says which right a user lacks', async () => {
    const server = await start();
    const { host } = new URL(server.url);
    const users: [name: string, rights: string[], message: RegExp][] = [
      ['scripts', ['~*', '&*', COMMANDS, '-eval', '-evalsha'], /may not run EVAL: docs\/operations\.md/],
      ['digests', ['~*', '&*', COMMANDS, '-evalsha'], /may not run EVALSHA: docs/],
      ['listeners', ['~*', '&*', COMMANDS, '-subscribe'], /may not run SUBSCRIBE: docs/],
      ['clock', ['~*', '&*', COMMANDS, '-time'], /may not run a command that Marktide's scripts use: docs/],
      ['keys', ['~other:*', '&*', COMMANDS], /may not use all keys/],
      ['channels', ['~*', 'resetchannels', COMMANDS], /may not use all channels/],
    ];
    for (const [name, rights, message] of users) {
      await administer(server, ['ACL', 'SETUSER', name, 'on', '>secret', ...rights]);
      await assertRefused(`redis://${name}:secret@${host}`, message);
    }
    await administer(server, [
      'ACL',
      'SETUSER',
      'node',
      'on',
      '>secret',
      '~marktide:*',
      '&marktide:*',
      COMMANDS,
      '-info',
    ]);
    await check(`redis://node:secret@${host}`);
  });

  it('says that a command has been taken away', async () => {
    for (const command of ['EVAL', 'EVALSHA', 'SUBSCRIBE']) {
      const { url } = await start('--rename-command', command, '');
      const message = new RegExp(`^The Redis in REDIS_URL does not have the command ${command}, which`);
      await assertRefused(url, message);
    }
  });

  it('refuses a replica, a cluster and a Sentinel by name', async () => {
    const primary = await start();
    const replica = await start('--replicaof', '127.0.0.1', String(primary.port));
    await assertRefused(replica.url, /names a replica/);
    const cluster = await start('--cluster-enabled', 'yes');
    await assertRefused(cluster.url, /Redis Cluster, which is not supported/);
  });

  it('gives up on a server that is away after a while', async () => {
    const port = await freePort();
    await assert.rejects(
      check(`redis://127.0.0.1:${port}`, { ms: 300 }),
      /has not answered for 0 s \(connect ECONNREFUSED 127\.0\.0\.1:\d+\): check REDIS_URL/,
    );
  });

  it('warns of a maxmemory that is smaller than the rings', async () => {
    const { url } = await start('--maxmemory', '64mb');
    const lines: string[] = [];
    const log = createLogger('warn', { write: (line) => lines.push(line) });
    await check(url, { ringBytes: 64 * 2 ** 20, log });
    assert.equal(lines.length, 1);
    assert.deepEqual(
      [JSON.parse(lines[0] ?? '').maxmemory, JSON.parse(lines[0] ?? '').needed],
      [64 * 2 ** 20, 96 * 2 ** 20],
    );
    await check(url, { ringBytes: 32 * 2 ** 20, log });
    assert.equal(lines.length, 1);
  });
});
