import type { Knex } from 'knex';

/**
 * Times in which trades may have been missed, for as long as it is not known. `fence`: of the term in which the feed ran;
 * what an earlier term has left behind was missed for good.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table market_doubts (
      feed text not null,
      symbol text not null,
      fence bigint not null,
      from_time timestamptz not null,
      to_time timestamptz not null,
      primary key (symbol, feed, fence),
      check (from_time < to_time)
    )
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table market_doubts');
}
