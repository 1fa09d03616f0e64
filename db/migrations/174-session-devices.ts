import type { Knex } from 'knex';

/** The device of a log-in, as its browser or program named itself. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table sessions add column user_agent text not null default ''`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table sessions drop column user_agent');
}
