import type { Knex } from 'knex';

/**
 * Accounts at exchanges: their encrypted credentials, how far each has been read, what it has booked, and how its
 * balances compare with the ledger.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table exchange_accounts (
      id uuid primary key,
      portfolio_id uuid not null references portfolios on delete cascade,
      exchange text not null,
      label text not null,
      place text not null,
      sealed bytea not null,
      allow_trading_key boolean not null,
      paused boolean not null default false,
      phase text not null,
      failure jsonb,
      failures integer not null default 0,
      read_until timestamptz(3),
      permissions jsonb,
      key_expires_at timestamptz(3),
      last_success_at timestamptz(3),
      next_try_at timestamptz(3) not null,
      reconciled_at timestamptz(3),
      fence bigint not null default 0,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      unique (portfolio_id, label),
      unique (portfolio_id, place)
    );
    create index exchange_accounts_due on exchange_accounts (next_try_at) where not paused;

    create table account_cursors (
      account_id uuid not null references exchange_accounts on delete cascade,
      source text not null,
      cursor jsonb not null,
      primary key (account_id, source)
    );

    create table account_entries (
      account_id uuid not null references exchange_accounts on delete cascade,
      entry_id uuid not null references ledger_entries on delete cascade,
      primary key (account_id, entry_id)
    );
    create index on account_entries (entry_id);

    create table account_balances (
      account_id uuid not null references exchange_accounts on delete cascade,
      asset text not null,
      exchange_amount numeric not null,
      ledger_amount numeric not null,
      checked_at timestamptz(3) not null,
      agreed_at timestamptz(3),
      differs_since timestamptz(3),
      primary key (account_id, asset)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table account_balances, account_entries, account_cursors, exchange_accounts');
}
