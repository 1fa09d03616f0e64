import type { Database } from '../../connection/database.ts';

/**
 * The pairs whose rate is needed (`USD/KRW`: dollars in won): holdings of portfolios in their base currency, and their
 * benchmarks, those that most portfolios need first. Portfolios of the simulated market need none.
 */
export async function neededSymbols(db: Database, limit: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { symbol: string }[] }>(
    `select symbol from (
       select s.asset || '/' || p.base_currency as symbol
       from positions s join portfolios p on p.id = s.portfolio_id
       where not p.simulated and s.cost_method = p.cost_method and s.asset <> p.base_currency
         and s.state ->> 'quantity' <> '0'
       union all
       select coalesce(p.benchmark, 'BTC/' || p.base_currency) from portfolios p where not p.simulated
       union all
       select split_part(p.benchmark, '/', 2) || '/' || p.base_currency from portfolios p
       where not p.simulated and split_part(p.benchmark, '/', 2) <> p.base_currency
         and split_part(p.benchmark, '/', 1) <> p.base_currency
     ) needed
     where split_part(symbol, '/', 1) <> split_part(symbol, '/', 2)
     group by symbol order by count(*) desc, symbol limit ?`,
    [limit],
  );
  return rows.map(({ symbol }) => symbol);
}
