import type { Knex } from 'knex';

/**
 * Who may see which jobs: symbols that lead from an asset to a currency, as they were planned, tell whose ledger needs a
 * job; `requested_by`: who asked for it by hand.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table backfill_ways (
      asset text not null,
      currency text not null,
      symbol text not null,
      primary key (asset, currency, symbol)
    );
    alter table backfills add column requested_by uuid references users on delete set null;
    create index on backfills (requested_by) where requested_by is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table backfills drop column requested_by; drop table backfill_ways');
}
