import { randomUUID } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import { openDatabase, type DatabaseOptions, type OpenedDatabase } from '../../db/connection/database.ts';
import { readyData } from './data-folder.ts';
import { quiet } from './log-watch.ts';
import { postgresAvailable, startPostgres, type PostgresServer } from './postgres-server.ts';

let server: Promise<PostgresServer> | undefined;

/** Shared by every suite that this process runs; a run in parallel has several processes, each of which ends its own. */
async function sharedPostgres(): Promise<PostgresServer> {
  const started = await startPostgres();
  started.endWithProcess();
  return started;
}

/** The URL of a new, empty database on the PostgreSQL server of this test process, which the first call starts. */
export async function newPostgresDatabase(): Promise<string> {
  server ??= sharedPostgres();
  const { url } = await server;
  const name = `t${randomUUID().replaceAll('-', '')}`;
  const admin = await openDatabase({ url, log: quiet });
  try {
    await admin.knex.raw('create database ??', [name]);
  } finally {
    await admin.close();
  }
  return url.replace(/\/postgres$/, `/${name}`);
}

/** Embedded databases in memory that no suite uses now. */
const idle: Engine[] = [];

interface Engine {
  lite: PGlite;
  uses: number;
}

/** After so many suites an engine is let go: each leaves dead rows in the catalogue, and its memory never shrinks. */
const USES = 12;

/** To start an engine takes most of a second of processor time, to empty one that has run next to nothing. */
async function freeEngine(): Promise<Engine> {
  const engine = idle.pop();
  if (engine === undefined) {
    return { lite: await PGlite.create({ dataDir: 'memory://', loadDataDir: await readyData() }), uses: 1 };
  }
  await engine.lite.exec('rollback; drop schema public cascade; create schema public');
  engine.uses += 1;
  return engine;
}

/** In a run of one process nothing else would end them. */
export async function closeIdleEngines(): Promise<void> {
  for (const { lite } of idle.splice(0)) await lite.close();
}

export async function openInMemory(options: Partial<DatabaseOptions> = {}): Promise<OpenedDatabase> {
  const engine = await freeEngine();
  const opened = await openDatabase({ log: quiet, ...options, engine: engine.lite });
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await opened.close();
    if (engine.uses < USES) idle.push(engine);
    else await engine.lite.close();
  }
  return { ...opened, close: () => (closing ??= close()) };
}

export async function openOnPostgres(options: Partial<DatabaseOptions> = {}): Promise<OpenedDatabase> {
  return await openDatabase({ log: quiet, ...options, url: options.url ?? (await newPostgresDatabase()) });
}

/** A suite that needs PostgreSQL: visibly pending on a machine without it. */
export function onPostgres(name: string, suite: () => void): void {
  (postgresAvailable() ? describe : describe.skip)(`${name} (PostgreSQL)`, suite);
}

/**
 * Runs one suite on the embedded database and on PostgreSQL. Each call of `open` gives a new, empty database, without
 * the schema, that the suite closes.
 */
export function eachDatabase(
  name: string,
  suite: (open: (options?: Partial<DatabaseOptions>) => Promise<OpenedDatabase>) => void,
): void {
  describe(`${name} (embedded)`, () => suite(openInMemory));
  onPostgres(name, () => suite(openOnPostgres));
}
