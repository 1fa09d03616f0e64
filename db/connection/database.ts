import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import knexPackage, { type Knex } from 'knex';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { makePrivate, openDataFolder } from '../../lib/process/private-files.ts';
import { hasUnfinishedRestore } from '../../lib/process/unfinished-restore.ts';
import { StartError } from '../../lib/start-error.ts';
import { columnTypes } from './column-types.ts';
import { acquireDataLock } from './data-lock.ts';
import { type EmbeddedEngine, startEngine } from './embedded-engine.ts';
import { placeCluster } from './new-cluster.ts';
import { PgliteStream } from './pglite-stream.ts';
import { dropWhenSilent, type PooledClient } from './pooled-client.ts';
import { ServerHistory } from './server-history.ts';
import { limitSession } from './session-limits.ts';
import { usualPatience } from './time-limit.ts';

/**
 * What every query function takes first: the pool, or the open transaction. The embedded database has one connection,
 * so inside a transaction a query on the pool would wait forever for that same transaction to end.
 */
export type Database = Knex;

export interface OpenedDatabase {
  readonly knex: Database;
  readonly kind: 'postgres' | 'embedded';
  /** History of the server; `null` for the embedded database, which nobody restores while it runs. */
  readonly history: ServerHistory | null;
  /** Waits for running queries, then releases the connections and the data folder. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `postgres://…`: use that server. Without it the embedded database is used. */
  url?: string | undefined;
  /** Folder of the embedded database (its files go to `pgdata` inside), or `memory://`. */
  dataDir?: string | undefined;
  log: Logger;
  clock?: Clock | undefined;
  /** The most connections to the server; default 10. The embedded database has one. */
  poolMax?: number | undefined;
  /** The longest a statement waits for a lock, in milliseconds; default 10,000, never more than `statementTimeout`. */
  lockTimeout?: number | undefined;
  /** Milliseconds after which the server rolls back a transaction whose process sends nothing; default 15,000. */
  idleTransactionTimeout?: number | undefined;
  /** Milliseconds after which the server cancels a statement, unless its transaction has more; default 20,000. */
  statementTimeout?: number | undefined;
  /** Milliseconds after which a silent server is abandoned; default: a little longer than `statementTimeout`. */
  queryTimeout?: number | undefined;
  /** An embedded database that is already running, and continues when this one is closed; `dataDir` is ignored then. */
  engine?: EmbeddedEngine | undefined;
}

/**
 * Opens PostgreSQL, or the embedded database, behind the same knex. PostgreSQL is connected to on the first query.
 * @throws DataLockError if another process has the data folder
 */
export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  return options.url === undefined ? await openEmbedded(options) : openPostgres(options, options.url);
}

function openPostgres(options: DatabaseOptions, url: string): OpenedDatabase {
  const statementTimeout = options.statementTimeout ?? 20_000;
  const limits = {
    statement: statementTimeout,
    lock: Math.min(options.lockTimeout ?? 10_000, statementTimeout),
    idleInTransaction: options.idleTransactionTimeout ?? 15_000,
  };
  const history = new ServerHistory();
  const knex = knexPackage.knex({
    client: 'pg',
    // Errors are logged, and must not hold the values of a statement.
    compileSqlOnError: false,
    connection: {
      connectionString: withCheckedCertificate(url),
      types: columnTypes,
      application_name: 'marktide',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: options.queryTimeout ?? usualPatience(statementTimeout),
    },
    pool: {
      min: 0,
      max: options.poolMax ?? 10,
      afterCreate(client: PooledClient, done: (error: Error | null, client: PooledClient) => void) {
        dropWhenSilent(client);
        limitSession(client, limits, (error) => {
          if (error === null) history.read(client, () => done(null, client));
          else done(error, client);
        });
      },
    },
    acquireConnectionTimeout: 10_000,
    log: knexLog(options),
  });
  return { knex, kind: 'postgres', history, close: () => knex.destroy() };
}

/** As `verify-full`, which these modes mean to the driver as well, after a page of warnings. */
function withCheckedCertificate(text: string): string {
  const url = new URL(text);
  if (!['prefer', 'require', 'verify-ca'].includes(url.searchParams.get('sslmode') ?? '')) return text;
  url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}

async function openEmbedded(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { dataDir, log, engine } = options;
  if (engine !== undefined) {
    const knex = embeddedKnex(engine, options);
    return { knex, kind: 'embedded', history: null, close: () => knex.destroy() };
  }
  if (dataDir === undefined) throw new TypeError('url, engine or dataDir is needed');
  const inMemory = dataDir === 'memory://';
  if (!inMemory) openDataFolder(dataDir, log);
  const lock = inMemory ? null : acquireDataLock(dataDir);
  try {
    // A node would start with nothing, where somebody expects what was restored.
    if (!inMemory && hasUnfinishedRestore(dataDir))
      throw new StartError(`A restore into ${dataDir} has not come to its end: run it again.`);
    const lite = await (inMemory ? startEngine(dataDir) : openCluster(join(dataDir, 'pgdata')));
    if (!inMemory) {
      log.info({ dataDir }, 'embedded database: survives a crash of this process, not a power cut');
    }
    const knex = embeddedKnex(lite, options);
    return {
      knex,
      kind: 'embedded',
      history: null,
      async close() {
        await knex.destroy();
        await lite.close();
        lock?.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/**
 * PGlite makes the files of a new cluster writable for everybody, and some of the later ones readable, whatever the
 * umask. So the folder is closed to others before there are any.
 */
async function openCluster(folder: string): Promise<EmbeddedEngine> {
  placeCluster(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  makePrivate(folder);
  const lite = await startEngine(folder);
  makePrivate(folder);
  return lite;
}

/**
 * The embedded database does its housekeeping in the middle of a statement, while all others wait: pending entries go
 * into a search index in small portions, and a new log segment is not filled with 16 MB of zeros.
 */
const SESSION = "set gin_pending_list_limit = '512kB'; set wal_init_zero = off";

function embeddedKnex(engine: EmbeddedEngine, options: DatabaseOptions): Knex {
  return knexPackage.knex({
    client: 'pg',
    // Errors are logged, and must not hold the values of a statement.
    compileSqlOnError: false,
    connection: {
      host: 'in-process',
      user: 'postgres',
      database: 'postgres',
      types: columnTypes,
      stream: () => new PgliteStream(engine),
    },
    pool: {
      min: 1,
      max: 1,
      afterCreate(client: PooledClient, done: (error: Error | null, client: PooledClient) => void) {
        client.query(SESSION, (error) => done(error, client));
      },
    },
    log: knexLog(options),
  });
}

/** An outage repeats the same warnings: each is logged once a minute, with its count. */
function knexLog({ log, clock = systemClock }: DatabaseOptions): Knex.Logger {
  const repeated = new RepeatedLog(log, clock);
  const firstLine = (message: unknown): string => String(message).split('\n', 1)[0]?.slice(0, 200) ?? '';
  return {
    debug: (message: unknown) => log.debug({ knex: message }, 'knex'),
    warn: (message: unknown) => repeated.warn({ knex: firstLine(message) }, 'knex', firstLine(message)),
    error: (message: unknown) => repeated.error({ knex: firstLine(message) }, 'knex', firstLine(message)),
    deprecate: (method: string, alternative: string) => log.warn({ method, alternative }, 'knex: deprecated'),
  };
}
