import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PACKAGE_ROOT } from '../../lib/package-info.ts';
import { openDatabase, type DatabaseOptions, type OpenedDatabase } from '../../db/database.ts';
import { quiet } from './log-watch.ts';
import { postgresAvailable, startPostgres, type PostgresServer } from './postgres-server.ts';

let server: Promise<PostgresServer> | undefined;
let template: Promise<Blob> | undefined;

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

/**
 * A fresh initdb takes seconds each time: one is made for each version of PGlite and kept beside it, and every database
 * in memory starts as a copy.
 */
async function loadTemplate(): Promise<Blob> {
  const manifest = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'marktide');
  const file = join(folder, `pglite-${dependencies['@electric-sql/pglite']}.tar`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all, since other processes of this run look for it too.
    writeFileSync(`${file}.${process.pid}`, Buffer.from(await (await makeTemplate()).arrayBuffer()));
    renameSync(`${file}.${process.pid}`, file);
  }
  return new Blob([readFileSync(file)]);
}

async function makeTemplate(): Promise<Blob> {
  const lite = await PGlite.create('memory://');
  try {
    return await lite.dumpDataDir('none');
  } finally {
    await lite.close();
  }
}

export async function openInMemory(options: Partial<DatabaseOptions> = {}): Promise<OpenedDatabase> {
  template ??= loadTemplate();
  return await openDatabase({ dataDir: 'memory://', log: quiet, template: await template, ...options });
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
