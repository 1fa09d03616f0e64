import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { acquireDataLock, DataLockError } from '../../db/connection/data-lock.ts';
import type { Config } from '../../lib/config/config.ts';
import { StartError } from '../../lib/start-error.ts';
import { pack } from './archive.ts';
import { AT_WORK_MS, type BackupAnswer, socketOf } from './backup-server.ts';

/** A node that says nothing for so long is frozen. */
const SILENCE_MS = 3 * AT_WORK_MS;

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

/** @param inUse the message if the process that holds the folder is not a node that makes copies */
async function packCopy(dataDir: string, file: string, inUse: DataLockError): Promise<void> {
  const socket = connect(socketOf(dataDir));
  const silent = new StartError(
    `Process ${inUse.pid}, which uses ${dataDir}, does not answer: end it first.`,
  );
  socket.setTimeout(SILENCE_MS, () => socket.destroy(silent));
  try {
    await once(socket, 'connect').catch((error: unknown) => {
      if (error === silent) throw silent;
      throw new StartError(`${inUse.message}.`, { cause: error });
    });
    const answer = await answerOf(socket);
    if (answer === null)
      throw new StartError('The node has ended before its database was copied: run the backup again.');
    if ('error' in answer) throw new StartError(`The node could not copy its database: ${answer.error}.`);
    await pack(answer.folder, file);
    // The node deletes its copy before it closes; if it does not come to that, its next start does.
    const closed = once(socket, 'close').catch(() => undefined);
    socket.resume().end();
    await closed;
  } finally {
    socket.destroy();
  }
}

/** @returns `null` if the connection has ended without one */
async function answerOf(socket: Socket): Promise<BackupAnswer | null> {
  let text = '';
  // Until the answer there are only the empty lines that say that the node is at work.
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const line = text.trimStart();
    if (line.includes('\n')) return JSON.parse(line) as BackupAnswer;
  }
  return null;
}
