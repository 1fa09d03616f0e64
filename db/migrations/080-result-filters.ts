import type { Knex } from 'knex';

/**
 * The indexes of value, fee and result have what lists are filtered by, and results know it of their trades: those of one
 * coin, side or month in such an order are found along the index alone, where each of many thousand would have to be
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

    -- For nodes of the version before this one, which go on booking while theirs is replaced.
    create function fill_trade_result() returns trigger language plpgsql as $$
    begin
      select e.time, e.base, e.quote, e.side into new.time, new.base, new.quote, new.side
      from ledger_entries e where e.id = new.entry_id;
      return new;
    end $$;
    create trigger fill_trade_result before insert on trade_results
      for each row when (new.time is null) execute function fill_trade_result();

    drop index trade_results_portfolio_id_net_entry_id_idx;
    create index trade_results_order_idx on trade_results (portfolio_id, net, entry_id)
      include (time, base, quote, side);

    drop index ledger_entries_portfolio_id_value_id_idx, ledger_entries_portfolio_id_fee_value_id_idx;
    create index ledger_entries_value_order_idx on ledger_entries (portfolio_id, value, id)
      include (time, base, quote, side) where kind = 'trade';
    create index ledger_entries_fee_order_idx on ledger_entries (portfolio_id, fee_value, id)
      include (time, base, quote, side) where kind = 'trade';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index ledger_entries_value_order_idx, ledger_entries_fee_order_idx, trade_results_order_idx;
    create index on ledger_entries (portfolio_id, value, id) where kind = 'trade';
    create index on ledger_entries (portfolio_id, fee_value, id) where kind = 'trade';
    create index on trade_results (portfolio_id, net, entry_id);
    drop trigger fill_trade_result on trade_results;
    drop function fill_trade_result();
    alter table trade_results drop column time, drop column base, drop column quote, drop column side;
  `);
}
