import type { Knex } from 'knex';

/** How a user has files read whose layout is not known: by name, which is theirs alone. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table import_mappings (
      id uuid primary key,
      user_id uuid not null references users (id) on delete cascade,
      name text not null,
      mapping jsonb not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      unique (user_id, name)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table import_mappings');
}
