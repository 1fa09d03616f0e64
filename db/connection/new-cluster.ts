import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

/** Made by app/build.mjs. The sources run without one. */
const ARCHIVE = join(PACKAGE_ROOT, 'dist', 'new-cluster.tar.gz');

/**
 * Puts the files of a new cluster into a folder that is missing or empty: PGlite would need three times the memory to
 * make them that it needs to run on them. They appear there in one step. Without the archive it does nothing, and
 * PGlite makes its own.
 */
export function placeCluster(folder: string, archive = ARCHIVE): void {
  const isNew = !existsSync(folder) || readdirSync(folder).length === 0;
  if (!isNew || !existsSync(archive)) return;
  const draft = `${folder}.new`;
  // Of a start that was cut short.
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700, recursive: true });
  extract({ file: archive, cwd: draft, strict: true, sync: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}
