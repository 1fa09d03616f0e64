import type { Knex } from 'knex';

/**
 * What is to be told of changes of the ledger: written by the transaction that changes it, taken out when the broker has
 * it. Usually all but empty. Not compressed, since a row is read once at most.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table outbox (
      portfolio_id uuid not null references portfolios (id) on delete cascade,
      version bigint not null,
      records text not null,
      created_at timestamptz(3) not null,
      primary key (portfolio_id, version)
    );
    alter table outbox alter column records set storage external;
    create index on outbox (created_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table outbox');
}
