import type { Knex } from 'knex';

/**
 * Made-up prices beside real ones. `candles.simulated` is part of the key: the world that a candle belongs to, where it
 * used to say that any of its ticks was made up. `portfolios.simulated` says which prices value a portfolio: those of the
 * demo user are made up where the simulator has run. `fleet` has the world of the market log, and how often it changed.
 *
 * Rates of real portfolios that came from made-up candles are marked as those that give way, so that they are looked up
 * again, and changed like any rate that becomes known late. What was stored of such a portfolio's curve goes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table candles drop constraint candles_pkey, add primary key (simulated, symbol, time);
    alter table fleet
      add column market_simulated boolean,
      add column market_generation integer not null default 0;
    update fleet set market_simulated = true where exists (select 1 from candles where simulated);
    alter table portfolios add column simulated boolean not null default false;
    update portfolios p set simulated = true from users u
      where u.id = p.user_id and u.email = 'demo@marktide.local'
        and exists (select 1 from candles where simulated);

    update ledger_entries e
      set pending_rate = true, rates = replace(e.rates::text, '"source":"market"', '"source":"own-trade"')::json
      from portfolios p
      where p.id = e.portfolio_id and not p.simulated and e.rates is not null and exists (
        select 1 from json_each(e.rates) as rate (role, origin)
        cross join lateral json_array_elements_text(rate.origin -> 'path') as hop (symbol)
        cross join lateral (select to_timestamp((rate.origin ->> 'time')::numeric / 1000) as at) known
        join candles c on c.simulated and c.symbol = hop.symbol and c.time in (at, date_trunc('minute', at))
        where rate.origin ->> 'source' = 'market'
      );
    delete from equity_snapshots s using portfolios p
      where p.id = s.portfolio_id and not p.simulated and exists (select 1 from candles where simulated);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from candles where simulated;
    alter table candles drop constraint candles_pkey, add primary key (symbol, time);
    alter table portfolios drop column simulated;
    alter table fleet drop column market_simulated, drop column market_generation;
  `);
}
