import type { Knex } from 'knex';

/**
 * Rows of files that are being imported: written as they arrive, booked in one transaction, then deleted. Not logged: a
 * crash of the server empties the table, and an import that had not ended with it.
 *
 * `external_id` and `outcome` are filled in when the whole file is there; `place` numbers what is to be booked, in the
 * order it is booked in.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create unlogged table import_rows (
      import_id uuid not null,
      line integer not null,
      exchange text not null,
      external_id text,
      counted boolean not null,
      time timestamptz(3) not null,
      base text not null,
      quote text not null,
      side text not null,
      quantity numeric(38, 18) not null,
      price numeric(38, 18) not null,
      fee_amount numeric(38, 18),
      fee_currency text,
      order_id text,
      order_type text,
      note text,
      tags text[] not null,
      content_hash text not null,
      outcome text check (outcome in ('duplicate', 'conflict')),
      entry_id uuid,
      twin integer,
      place integer,
      created_at timestamptz(3) not null,
      primary key (import_id, line)
    );
    create index on import_rows (import_id, place) where place is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table import_rows');
}
