import type { Knex } from 'knex';

/** How many entries of a portfolio have each tag: the number of different tags is bounded. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table portfolio_tags (
      portfolio_id uuid not null references portfolios on delete cascade,
      tag text not null,
      entries integer not null,
      primary key (portfolio_id, tag)
    );
    insert into portfolio_tags (portfolio_id, tag, entries)
      select portfolio_id, tag, count(distinct id) from ledger_entries, unnest(tags) as tag group by 1, 2;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table portfolio_tags');
}
