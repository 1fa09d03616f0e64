import type { Knex } from 'knex';

/** Files hold entries of every kind. Nodes of the version before leave these columns empty. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table import_rows
      add column subtype text,
      add column reason text,
      add column account text,
      add column to_account text,
      add column txid text,
      add column sources json
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table import_rows
      drop column subtype, drop column reason, drop column account, drop column to_account, drop column txid,
      drop column sources
  `);
}
