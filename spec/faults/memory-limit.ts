import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

function limit(pid: number, bytes: string): void {
  spawnSync('prlimit', ['--pid', String(pid), `--as=${bytes}:`]);
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
    try {
      const status = readFileSync(`/proc/${member}/status`, 'utf8');
      const kilobytes = Number(/^VmSize:\s+(\d+)/m.exec(status)?.[1]);
      limit(member, String(kilobytes * 1_024 - missingBytes));
    } catch {
      // It has just ended.
    }
  }
}

export function freeMemory(pid: number): void {
  for (const member of family(pid)) limit(member, 'unlimited');
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
