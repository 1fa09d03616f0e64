import type { Knex } from 'knex';

/**
 * Renames, redenominations and forks: `asset` is what there is after it, `quantity` how much of it (of a fork), or how many
 * units come for those in `sources`, which has what there was. `carried` is what goes from one to the other.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries drop constraint ledger_entries_kind_check;
    alter table ledger_entries
      add constraint ledger_entries_kind_check check (kind in ('trade', 'deposit', 'withdrawal', 'income',
        'fee', 'rebate', 'adjustment', 'convert', 'transfer', 'rename', 'redenomination', 'fork'));
    create index ledger_entries_token_changes_idx on ledger_entries (portfolio_id)
      where kind in ('rename', 'redenomination', 'fork');

    drop index ledger_entries_pending_rate_idx;
    create index ledger_entries_pending_rate_idx on ledger_entries (portfolio_id, time, tie) where ${PENDING};
  `);
}

const PENDING = `(pending_rate or case kind when 'trade' then value is null or fee_value is null
  when 'transfer' then false when 'convert' then false when 'rename' then false when 'redenomination' then false
  when 'fork' then false else unit_value is null end)`;

const BEFORE = `(pending_rate or case kind when 'trade' then value is null or fee_value is null
  when 'transfer' then false when 'convert' then false else unit_value is null end)`;

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from ledger_entries where kind in ('rename', 'redenomination', 'fork');
    drop index ledger_entries_token_changes_idx;
    alter table ledger_entries drop constraint ledger_entries_kind_check;
    alter table ledger_entries
      add constraint ledger_entries_kind_check check (kind in ('trade', 'deposit', 'withdrawal', 'income',
        'fee', 'rebate', 'adjustment', 'convert', 'transfer'));
    drop index ledger_entries_pending_rate_idx;
    create index ledger_entries_pending_rate_idx on ledger_entries (portfolio_id, time, tie) where ${BEFORE};
  `);
}
