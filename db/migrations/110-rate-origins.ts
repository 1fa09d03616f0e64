import type { Knex } from 'knex';

/**
 * - `rates`: where the rates of an entry come from, as JSON; null for entries from before, and where none was looked up.
 * - `pending_rate`: a rate is the portfolio's own trade, for want of a market price, and gives way to one.
 *
 * The index has the entries that may get another rate as prices become known.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries
      add column rates json,
      add column pending_rate boolean not null default false;
    create index ledger_entries_pending_rate_idx on ledger_entries (portfolio_id, time, tie)
      where (pending_rate or case when kind = 'trade' then value is null or fee_value is null else unit_value is null end);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index ledger_entries_pending_rate_idx;
    alter table ledger_entries drop column rates, drop column pending_rate;
  `);
}
