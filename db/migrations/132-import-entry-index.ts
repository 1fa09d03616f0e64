import type { Knex } from 'knex';

/** Finds the entries that rows of a file have been found to be. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    'create index import_rows_entry_idx on import_rows (import_id, entry_id) where entry_id is not null',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index import_rows_entry_idx');
}
