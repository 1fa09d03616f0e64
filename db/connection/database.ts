import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import knexPackage, { type Knex } from 'knex';
import type { Logger } from '../../lib/log.ts';
import { makePrivate, openDataFolder } from '../../lib/private-files.ts';
import { columnTypes } from './column-types.ts';
import { acquireDataLock } from './data-lock.ts';
import { PgliteStream } from './pglite-stream.ts';
import { Patience, usualPatience } from './time-limit.ts';

/**
 * What every query function takes first: the pool, or the open transaction. The embedded database has one connection,
 * so inside a transaction a query on the pool would wait for ever for that same transaction to end.
 */
export type Database = Knex;

export interface OpenedDatabase {
  readonly knex: Database;
  readonly kind: 'postgres' | 'embedded';
  /** Waits for running queries, then lets go of connections and of the data folder. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `postgres://…`: use that server. Without it the embedded database is used. */
  url?: string | undefined;
  /** Folder of the embedded database (its files go to `pgdata` inside), or `memory://`. */
  dataDir?: string | undefined;
  log: Logger;
  /** Connections to the server at most; default 10. The embedded database has one. */
  poolMax?: number | undefined;
  /** Milliseconds after which the server ends a transaction of a process that has stopped; default 60,000. */
  idleTransactionTimeout?: number | undefined;
  /** Milliseconds after which the server cancels a statement, unless its transaction has more; default 30,000. */
  statementTimeout?: number | undefined;
  /** Milliseconds after which a silent server is given up; default: a little longer than `statementTimeout`. */
  queryTimeout?: number | undefined;
  /** An embedded database that runs already, and goes on when this one is closed; `dataDir` counts for nothing then. */
  engine?: PGlite | undefined;
}

/**
 * Opens PostgreSQL, or the embedded database, behind the same knex. PostgreSQL is connected to on the first query.
 * @throws DataLockError if another process has the data folder
 */
export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  return options.url === undefined ? await openEmbedded(options) : openPostgres(options, options.url);
}

function openPostgres(options: DatabaseOptions, url: string): OpenedDatabase {
  const statementTimeout = options.statementTimeout ?? 30_000;
  const knex = knexPackage.knex({
    client: 'pg',
    // Errors are logged, and must not hold the values of a statement.
    compileSqlOnError: false,
    connection: {
      connectionString: url,
      types: columnTypes,
      application_name: 'marktide',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: options.queryTimeout ?? usualPatience(statementTimeout),
      // Nobody waits any longer for what a request has asked for, but the server would go on with it.
      statement_timeout: statementTimeout,
      // What it holds locked would else stay so for as long as the process is paused, and go on when that does.
      idle_in_transaction_session_timeout: options.idleTransactionTimeout ?? 60_000,
    },
    pool: {
      min: 0,
      max: options.poolMax ?? 10,
      afterCreate(client: PooledClient, done: (error: Error | null, client: PooledClient) => void) {
        dropWhenSilent(client);
        done(null, client);
      },
    },
    acquireConnectionTimeout: 10_000,
    log: knexLog(options.log),
  });
  return { knex, kind: 'postgres', close: () => knex.destroy() };
}

async function openEmbedded({ dataDir, log, engine }: DatabaseOptions): Promise<OpenedDatabase> {
  if (engine !== undefined) {
    const knex = embeddedKnex(engine, log);
    return { knex, kind: 'embedded', close: () => knex.destroy() };
  }
  if (dataDir === undefined) throw new TypeError('url, engine or dataDir is needed');
  const inMemory = dataDir === 'memory://';
  if (!inMemory) openDataFolder(dataDir, log);
  const lock = inMemory ? null : acquireDataLock(dataDir);
  try {
    const lite = await (inMemory ? PGlite.create(dataDir) : openCluster(join(dataDir, 'pgdata')));
    if (!inMemory) {
      log.info({ dataDir }, 'embedded database: survives a crash of this process, not a power cut');
    }
    const knex = embeddedKnex(lite, log);
    return {
      knex,
      kind: 'embedded',
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
 * umask is. So the folder is closed to others before there are any.
 */
async function openCluster(folder: string): Promise<PGlite> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  makePrivate(folder);
  const lite = await PGlite.create(folder);
  makePrivate(folder);
  return lite;
}

function embeddedKnex(engine: PGlite, log: Logger): Knex {
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
        // What waits to go into a search index goes there at once, while nobody else has a turn.
        client.query("set gin_pending_list_limit = '1MB'", (error) => done(error, client));
      },
    },
    log: knexLog(log),
  });
}

/** What of a `pg` client is used here. knex queries with a callback, and streams without one. */
interface PooledClient {
  query(query: string | { text: string }, done?: (error: Error | null, result: unknown) => void): unknown;
  emit(event: 'error', error: Error): boolean;
  connection: { stream: { destroy(): void } };
}

/**
 * `pg` queues what follows behind a query whose answer never came. A connection that timed out is cut instead, so that
 * the pool makes a new one.
 */
function dropWhenSilent(client: PooledClient): void {
  const query = client.query.bind(client);
  const patience = new Patience();
  client.query = (asked, done) => {
    const wait = patience.of(typeof asked === 'string' ? asked : asked.text);
    const statement = wait === null || typeof asked === 'string' ? asked : { ...asked, query_timeout: wait };
    if (done === undefined) return query(statement);
    return query(statement, (error, result) => {
      if (error?.message === 'Query read timeout') {
        // knex hears this and takes the connection out of its pool at once; the end of the stream comes later.
        client.emit('error', error);
        client.connection.stream.destroy();
      }
      done(error, result);
    });
  };
}

function knexLog(log: Logger): Knex.Logger {
  return {
    debug: (message: unknown) => log.debug({ knex: message }, 'knex'),
    warn: (message: unknown) => log.warn({ knex: message }, 'knex'),
    error: (message: unknown) => log.error({ knex: message }, 'knex'),
    deprecate: (method: string, alternative: string) => log.warn({ method, alternative }, 'knex: deprecated'),
  };
}
