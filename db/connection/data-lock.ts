import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorCode } from './error-code.ts';

export interface DataLock {
  release(): void;
}

/** Who holds the lock: the content of its file. */
interface Holder {
  pid: number;
  host: string;
  /** Distinguishes a process from a later one with the same pid; `null` if the system does not say. */
  started: string | null;
  /** Distinguishes this acquisition of the lock from every other. */
  nonce: string;
}

/** Another process is using the data folder. */
export class DataLockError extends Error {
  readonly pid: number;

  constructor(path: string, holder: Holder) {
    const here = holder.host === hostname();
    super(
      `the data folder is in use by process ${holder.pid}${here ? '' : ` on ${holder.host}`} (${path}); ` +
        (here ? 'stop it first' : 'if that machine is gone for good, delete this file'),
    );
    this.name = 'DataLockError';
    this.pid = holder.pid;
  }
}

/**
 * Keeps a second process away from a folder of the embedded database, which does not lock it and would silently lose
 * rows. The lock of a process that is gone is taken over; one that is or may be alive never is. A process on another
 * host (or in another container) with the same volume cannot be checked from here: it may be alive.
 * @throws DataLockError
 */
export function acquireDataLock(folder: string): DataLock {
  return acquire(join(folder, 'marktide.lock'));
}

function acquire(path: string): DataLock {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    nonce: randomUUID(),
  };
  for (;;) {
    if (create(path, own)) return { release: () => removeIfHeldBy(path, own.nonce) };
    const holder = read(path);
    if (holder === null) continue;
    if (mayBeAlive(holder)) throw new DataLockError(path, holder);
    // If several find the same dead holder, only one may remove its file, or the second would remove the lock of the
    // first: the right to do so is itself a lock, named after that acquisition.
    const claim = acquire(`${path}.${holder.nonce}`);
    try {
      removeIfHeldBy(path, holder.nonce);
    } finally {
      claim.release();
    }
  }
}

/** Creates the file with its content in one step, so that no reader sees half of it. False if it exists. */
function create(path: string, holder: Holder): boolean {
  const draft = `${path}-${holder.nonce}`;
  writeFileSync(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path: string): Holder | null {
  try {
    const holder: Holder = JSON.parse(readFileSync(path, 'utf8'));
    return holder;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new Error(`the lock file ${path} cannot be read; delete it if nothing uses this folder`, {
      cause: error,
    });
  }
}

function removeIfHeldBy(path: string, nonce: string): void {
  if (read(path)?.nonce === nonce) rmSync(path, { force: true });
}

function mayBeAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (errorCode(error) === 'ESRCH') return false;
  }
  const started = startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Boot id and clock tick at which a process started; no such tick for one that has ended and waits for its parent. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field is the command in parentheses, which may itself hold spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    return fields[0] === 'Z' ? 'ended' : `${boot}:${fields[19]}`;
  } catch {
    return null;
  }
}
