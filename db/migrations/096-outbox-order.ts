import type { Knex } from 'knex';

/**
 * Messages carry the version before their change, so that a publisher sees whether one is missing before them. Nullable:
 * a node of the program before this one still writes without it while a fleet is being upgraded. And a message outlives
 * its portfolio, since the deletion is published too. Messages are looked for by portfolio now, no longer by time.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table outbox add column previous_version bigint;
    alter table outbox drop constraint outbox_portfolio_id_fkey;
    drop index outbox_created_at_idx;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from outbox where not exists (select from portfolios where portfolios.id = outbox.portfolio_id);
    alter table outbox drop column previous_version;
    alter table outbox add foreign key (portfolio_id) references portfolios (id) on delete cascade;
    create index on outbox (created_at);
  `);
}
