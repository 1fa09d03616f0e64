import { constants } from 'node:fs';
import { cp } from 'node:fs/promises';
import type { Database } from './database.ts';

/**
 * Copies the folder of the embedded database while it is in use. Its one connection is held meanwhile, so that nothing
 * changes: other queries wait, the event loop does not.
 * @param from the `pgdata` of this very database
 * @param to must not exist
 */
export async function copyDatabase(db: Database, from: string, to: string): Promise<void> {
  await db.transaction(async (trx) => {
    // From here on the files contain everything that is in memory.
    await trx.raw('checkpoint');
    await cp(from, to, {
      recursive: true,
      errorOnExist: true,
      force: false,
      mode: constants.COPYFILE_FICLONE,
    });
  });
}
