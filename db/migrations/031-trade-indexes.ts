import type { Knex } from 'knex';
import { fillColumns } from './022-trade-search.ts';

/**
 * Trades without a figure are sorted by id, for which two small indexes make room. New terms go into their index in
 * larger portions: what is waiting costs a search a few milliseconds, and small portions cost booking twice as much.
 * Words begin behind blanks and slashes only: the terms of every trade are made anew.
 */
export async function up(knex: Knex): Promise<void> {
  await fillColumns(knex);
  await knex.raw(`
    drop index ledger_entries_portfolio_id_time_tie_id_idx1, ledger_entries_portfolio_id_time_tie_id_idx2;
    create index on ledger_entries (portfolio_id, id) where kind = 'trade';
    alter index ledger_entries_terms_idx reset (gin_pending_list_limit);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index ledger_entries_portfolio_id_id_idx;
    create index on ledger_entries (portfolio_id, time, tie, id) where kind = 'trade' and value is null;
    create index on ledger_entries (portfolio_id, time, tie, id) where kind = 'trade' and fee_value is null;
  `);
}
