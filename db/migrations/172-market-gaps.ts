import type { Knex } from 'knex';

/** Times in which trades were missed for good. A gap is told of for as long as candles of that time are kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table market_gaps (
      symbol text not null,
      from_time timestamptz not null,
      to_time timestamptz not null,
      feed text not null,
      primary key (symbol, to_time, from_time),
      check (from_time < to_time)
    )
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table market_gaps');
}
