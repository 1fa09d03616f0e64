import type { Knex } from 'knex';

/**
 * Past candles to be fetched: [since, until) of a symbol, of which everything before `reached` is stored. Kept when they
 * are done, so that nothing is fetched twice.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table backfills (
      id uuid primary key,
      symbol text not null,
      interval text not null check (interval in ('1m', '1d')),
      since timestamptz(3) not null,
      until timestamptz(3) not null,
      reached timestamptz(3) not null,
      exchange text not null,
      source_symbol text not null,
      state text not null check (state in ('waiting', 'done', 'unavailable')),
      candles integer not null default 0,
      detail text,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      unique (symbol, interval, since, until),
      check (since < until)
    );
    create index on backfills (interval desc, id) where state = 'waiting';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table backfills');
}
