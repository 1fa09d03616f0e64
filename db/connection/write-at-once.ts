import type { Knex } from 'knex';
import type { Database } from './database.ts';

/** A statement that writes, with a `?` for each of its bindings. */
export interface Write {
  sql: string;
  bindings: readonly Knex.RawBinding[];
}

/** Independent writes of different rows, in one round trip to the database. */
export async function writeAtOnce(trx: Database, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return;
  const parts = writes.map(({ sql }, index) => `write_${index} as (${sql})`);
  await trx.raw(
    `with ${parts.join(', ')} select 1`,
    writes.flatMap(({ bindings }) => bindings),
  );
}
