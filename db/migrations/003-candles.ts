import type { Knex } from 'knex';

/**
 * One-minute candles; longer ones are made from them. `close_time` is when the closing price was: it keeps a query for
 * the price at a time from looking into the future of an unfinished minute. `simulated`: some of its ticks were made up.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table candles (
      symbol text not null,
      time timestamptz(3) not null,
      close_time timestamptz(3) not null,
      open numeric not null,
      high numeric not null,
      low numeric not null,
      close numeric not null,
      volume numeric not null,
      quote_volume numeric not null,
      trades integer not null,
      simulated boolean not null,
      primary key (symbol, time)
    );
    create index on candles (time);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table candles');
}
