import type { Knex } from 'knex';

/** What joined the halves of an own transfer without being asked; and the movements of a transaction, to find them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries add column joined_by text;
    create index ledger_entries_txid_idx on ledger_entries (portfolio_id, txid)
      where txid is not null and kind in ('deposit', 'withdrawal');
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index ledger_entries_txid_idx;
    alter table ledger_entries drop column joined_by;
  `);
}
