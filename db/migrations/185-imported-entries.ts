import type { Knex } from 'knex';

/**
 * Whether a file or an account at an exchange told of an entry: what a program sends later may be the same, even if the
 * entry has an id. What has been booked before this migration is known by the ids that files without any got.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table ledger_entries add column imported boolean not null default false');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table ledger_entries drop column imported');
}
