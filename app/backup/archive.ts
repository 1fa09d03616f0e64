import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { create, extract } from 'tar';
import { StartError } from '../../lib/start-error.ts';

/** The parts of the data folder that a backup holds: the database, and the secret that keeps users logged in. */
export const CONTENTS = ['pgdata', 'jwt-secret'] as const;

/**
 * Packs a data folder that nobody is writing to into a file that only this user can read. The file appears only when it
 * is complete and on disk.
 * @throws StartError if there is such a file already, or it cannot be created
 */
export async function pack(folder: string, file: string): Promise<void> {
  if (existsSync(file)) throw new StartError(`${file} exists: name a file that does not.`);
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  const handle = await open(partial, 'wx', 0o600).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`${file} cannot be written: ${reason}.`, { cause: error });
  });
  try {
    const names = CONTENTS.filter((name) => existsSync(join(folder, name)));
    await create({ gzip: true, cwd: folder, file: partial, strict: true }, names);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

/**
 * Unpacks a backup into an empty folder.
 * @throws StartError for a file that is no backup, or an incomplete one
 */
export function unpack(file: string, folder: string): void {
  const isContent = (path: string): boolean =>
    CONTENTS.some((name) => path === name || path === `${name}/` || path.startsWith(`${name}/`));
  try {
    // Not piece by piece: after an error nothing may still be writing into the folder.
    extract({ file, cwd: folder, strict: true, filter: isContent, sync: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`${file} cannot be read as a backup: ${reason}.`, { cause: error });
  }
  if (!existsSync(join(folder, 'pgdata', 'PG_VERSION'))) {
    throw new StartError(`${file} is not a backup of Marktide: there is no database in it.`);
  }
}
