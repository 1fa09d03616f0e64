import type { Knex } from 'knex';

/** What tells this database from every other, so that two fleets do not share a Redis by mistake. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fleet (
      is_only_row boolean primary key default true check (is_only_row),
      id uuid not null default gen_random_uuid()
    );
    insert into fleet default values;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table fleet');
}
