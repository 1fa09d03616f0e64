import type { Knex } from 'knex';

/**
 * `sequence`: the place of an entry among those of its instant, as its sender told it or the list it came in. It is part
 * of `tie`, which new entries are ordered by; those from before keep the tie they have. Nodes of the version before write
 * neither.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries add column sequence bigint;
    alter table import_rows add column sequence bigint;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries drop column sequence;
    alter table import_rows drop column sequence;
  `);
}
