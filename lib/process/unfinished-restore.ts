import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DRAFT = /^restore-[0-9a-f-]{36}$/;

/** The folders in a data folder in which restores have prepared a database. */
export function restoreDrafts(dataDir: string): string[] {
  return readdirSync(dataDir).filter((name) => DRAFT.test(name));
}

/** Whether a restore was killed before its database was in place. */
export function hasUnfinishedRestore(dataDir: string): boolean {
  return !existsSync(join(dataDir, 'pgdata')) && restoreDrafts(dataDir).length > 0;
}
