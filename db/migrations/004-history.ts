import type { Knex } from 'knex';

/**
 * What makes a position quick to bring up to date, and its past quick to read. All of it can be made again from the
 * ledger.
 *
 * - `positions.state` no longer carries its open lots: they are rows, of which a sale reads and writes only those it
 *   touches. `unit_cost` is their order under `hifo`.
 * - `position_checkpoints`: what an asset's state was after an entry. They are valid for as long as they stand: a change
 *   of the ledger deletes those from its time on.
 * - `cash_sums`: moves of the base currency in a quarter of an hour. They add up in any order, so a late one needs no
 *   restating, and every time zone's midnight is a multiple of 15 minutes.
 * - `ledger_points`: what the ledger was at the start of a day, deleted like checkpoints.
 * - `equity_snapshots`: what was published, for the curve of the day.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table positions
      add column entries integer not null default 0,
      add column checkpointed integer not null default 0,
      add column open_lots integer not null default 0;
    update positions set state = jsonb_set(state, '{v}', '0');

    create table position_lots (
      portfolio_id uuid not null references portfolios on delete cascade,
      cost_method text not null,
      asset text not null,
      seq integer not null,
      entry_id uuid not null,
      time timestamptz(3) not null,
      quantity numeric not null,
      cost numeric not null,
      gross_cost numeric not null,
      open_quantity numeric not null,
      unknown text not null,
      unit_cost numeric not null,
      primary key (portfolio_id, cost_method, asset, seq)
    );
    create index on position_lots (portfolio_id, asset, unit_cost desc, seq) where cost_method = 'hifo';

    create table position_checkpoints (
      portfolio_id uuid not null references portfolios on delete cascade,
      cost_method text not null,
      asset text not null,
      time timestamptz(3) not null,
      tie text collate "C" not null,
      version integer not null,
      entries integer not null,
      state json not null,
      primary key (portfolio_id, cost_method, asset, time, tie)
    );

    create table cash_sums (
      portfolio_id uuid not null references portfolios on delete cascade,
      time timestamptz(3) not null,
      quantity numeric not null,
      contributions numeric not null,
      inflows numeric not null,
      income numeric not null,
      primary key (portfolio_id, time)
    );

    create table ledger_points (
      portfolio_id uuid not null references portfolios on delete cascade,
      cost_method text not null,
      time timestamptz(3) not null,
      version integer not null,
      point json not null,
      primary key (portfolio_id, cost_method, time)
    );

    create table equity_snapshots (
      portfolio_id uuid not null references portfolios on delete cascade,
      time timestamptz(3) not null,
      equity numeric not null,
      contributions numeric not null,
      primary key (portfolio_id, time)
    );
    create index on equity_snapshots (time);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table equity_snapshots, ledger_points, cash_sums, position_checkpoints, position_lots;
    alter table positions drop column entries, drop column checkpointed, drop column open_lots;
  `);
}
