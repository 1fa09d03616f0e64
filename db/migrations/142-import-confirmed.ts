import type { Knex } from 'knex';

/** Own files say which withdrawals were confirmed to have left for good. Nodes of the version before leave it empty. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table import_rows add column confirmed boolean`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`alter table import_rows drop column confirmed`);
}
