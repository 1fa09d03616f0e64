import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { copyDatabase } from '../../db/connection/copy-database.ts';
import type { Database } from '../../db/connection/database.ts';
import type { Logger } from '../../lib/logging/log.ts';

/** The longest socket path that every system accepts. */
const MAX_PATH = 103;
/** How often a node says that it is at work, with an empty line. */
export const AT_WORK_MS = 5_000;
const COPY = /^backup-[0-9a-f-]{36}$/;

/** What a node answers on its socket, as one line of JSON. */
export type BackupAnswer = { folder: string } | { error: string };

export const socketOf = (dataDir: string): string => join(dataDir, 'backup.sock');

export interface BackupOptions {
  db: Database;
  dataDir: string;
  logger: Logger;
  /** Puts into the database what is still in memory only. */
  settle: () => Promise<void>;
}

export interface BackupServer {
  close(): Promise<void>;
}

/**
 * Lets `npm run backup` copy the database of this node while it runs, through a socket in the data folder, where only
 * the user that runs the node has access. Each connection is answered with the folder of its own copy, which is deleted
 * when the client ends its side.
 */
export async function serveBackups(options: BackupOptions): Promise<BackupServer> {
  const { dataDir, logger } = options;
  for (const name of readdirSync(dataDir).filter((each) => COPY.test(each))) {
    rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  const path = socketOf(dataDir);
  if (path.length > MAX_PATH) {
    logger.warn({ path }, 'The path of DATA_DIR is too long for backups while the node runs');
    return { close: () => Promise.resolve() };
  }
  rmSync(path, { force: true });
  // One copy at a time: each takes as much disk as the database.
  let latest: Promise<void> = Promise.resolve();
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const atWork = setInterval(() => socket.write('\n'), AT_WORK_MS);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearInterval(atWork);
      sockets.delete(socket);
    });
    latest = latest.then(() => serveOne(socket, options));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await latest;
    },
  };
}

async function serveOne(socket: Socket, { db, dataDir, logger, settle }: BackupOptions): Promise<void> {
  if (socket.destroyed) return;
  const isPacked = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', resolve);
  });
  socket.resume();
  const folder = join(dataDir, `backup-${randomUUID()}`);
  try {
    await mkdir(folder, { mode: 0o700 });
    await settle();
    await copyDatabase(db, join(dataDir, 'pgdata'), join(folder, 'pgdata'));
    const secret = join(dataDir, 'jwt-secret');
    if (existsSync(secret)) await copyFile(secret, join(folder, 'jwt-secret'));
    answer(socket, { folder });
    await isPacked;
  } catch (error) {
    logger.error({ err: error }, 'a backup failed');
    answer(socket, { error: error instanceof Error ? error.message : String(error) });
  } finally {
    await rm(folder, { recursive: true, force: true });
    socket.end();
  }
}

function answer(socket: Socket, content: BackupAnswer): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(content)}\n`);
}
