import { problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { quotaExceeded } from '../../connection/quota.ts';
import { only } from '../../connection/single-row.ts';

/**
 * An exchange that lists two codes which differ only in case has two assets; everywhere else it is one asset typed in
 * two ways, whose holding would be split. So a ledger accepts only one of them.
 * @throws Problem `unprocessable-entry` that names both
 */
async function assertOneCase(trx: Database, portfolioId: string, assets: readonly string[]): Promise<void> {
  const spellings = new Map(assets.map((asset) => [asset.toLowerCase(), asset]));
  const own = assets.find((asset) => spellings.get(asset.toLowerCase()) !== asset);
  const { rows }: { rows: { asset: string; known: string }[] } = await trx.raw(
    `select wanted.asset, known.asset as known from unnest(:assets::text[]) as wanted (asset)
     join (
       select asset from positions where portfolio_id = :portfolioId
       union all select base_currency from portfolios where id = :portfolioId
     ) known on lower(known.asset) = lower(wanted.asset) and known.asset <> wanted.asset
     limit 1`,
    { portfolioId, assets },
  );
  const [first] = rows;
  const [asset, known] =
    first !== undefined
      ? [first.asset, first.known]
      : own === undefined
        ? [null, null]
        : [own, spellings.get(own.toLowerCase())];
  if (asset === null) return;
  throw problem('unprocessable-entry', {
    detail: `\`${asset}\` and \`${known}\` differ in case only, and a portfolio has one of them. Write both in the same way.`,
  });
}

/**
 * Every figure of a portfolio is a sum over its assets, computed again at each price, so their number is bounded.
 * @param trx holds the portfolio's lock
 * @param assets that the ledger moves, or is about to
 * @param limit how many assets the portfolio may have; unlimited if absent
 * @throws Problem `quota-exceeded` if there is no room for new assets, `unprocessable-entry` if one differs from
 * another only in case
 */
export async function assertAssets(
  trx: Database,
  portfolioId: string,
  assets: Iterable<string>,
  limit: number | undefined,
): Promise<void> {
  const wanted = [...new Set(assets)];
  await assertOneCase(trx, portfolioId, wanted);
  if (limit === undefined) return;
  const { rows }: { rows: { known: number; fresh: number }[] } = await trx.raw(
    `select (select count(*) from positions where portfolio_id = :portfolioId) as known,
       (select count(*) from unnest(:assets::text[]) as wanted (asset)
        where not exists (
          select 1 from positions p where p.portfolio_id = :portfolioId and p.asset = wanted.asset
        )) as fresh`,
    { portfolioId, assets: wanted },
  );
  const { known, fresh } = only(rows);
  if (fresh === 0 || known + fresh <= limit) return;
  throw quotaExceeded({ limit, variable: 'ASSETS_PER_PORTFOLIO', what: 'different assets in a portfolio' });
}
