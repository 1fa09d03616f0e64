import type { Knex } from 'knex';

/** Tables that one portfolio may fill in minutes. */
const TABLES = ['ledger_entries', 'trade_results', 'position_lots', 'position_checkpoints', 'cash_sums'];

/**
 * A portfolio that has grown since the statistics were gathered is thought to have next to no rows, for which one index
 * is as good as another: a lookup by key then reads all of its entries. Without statistics of the column a portfolio is
 * thought to have half a percent of the table, which always makes the index that fits best the cheapest.
 */
export async function up(knex: Knex): Promise<void> {
  for (const table of TABLES) {
    await knex.raw('alter table ?? alter column portfolio_id set statistics 0', [table]);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of TABLES) {
    await knex.raw('alter table ?? alter column portfolio_id set statistics -1', [table]);
  }
}
