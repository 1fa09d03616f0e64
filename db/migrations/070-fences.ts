import type { Knex } from 'knex';

/** The newest fencing token that has written under each lease: a row for each kind of scheduled work. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create table fences (name text primary key, fence bigint not null)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table fences');
}
