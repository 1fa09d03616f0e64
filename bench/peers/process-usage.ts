import { readdirSync, readFileSync } from 'node:fs';
import type { Usage } from './peer.ts';

/** Linux counts CPU time in hundredths of a second, whatever its clock. */
const TICK_MS = 10;
const PAGE = 4_096;

/** What a process and its children use, from /proc. */
export function usageOf(pid: number): Usage {
  let cpuMs = 0;
  let rssBytes = 0;
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    let text: string;
    try {
      text = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      // It has ended meanwhile.
      continue;
    }
    // From the third field on: state, parent, …; the name before may contain spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (Number(name) !== pid && Number(fields[1]) !== pid) continue;
    cpuMs += (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    rssBytes += Number(fields[21]) * PAGE;
  }
  return { cpuMs, rssBytes, heapBytes: 0 };
}
