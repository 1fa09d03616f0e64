import type { Knex } from 'knex';

/** Withdrawals and deposits that a person has said do not belong together; and an index of those that are not joined. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table rejected_matches (
      portfolio_id uuid not null references portfolios on delete cascade,
      withdrawal_id uuid not null references ledger_entries on delete cascade,
      deposit_id uuid not null references ledger_entries on delete cascade,
      created_at timestamptz(3) not null,
      primary key (withdrawal_id, deposit_id)
    );
    create index on rejected_matches (portfolio_id);
    create index on rejected_matches (deposit_id);

    create index ledger_entries_open_movements_idx on ledger_entries (portfolio_id, time desc, id)
      where kind in ('deposit', 'withdrawal') and joined_with is null and not confirmed;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index ledger_entries_open_movements_idx;
    drop table rejected_matches;
  `);
}
