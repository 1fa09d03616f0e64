import type { Knex } from 'knex';

/** `null`: as many as any key may send. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `alter table api_keys add column requests_per_minute integer check (requests_per_minute > 0)`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table api_keys drop column requests_per_minute');
}
