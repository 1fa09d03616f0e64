import type { Knex } from 'knex';

/**
 * Withdrawals that arrived in another portfolio of the same owner.
 *
 * - `joined_portfolio`: where the other half of a joined entry is; null if it is in the same portfolio. `carried`: of the
 *   deposit, the lots that the withdrawal has released, as JSON by cost method.
 * - `portfolios.linked`: the portfolios whose lots depend on each other, this one included; empty if there are none. They
 *   are locked together.
 * - Lots that come from another portfolio are older than their number in the new one: they are sold by age.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledger_entries
      add column joined_portfolio uuid,
      add column carried json;
    create index ledger_entries_joined_elsewhere_idx on ledger_entries (portfolio_id, asset, time, tie)
      where joined_portfolio is not null;

    alter table portfolios add column linked uuid[] not null default '{}';

    drop index position_lots_portfolio_id_asset_unit_cost_seq_idx;
    create index position_lots_by_cost_idx on position_lots (portfolio_id, asset, unit_cost desc, time, seq)
      where cost_method = 'hifo';
    create index position_lots_by_age_idx on position_lots (portfolio_id, cost_method, asset, time, seq);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index position_lots_by_cost_idx;
    drop index position_lots_by_age_idx;
    create index position_lots_portfolio_id_asset_unit_cost_seq_idx
      on position_lots (portfolio_id, asset, unit_cost desc, seq) where cost_method = 'hifo';
    alter table portfolios drop column linked;
    drop index ledger_entries_joined_elsewhere_idx;
    update ledger_entries set joined_with = null, joined_quantity = null where joined_portfolio is not null;
    alter table ledger_entries drop column joined_portfolio, drop column carried;
  `);
}
