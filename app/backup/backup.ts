import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { acquireDataLock, DataLockError } from '../../db/connection/data-lock.ts';
import type { Config } from '../../lib/config/config.ts';
import { StartError } from '../../lib/start-error.ts';
import { pack } from './archive.ts';
import { type BackupAnswer, socketOf } from './backup-server.ts';

const USAGE = 'Name the file: npm run backup -- marktide-2026-01-31.tar.gz';

/**
 * Writes a backup of the embedded database to a file, whether a node is using it or not.
 * @throws StartError
 */
export async function backUp(
  { DATA_DIR, DATABASE_URL }: Pick<Config, 'DATA_DIR' | 'DATABASE_URL'>,
  file: string | undefined,
): Promise<void> {
  if (DATABASE_URL !== undefined) {
    throw new StartError(
      `PostgreSQL has a tool of its own for this: pg_dump --format=custom --file=${file ?? 'FILE'} "$DATABASE_URL"`,
    );
  }
  if (file === undefined) throw new StartError(USAGE);
  if (!existsSync(join(DATA_DIR, 'pgdata'))) {
    throw new StartError(`There is no database in ${DATA_DIR}: check DATA_DIR.`);
  }
  let lock;
  try {
    lock = acquireDataLock(DATA_DIR);
  } catch (error) {
    if (!(error instanceof DataLockError)) throw error;
    return await packCopy(DATA_DIR, file, error);
  }
  try {
    await pack(DATA_DIR, file);
  } finally {
    lock.release();
  }
}

/** @param inUse the message if the process that holds the folder does not answer */
async function packCopy(dataDir: string, file: string, inUse: DataLockError): Promise<void> {
  const socket = connect(socketOf(dataDir));
  try {
    await once(socket, 'connect').catch((error: unknown) => {
      throw new StartError(`${inUse.message}.`, { cause: error });
    });
    const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
    const answer = JSON.parse(line) as BackupAnswer;
    if ('error' in answer) throw new StartError(`The node could not copy its database: ${answer.error}.`);
    await pack(answer.folder, file);
    // The node deletes its copy before it closes.
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  } finally {
    socket.destroy();
  }
}
