import type { Knex } from 'knex';

/** Messages tell under which run of the server they were written: those of an earlier one than a rewind were put back. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table outbox add column server_started_at timestamptz not null default pg_postmaster_start_time();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table outbox drop column server_started_at');
}
