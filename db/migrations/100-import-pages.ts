import type { Knex } from 'knex';

/**
 * Rows of a file are read and compared in pages, in order of time: no statement takes longer than the embedded database
 * may hold the event loop. `nth` numbers rows with the same content, as they stand in the file. `place` is not used any
 * more, but by nodes of the version before.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table import_rows add column nth integer;
    create index import_rows_page_idx on import_rows (import_id, time, line);
    create index import_rows_conflict_idx on import_rows (import_id, line) where outcome = 'conflict';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index import_rows_page_idx, import_rows_conflict_idx;
    alter table import_rows drop column nth;
  `);
}
