import type { Database } from '../../connection/database.ts';
import { PENDING_RATE } from './pending-rates.ts';

/** A price that non-simulated portfolios need: of what, in what, and from when on. */
export interface PriceNeed {
  asset: string;
  baseCurrency: string;
  /** Epoch milliseconds. */
  first: number;
}

/** The assets of all non-simulated ledgers, each from the first entry of its portfolio on, at most `limit`. */
export async function neededPrices(db: Database, limit: number): Promise<PriceNeed[]> {
  const { rows }: { rows: { asset: string; base_currency: string; first: number }[] } = await db.raw(
    `select s.asset, p.base_currency, min(f.first) as first
     from portfolios p
     join positions s on s.portfolio_id = p.id and s.cost_method = p.cost_method
     cross join lateral (select min(time) as first from ledger_entries e where e.portfolio_id = p.id) f
     where not p.simulated and s.asset <> p.base_currency and f.first is not null
     group by 1, 2 order by 3 limit ?`,
    [limit],
  );
  return rows.map(({ asset, base_currency: baseCurrency, first }) => ({ asset, baseCurrency, first }));
}

/** The benchmarks of non-simulated portfolios that have entries. */
export async function neededBenchmarks(
  db: Database,
  limit: number,
): Promise<{ symbol: string; baseCurrency: string; first: number }[]> {
  const { rows }: { rows: { symbol: string; base_currency: string; first: number }[] } = await db.raw(
    `select coalesce(p.benchmark, 'BTC/' || p.base_currency) as symbol, p.base_currency, min(f.first) as first
     from portfolios p
     cross join lateral (select min(time) as first from ledger_entries e where e.portfolio_id = p.id) f
     where not p.simulated and f.first is not null and (p.benchmark is not null or p.base_currency <> 'BTC')
     group by 1, 2 order by 3 limit ?`,
    [limit],
  );
  return rows.map(({ symbol, base_currency: baseCurrency, first }) => ({ symbol, baseCurrency, first }));
}

/**
 * The times at which entries of non-simulated portfolios lack a rate, and of what: the newest first, at most `limit`.
 */
export async function neededMoments(
  db: Database,
  limit: number,
): Promise<{ asset: string; baseCurrency: string; time: number }[]> {
  const { rows }: { rows: { asset: string; base_currency: string; time: number }[] } = await db.raw(
    `select distinct x.asset, p.base_currency, e.time
     from (select * from ledger_entries where ${PENDING_RATE} order by time desc limit ?) e
     join portfolios p on p.id = e.portfolio_id and not p.simulated
     cross join lateral (values (e.quote), (e.fee_currency), (e.asset)) as x (asset)
     where x.asset is not null and x.asset <> p.base_currency`,
    [limit],
  );
  return rows.map(({ asset, base_currency: baseCurrency, time }) => ({ asset, baseCurrency, time }));
}
