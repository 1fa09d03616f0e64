import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../logging/log.ts';

/** An entry that other users control or might control. The message says what to do. */
export class PrivateFileError extends Error {
  override readonly name = 'PrivateFileError';
}

/** All permissions of the group and of others. */
const OTHERS = 0o077;
const STICKY = 0o1000;

/** What Marktide creates in its data folder, drafts included. Anything else in there is left alone. */
const OWN_ENTRY =
  /^(?:pgdata$|(?:jwt-secret|secrets-key)(?:\.|$)|marktide\.lock|backup\.sock$|(?:backup|restore)-[0-9a-f-]{36}$)/;

/**
 * Creates the data folder. In an existing one, it revokes all other users' permissions for Marktide's own entries
 * (folders become 0700, files 0600), and for the folder itself unless it holds other files too.
 * @throws PrivateFileError if an entry belongs to another user or is a symbolic link, or the folder cannot be used
 */
export function openDataFolder(folder: string, log: Logger): void {
  try {
    openFolder(folder, log);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new PrivateFileError(`DATA_DIR cannot be used: ${error.message}.`, { cause: error });
  }
}

function openFolder(folder: string, log: Logger): void {
  if (makeFolder(folder)) return;
  const user = userId();
  if (user === null) return;
  const names = readdirSync(folder);
  const own = names.filter((name) => OWN_ENTRY.test(name));
  const exposed = own.filter((name) => makePrivate(join(folder, name)));
  const stats = statSync(folder);
  if (stats.uid === user && own.length === names.length) {
    if ((stats.mode & OTHERS) !== 0) chmodSync(folder, 0o700);
  } else if (mayBeChangedByOthers(stats, user)) {
    log.warn(
      { dataDir: folder },
      'Other users can replace the files in DATA_DIR. Set it to a folder that only this user can write to.',
    );
  }
  if (exposed.length > 0) {
    log.warn(
      { dataDir: folder, entries: exposed },
      'Other users could read or change these entries of DATA_DIR until now. Their permissions have been restricted.',
    );
  }
}

/**
 * Creates a folder and those above it. Not with `recursive`: where the one above takes no folders, as /proc does, Node.js
 * tries for ever.
 * @returns whether it is new
 */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return false;
    const parent = dirname(folder);
    const isParentMissing = statSync(parent, { throwIfNoEntry: false }) === undefined;
    if (!isParentMissing || parent === folder) throw error;
    makeFolder(parent);
    return makeFolder(folder);
  }
}

/**
 * Revokes all permissions of other users for a file, or for a folder and everything in it.
 * @returns whether others had any permission for the entry itself; what is below it may be lax without being exposed
 * @throws PrivateFileError if it belongs to another user or is a symbolic link
 */
export function makePrivate(path: string): boolean {
  const user = userId();
  const stats = user === null ? undefined : lstatSync(path, { throwIfNoEntry: false });
  if (user === null || stats === undefined) return false;
  if (stats.isSymbolicLink()) {
    throw new PrivateFileError(`${path} is a symbolic link. Make DATA_DIR itself a link instead.`);
  }
  return restrict(path, stats, user);
}

/** Top down: a folder is closed to others before its entries are read. */
function restrict(path: string, stats: Stats, user: number): boolean {
  if (stats.uid !== user) {
    throw new PrivateFileError(
      `${path} belongs to another user (uid ${stats.uid}). Run Marktide as that user, or change the owner.`,
    );
  }
  const exposed = (stats.mode & OTHERS) !== 0 && (stats.isFile() || stats.isDirectory());
  if (exposed) chmodUnfollowed(path, stats);
  if (stats.isDirectory()) {
    for (const name of readdirSync(path)) {
      const entry = lstatSync(join(path, name), { throwIfNoEntry: false });
      if (entry !== undefined) restrict(join(path, name), entry, user);
    }
  }
  return exposed;
}

/** What other users must not be able to do: read a secret, or change a trusted file. */
export const FORBIDDEN = { secret: 0o037, trusted: 0o022 } as const;

/**
 * Reads a file that the operator provides and that is not ours to repair. Its owner must be this user or root, as for
 * the key files of PostgreSQL; the group may read a secret, since that is how secrets are mounted into containers.
 * @throws Error that says what is wrong with its owner or mode
 */
export async function readGuarded(path: string, forbidden: number): Promise<string> {
  const file = await open(path);
  try {
    const { uid, mode } = await file.stat();
    const user = userId();
    if (user !== null && uid !== user && uid !== 0) {
      throw new Error(`it belongs to another user (uid ${uid})`);
    }
    if (user !== null && (mode & forbidden) !== 0) {
      const act = (mode & FORBIDDEN.trusted) === 0 ? 'read' : 'change';
      throw new Error(
        `other users can ${act} it; restrict its permissions: chmod ${act === 'read' ? '600' : 'go-w'}`,
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Changes the mode of the file itself, even if someone replaces it by a link meanwhile. */
function chmodUnfollowed(path: string, { ino, dev }: Stats): void {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.ino !== ino || stats.dev !== dev) {
      throw new PrivateFileError(`${path} was replaced while Marktide was starting. Find out by whom.`);
    }
    fchmodSync(file, stats.isDirectory() ? 0o700 : 0o600);
  } finally {
    closeSync(file);
  }
}

/** Of a folder with the sticky bit, such as /tmp, only the owner of an entry can replace it. */
function mayBeChangedByOthers({ mode, uid }: Stats, user: number): boolean {
  return ((mode & 0o022) !== 0 && (mode & STICKY) === 0) || (uid !== user && uid !== 0);
}

/** `null` on Windows, which has access control lists instead of modes. */
function userId(): number | null {
  return process.getuid?.() ?? null;
}
