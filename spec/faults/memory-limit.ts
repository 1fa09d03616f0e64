import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** As the user that the process runs as: not every root may limit the processes of others. */
function limit(pid: number, bytes: string): void {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const id = (name: string): string => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? '';
  const user =
    process.getuid?.() === 0 ? [`--reuid=${id('Uid')}`, `--regid=${id('Gid')}`, '--clear-groups'] : [];
  const prlimit = ['prlimit', '--pid', String(pid), `--as=${bytes}:`];
  const { status: code, stderr } = spawnSync('setpriv', [...user, '--', ...prlimit], { encoding: 'utf8' });
  if (code !== 0) throw new Error(`its memory cannot be limited: ${stderr}`);
}

/** The process, and those that it has started. */
function family(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
  return [pid, ...children.map(Number)];
}

function parentOf(name: string): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

/**
 * From now on there is no memory for the processes: each asks for more in vain.
 * @param missingBytes they have so much more than they are allowed: whoever gives memory back does not get it again
 */
export function fillMemory(pid: number, missingBytes = 0): void {
  for (const member of family(pid)) {
    const kilobytes = sizeOf(member);
    if (kilobytes !== null) limit(member, String(kilobytes * 1_024 - missingBytes));
  }
}

/** @returns its address space in KiB, or `null` if it has ended */
function sizeOf(pid: number): number | null {
  try {
    const size = /^VmSize:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return size === undefined ? null : Number(size);
  } catch {
    return null;
  }
}

export function freeMemory(pid: number): void {
  for (const member of family(pid)) if (sizeOf(member) !== null) limit(member, 'unlimited');
}

/** Whether the process is still there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
