import type { Knex } from 'knex';

/** The kind of order that a trade filled, as its source tells it: `limit`, `market`. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table ledger_entries add column order_type text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table ledger_entries drop column order_type');
}
