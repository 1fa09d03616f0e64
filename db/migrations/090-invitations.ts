import type { Knex } from 'knex';

/** A share is an invitation until the user it is for has accepted it. Those that were there before count as accepted. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table portfolio_shares add column accepted_at timestamptz(3);
    update portfolio_shares set accepted_at = created_at;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from portfolio_shares where accepted_at is null;
    alter table portfolio_shares drop column accepted_at;
  `);
}
