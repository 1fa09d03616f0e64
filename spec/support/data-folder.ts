import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

let file: Promise<string> | undefined;

/** What PGlite makes of an empty folder, as an archive for `loadDataDir`. */
export async function readyData(): Promise<Blob> {
  file ??= archive();
  return new Blob([readFileSync(await file)]);
}

/**
 * Puts an empty database into the data folder of a node, so that its first start is as quick as its second. What the
 * first start itself does is for other tests to see.
 */
export async function fillDataFolder(folder: string): Promise<void> {
  file ??= archive();
  const pgdata = join(folder, 'pgdata');
  mkdirSync(pgdata, { recursive: true, mode: 0o700 });
  const args = ['--no-same-permissions', '-xf', await file, '-C', pgdata];
  const { status, stderr } = spawnSync('tar', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
}

/** Seconds of processor time go into a new one: it is made once for each version of PGlite, and kept. */
async function archive(): Promise<string> {
  const manifest = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'marktide');
  const kept = join(folder, `pglite-${dependencies['@electric-sql/pglite']}.tar`);
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all, since other processes of this run look for it too.
    writeFileSync(`${kept}.${process.pid}`, Buffer.from(await (await newData()).arrayBuffer()));
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return kept;
}

async function newData(): Promise<Blob> {
  const lite = await PGlite.create('memory://');
  try {
    return await lite.dumpDataDir('none');
  } finally {
    await lite.close();
  }
}
