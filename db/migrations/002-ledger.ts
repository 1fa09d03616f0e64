import type { Knex } from 'knex';

/**
 * Quantities and prices are what a user sent: at most 18 decimals. Rates are quotients: plain numeric takes them whole.
 *
 * `tie` orders entries of one instant and is compared byte by byte, whatever the server's locale. Each index that
 * serves the fold of one asset ends in (time, tie), so that its entries are read in order without a sort.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table portfolios (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      name text not null,
      base_currency text not null,
      cost_method text not null check (cost_method in ('average', 'fifo', 'lifo', 'hifo')),
      time_zone text not null,
      benchmark text,
      cash_mode text not null check (cash_mode in ('tracked', 'untracked')),
      version bigint not null default 0,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null
    );
    create index on portfolios (user_id, id);

    create table ledger_entries (
      id uuid primary key,
      portfolio_id uuid not null references portfolios on delete cascade,
      kind text not null check (kind in ('trade', 'deposit', 'withdrawal', 'income')),
      exchange text not null default '',
      external_id text,
      time timestamptz(3) not null,
      tie text collate "C" not null,
      base text,
      quote text,
      symbol text generated always as (base || '/' || quote) stored,
      side text check (side in ('buy', 'sell')),
      quantity numeric(38, 18) not null,
      price numeric(38, 18),
      fee_amount numeric(38, 18),
      fee_currency text,
      asset text,
      unit_cost numeric(38, 18),
      unit_value numeric,
      quote_rate numeric,
      fee_rate numeric,
      order_id text,
      note text,
      tags text[] not null default '{}',
      content_hash text not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      check (
        case when kind = 'trade'
          then base is not null and quote is not null and side is not null and price is not null and asset is null
          else asset is not null and base is null and quote is null and side is null and price is null
        end
      ),
      check ((fee_amount is null) = (fee_currency is null))
    );
    create unique index ledger_entries_external_key on ledger_entries (portfolio_id, exchange, external_id)
      where external_id is not null;
    create index on ledger_entries (portfolio_id, time, tie, id);
    create index on ledger_entries (portfolio_id, base, time, tie) where base is not null;
    create index on ledger_entries (portfolio_id, quote, time, tie) where quote is not null;
    create index on ledger_entries (portfolio_id, fee_currency, time, tie) where fee_currency is not null;
    create index on ledger_entries (portfolio_id, asset, time, tie) where asset is not null;

    create table positions (
      portfolio_id uuid not null references portfolios on delete cascade,
      cost_method text not null,
      asset text not null,
      state jsonb not null,
      primary key (portfolio_id, cost_method, asset)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table positions, ledger_entries, portfolios');
}
