import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase, type DatabaseOptions, type OpenedDatabase } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { fillDataFolder } from './data-folder.ts';
import { emptyEngine, migratedEngine, releaseEngine } from './embedded-engines.ts';
import { quiet } from './log-watch.ts';
import { OWN_FLEET } from './own-fleet.ts';
import { postgresAvailable, startPostgres } from './postgres-server.ts';

/** A database that has been migrated and that nobody is connected to. */
const TEMPLATE = 'migrated';

let server: Promise<string> | undefined;

/** Shared by every suite that this process runs; a run in parallel has several processes, each of which ends its own. */
async function sharedPostgres(): Promise<string> {
  const started = await startPostgres();
  started.endWithProcess();
  await query(started.url, `create database ${TEMPLATE}`);
  const { knex, close } = await openDatabase({ url: databaseUrl(started.url, TEMPLATE), log: quiet });
  await migrate(knex).finally(close);
  return started.url;
}

function databaseUrl(server: string, name: string): string {
  return server.replace(/\/postgres$/, `/${name}`);
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function copyOf(template: string): Promise<string> {
  const url = await (server ??= sharedPostgres());
  const name = `t${randomUUID().replaceAll('-', '')}`;
  await query(url, `create database ${name} template ${template}`);
  return databaseUrl(url, name);
}

/** The URL of a new, empty database on the PostgreSQL server of this test process, which the first call starts. */
export async function emptyPostgresDatabase(): Promise<string> {
  return await copyOf('template1');
}

/** The same, with the current schema: a copy takes a fraction of what the migrations do. */
export async function newPostgresDatabase(): Promise<string> {
  const url = await copyOf(TEMPLATE);
  await query(url, OWN_FLEET);
  return url;
}

/** Whether a new database has the current schema, or nothing at all. */
export type Schema = 'migrated' | 'empty';
type Options = Partial<DatabaseOptions>;

export async function openInMemory(
  options: Options = {},
  schema: Schema = 'migrated',
): Promise<OpenedDatabase> {
  const engine = await (schema === 'empty' ? emptyEngine() : migratedEngine());
  const opened = await openDatabase({ log: quiet, ...options, engine: engine.lite });
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await opened.close();
    await releaseEngine(engine);
  }
  return { ...opened, close: () => (closing ??= close()) };
}

/** With the current schema, in a folder that is empty. */
export async function openOnDisk(dataDir: string): Promise<OpenedDatabase> {
  await fillDataFolder(dataDir);
  return await openDatabase({ log: quiet, dataDir });
}

export async function openOnPostgres(
  options: Options = {},
  schema: Schema = 'migrated',
): Promise<OpenedDatabase> {
  const newUrl = schema === 'empty' ? emptyPostgresDatabase : newPostgresDatabase;
  return await openDatabase({ log: quiet, ...options, url: options.url ?? (await newUrl()) });
}

/** A suite that needs PostgreSQL: visibly pending on a machine without it. */
export function onPostgres(name: string, suite: () => void): void {
  (postgresAvailable() ? describe : describe.skip)(`${name} (PostgreSQL)`, suite);
}

/**
 * A suite on PostgreSQL, or in `npm run test:embedded` (and without PostgreSQL) on the embedded database, which takes more
 * processor time.
 */
export function onOneDatabase(name: string, suite: (database: 'embedded' | 'PostgreSQL') => void): void {
  const isEmbedded = process.env['DATABASE'] === 'embedded';
  if (isEmbedded || !postgresAvailable()) describe(`${name} (embedded)`, () => suite('embedded'));
  if (!isEmbedded) onPostgres(name, () => suite('PostgreSQL'));
}

type Suite = (open: (options?: Options) => Promise<OpenedDatabase>) => void;

/**
 * Runs a suite on the one or the other. Each call of `open` gives a new database with the current schema
 * and without rows, which the suite closes.
 */
export function eachDatabase(name: string, suite: Suite): void {
  each(name, suite, 'migrated');
}

/** The same without the schema, for suites of the migrations. */
export function eachEmptyDatabase(name: string, suite: Suite): void {
  each(name, suite, 'empty');
}

function each(name: string, suite: Suite, schema: Schema): void {
  onOneDatabase(name, (database) => {
    const open = database === 'embedded' ? openInMemory : openOnPostgres;
    suite((options) => open(options, schema));
  });
}
