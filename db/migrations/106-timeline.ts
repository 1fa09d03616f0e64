import type { Knex } from 'knex';

/**
 * What tells the history of this database from any other that it could have had. A restored backup gets a new one: its
 * versions may be given to other changes than before, so nothing that was said of them may be believed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table fleet add column timeline uuid not null default gen_random_uuid()');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table fleet drop column timeline');
}
