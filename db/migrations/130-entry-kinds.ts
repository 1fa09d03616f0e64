import type { Knex } from 'knex';

/**
 * Kinds of entry beyond trades, deposits, withdrawals and income (rewards, whatever for).
 *
 * - `subtype` of a reward or an adjustment, `reason` of an adjustment, `account` and `to_account`: places, `txid`.
 * - `sources`: what a conversion gives, as JSON. `entry_assets` has an index of it that ends in the ledger's order, as those
 *   of the columns do; the trigger keeps it, whichever way an entry is written.
 * - `joined_with`, `joined_quantity`: a withdrawal and the deposit that it arrived as. `confirmed`: a person says that a
 *   withdrawal has left for good.
 * - `cash_sums`: fees and rebates in base currency that are not part of a trade.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries drop constraint ledger_entries_kind_check;
    alter table ledger_entries
      add constraint ledger_entries_kind_check check (kind in ('trade', 'deposit', 'withdrawal', 'income',
        'fee', 'rebate', 'adjustment', 'convert', 'transfer')),
      add column subtype text,
      add column reason text,
      add column account text,
      add column to_account text,
      add column txid text,
      add column sources json,
      add column joined_with uuid,
      add column joined_quantity numeric(38, 18),
      add column confirmed boolean not null default false;

    create table entry_assets (
      portfolio_id uuid not null,
      asset text not null,
      time timestamptz(3) not null,
      tie text collate "C" not null,
      entry_id uuid not null references ledger_entries on delete cascade,
      primary key (portfolio_id, asset, time, tie, entry_id)
    );
    create index on entry_assets (entry_id);

    create function index_entry_assets() returns trigger language plpgsql as $$
    begin
      delete from entry_assets where entry_id = new.id;
      insert into entry_assets (portfolio_id, asset, time, tie, entry_id)
      select distinct new.portfolio_id, source ->> 'asset', new.time, new.tie, new.id
      from json_array_elements(coalesce(new.sources, '[]')) as source;
      return null;
    end $$;
    create trigger index_new_entry_assets after insert on ledger_entries
      for each row when (new.sources is not null) execute function index_entry_assets();
    create trigger index_changed_entry_assets after update on ledger_entries
      for each row when (old.sources is not null or new.sources is not null) execute function index_entry_assets();

    alter table cash_sums add column fees numeric not null default 0;

    drop index ledger_entries_pending_rate_idx;
    create index ledger_entries_pending_rate_idx on ledger_entries (portfolio_id, time, tie) where ${PENDING};
  `);
}

const PENDING = `(pending_rate or case kind when 'trade' then value is null or fee_value is null
  when 'transfer' then false when 'convert' then false else unit_value is null end)`;

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table cash_sums drop column fees;
    drop trigger index_new_entry_assets on ledger_entries;
    drop trigger index_changed_entry_assets on ledger_entries;
    drop function index_entry_assets();
    drop table entry_assets;
    delete from ledger_entries where kind not in ('trade', 'deposit', 'withdrawal', 'income');
    alter table ledger_entries drop constraint ledger_entries_kind_check;
    alter table ledger_entries
      add constraint ledger_entries_kind_check check (kind in ('trade', 'deposit', 'withdrawal', 'income')),
      drop column subtype, drop column reason, drop column account, drop column to_account, drop column txid,
      drop column sources, drop column joined_with, drop column joined_quantity, drop column confirmed;
  `);
}
