import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { openDatabase } from '../../db/connection/database.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { quiet } from './log-watch.ts';

let file: Promise<string> | undefined;

/** @returns its path */
function archive(): Promise<string> {
  return (file ??= keptArchive());
}

/** Once for a whole run, so that its processes need not all make the same archive. */
export async function makeMigratedData(): Promise<void> {
  await archive();
}

/** What PGlite and the migrations make of an empty folder, as an archive for `loadDataDir`. */
export async function migratedData(): Promise<Blob> {
  return new Blob([readFileSync(await archive())]);
}

/**
 * Puts a migrated database without rows into the data folder of a node, so that its first start is as quick as its
 * second. What the first start itself does is for other tests to see.
 */
export async function fillDataFolder(folder: string): Promise<void> {
  const pgdata = join(folder, 'pgdata');
  mkdirSync(pgdata, { recursive: true, mode: 0o700 });
  const args = ['--no-same-permissions', '-xf', await archive(), '-C', pgdata];
  const { status, stderr } = spawnSync('tar', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
}

/** Seconds of processor time go into a new one: it is made once for each version of PGlite and the migrations, and kept. */
async function keptArchive(): Promise<string> {
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'marktide');
  const kept = join(folder, `migrated-${fingerprint()}.tar`);
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all, since other processes of this run look for it too.
    writeFileSync(`${kept}.${process.pid}`, Buffer.from(await (await newData()).arrayBuffer()));
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return kept;
}

/** Of all that the archive is made from. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const manifest = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  hash.update(`${dependencies['@electric-sql/pglite']}\n`);
  const migrations = join(PACKAGE_ROOT, 'db', 'migrations');
  for (const name of readdirSync(migrations).sort()) {
    const content = readFileSync(join(migrations, name));
    hash.update(`${name}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

async function newData(): Promise<Blob> {
  const lite = await PGlite.create('memory://');
  try {
    const { knex, close } = await openDatabase({ log: quiet, engine: lite });
    await migrate(knex).finally(close);
    return await lite.dumpDataDir('none');
  } finally {
    await lite.close();
  }
}
