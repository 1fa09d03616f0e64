import type { Knex } from 'knex';

/**
 * Results know of their trades what lists are filtered by, and their index has it too: the trades of one coin, side or
 * month in order of what they realised are found along that index alone, where each of many thousand would have to be
 * looked up among all trades.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table trade_results
      add column time timestamptz(3), add column base text, add column quote text, add column side text;

    update trade_results r set time = e.time, base = e.base, quote = e.quote, side = e.side
    from ledger_entries e where e.id = r.entry_id;

    alter table trade_results
      alter column time set not null, alter column base set not null,
      alter column quote set not null, alter column side set not null;

    drop index trade_results_portfolio_id_net_entry_id_idx;
    create index trade_results_order_idx on trade_results (portfolio_id, net, entry_id)
      include (time, base, quote, side);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index trade_results_order_idx;
    create index on trade_results (portfolio_id, net, entry_id);
    alter table trade_results drop column time, drop column base, drop column quote, drop column side;
  `);
}
