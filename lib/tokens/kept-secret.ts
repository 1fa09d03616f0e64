import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../logging/log.ts';
import { makePrivate, openDataFolder } from '../process/private-files.ts';

/** A random secret in a file that only this user can read: generated the first time. */
export async function keptSecret(dataDir: string, name: string, log: Logger): Promise<string> {
  openDataFolder(dataDir, log);
  const path = join(dataDir, name);
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null && kept.length >= 32) return kept;
  // Written to a draft and linked into place: a crash leaves no partial secret, and the first of two starts wins.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, randomBytes(48).toString('base64url'), { flag: 'wx', mode: 0o600 });
  if (kept !== null) await unlink(path);
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(draft);
  // In a folder such as /tmp, the file may be another user's.
  makePrivate(path);
  return await readFile(path, 'utf8');
}
