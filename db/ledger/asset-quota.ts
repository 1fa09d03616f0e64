import type { Database } from '../connection/database.ts';
import { quotaExceeded } from '../connection/quota.ts';
import { only } from '../connection/single-row.ts';

/**
 * Every figure of a portfolio is a sum over its assets, made anew at each price: so there is a bound to them.
 * @param trx holds the portfolio's lock
 * @param assets that the ledger moves, or is about to
 * @param limit assets that the portfolio may have; left out: any number
 * @throws Problem `quota-exceeded` when some of the assets are new and there is no room for them
 */
export async function assertAssets(
  trx: Database,
  portfolioId: string,
  assets: Iterable<string>,
  limit: number | undefined,
): Promise<void> {
  if (limit === undefined) return;
  const { rows }: { rows: { known: number; fresh: number }[] } = await trx.raw(
    `select (select count(*) from positions where portfolio_id = :portfolioId) as known,
       (select count(*) from unnest(:assets::text[]) as wanted (asset)
        where not exists (
          select 1 from positions p where p.portfolio_id = :portfolioId and p.asset = wanted.asset
        )) as fresh`,
    { portfolioId, assets: [...new Set(assets)] },
  );
  const { known, fresh } = only(rows);
  if (fresh === 0 || known + fresh <= limit) return;
  throw quotaExceeded({ limit, variable: 'ASSETS_PER_PORTFOLIO', what: 'different assets in a portfolio' });
}
