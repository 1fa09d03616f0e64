import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openDatabase } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { freePort } from '../support/free-port.ts';
import { quiet, watchOutput } from '../support/log-watch.ts';
import { bundledProgram } from '../support/node-bundle.ts';
import { BRIEF } from '../support/node-process.ts';
import { postgresAvailable, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const SECRET = 'a secret that only the tests of this project use';

const isRunnable = postgresAvailable() && redisAvailable();

/** The built program, with what an operator may have got wrong. */
(isRunnable ? describe : describe.skip)('a node that cannot start', function () {
  this.timeout(180_000);
  const stops: (() => Promise<void>)[] = [];
  let postgres: PostgresServer;
  let redis: RedisServer;
  let folder: string;

  async function newPostgres(options: { standbyOf?: number } = {}): Promise<PostgresServer> {
    const server = await startPostgres(options);
    stops.unshift(() => server.stop());
    return server;
  }
  async function newRedis(...args: string[]): Promise<RedisServer> {
    const server = await startRedisServer({ args });
    stops.unshift(() => server.stop());
    return server;
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-start-'));
    [postgres, redis] = [await newPostgres(), await newRedis()];
  });
  after(async () => {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** It ends with 1, and says one sentence that names the variable, after log lines at most; nothing has a stack. */
  async function assertSays(env: Record<string, string>, sentence: RegExp): Promise<void> {
    const child = spawn(process.execPath, [...BRIEF, bundledProgram()], {
      cwd: PACKAGE_ROOT,
      env: {
        PORT: '0',
        DATA_DIR: folder,
        JWT_SECRET: SECRET,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const output of [child.stdout, child.stderr]) {
      const watched = watchOutput();
      output.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        watched(text);
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 1, said);
    const lines = said.trimEnd().split('\n');
    const own = lines.filter((line) => !line.startsWith('{'));
    assert.equal(own.length, 1, said);
    assert.match(own[0] ?? '', sentence);
    assert.doesNotMatch(said, /\bat .*:\d+:\d+/, 'a stack');
  }

  it('says what is wrong with Redis', async () => {
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-eval');
    admin.disconnect();
    const { host } = new URL(redis.url);
    await assertSays(
      { REDIS_URL: `redis://limited:secret@${host}` },
      /^The Redis user in REDIS_URL may not run EVAL: /,
    );
    await assertSays({ REDIS_URL: `${redis.url}/99` }, /^REDIS_URL ends with the number of a database /);
    const replica = await newRedis('--replicaof', '127.0.0.1', String(redis.port));
    await assertSays({ REDIS_URL: replica.url }, /^REDIS_URL names a replica/);
    const cluster = await newRedis('--cluster-enabled', 'yes');
    await assertSays({ REDIS_URL: cluster.url }, /^REDIS_URL names a node of a Redis Cluster/);
    const renamed = await newRedis('--rename-command', 'EVAL', '');
    await assertSays({ REDIS_URL: renamed.url }, /^The Redis in REDIS_URL does not have the command EVAL/);
  });

  it('says what is wrong with PostgreSQL', async () => {
    await assertSays(
      { DATABASE_URL: `${postgres.url}?sslmode=require` },
      /^PostgreSQL offers no TLS, which DATABASE_URL /,
    );
    const standby = await newPostgres({ standbyOf: postgres.port });
    await assertSays({ DATABASE_URL: standby.url }, /^DATABASE_URL names a standby/);
    const newer = await newPostgres();
    const database = await openDatabase({ url: newer.url, log: quiet });
    await migrate(database.knex);
    await database
      .knex('knex_migrations')
      .insert({ name: '999-future', batch: 99, migration_time: new Date() });
    await database.close();
    await assertSays(
      { DATABASE_URL: newer.url },
      /brought up to date by a newer version of Marktide \([^)]*999-future\)/,
    );
  });

  it('has waited for half a minute for a server that is away', async () => {
    const away = `127.0.0.1:${await freePort()}`;
    await Promise.all([
      assertSays(
        { REDIS_URL: `redis://${away}` },
        /^Redis has not answered for 30 s \(connect ECONNREFUSED .*: check REDIS_URL/,
      ),
      assertSays(
        { DATABASE_URL: `postgres://user@localhost/db?host=${folder}` },
        /^PostgreSQL has not answered for 30 s \(connect ENOENT .*: check DATABASE_URL/,
      ),
    ]);
  });
});
