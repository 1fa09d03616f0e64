import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireDataLock } from '../../db/connection/data-lock.ts';
import { openDatabase } from '../../db/connection/database.ts';
import { beginTimeline } from '../../db/fleet.ts';
import { migrate } from '../../db/migrations/migrate.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { openDataFolder } from '../../lib/process/private-files.ts';
import { hasUnfinishedRestore, restoreDrafts } from '../../lib/process/unfinished-restore.ts';
import { StartError } from '../../lib/start-error.ts';
import { CONTENTS, unpack } from './archive.ts';

/**
 * Fills an empty data folder with a backup. The database appears there in one step, once it is complete, has been
 * opened and migrated, and has its own timeline.
 * @throws StartError
 */
export async function restore(
  { DATA_DIR, DATABASE_URL }: Pick<Config, 'DATA_DIR' | 'DATABASE_URL'>,
  file: string | undefined,
  logger: Logger,
): Promise<void> {
  if (DATABASE_URL !== undefined) {
    throw new StartError(
      `PostgreSQL has a tool of its own for this: pg_restore --dbname="$DATABASE_URL" ${file ?? 'FILE'}`,
    );
  }
  if (file === undefined)
    throw new StartError('Name the file: npm run restore -- marktide-2026-01-31.tar.gz');
  if (!existsSync(file)) throw new StartError(`There is no file ${file}.`);
  openDataFolder(DATA_DIR, logger);
  const lock = acquireDataLock(DATA_DIR);
  try {
    await restoreLocked(DATA_DIR, file, logger);
  } finally {
    lock.release();
  }
}

async function restoreLocked(dataDir: string, file: string, logger: Logger): Promise<void> {
  await clearUnfinished(dataDir);
  for (const name of CONTENTS) {
    if (!existsSync(join(dataDir, name))) continue;
    throw new StartError(
      `${dataDir} holds ${name} already: a backup is restored into an empty folder. Set DATA_DIR to another one, or move that away.`,
    );
  }
  const draft = join(dataDir, `restore-${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    unpack(file, draft);
    const database = await openDatabase({ dataDir: draft, log: logger });
    try {
      await migrate(database.knex);
      await beginTimeline(database.knex);
    } finally {
      await database.close();
    }
    // The database comes last: until then no node starts here, as there is a draft without it.
    for (const name of [...CONTENTS].reverse()) {
      if (existsSync(join(draft, name))) await rename(join(draft, name), join(dataDir, name));
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What a restore has left that was killed: its draft, and perhaps the secret, which it puts into place first. */
async function clearUnfinished(dataDir: string): Promise<void> {
  const isUnfinished = hasUnfinishedRestore(dataDir);
  if (isUnfinished) await rm(join(dataDir, 'jwt-secret'), { force: true });
  for (const name of restoreDrafts(dataDir)) await rm(join(dataDir, name), { recursive: true, force: true });
}
