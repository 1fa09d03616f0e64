import type { Problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { quotaExceeded } from '../../connection/quota.ts';
import { only } from '../../connection/single-row.ts';

interface Tagged {
  tags: readonly string[];
}

/**
 * Updates the counts of tags after entries were added to or removed from a portfolio's ledger; a change is both.
 * @param trx holds the portfolio's lock
 * @param limit how many different tags the portfolio may have; unlimited if absent
 * @throws Problem `quota-exceeded` for a new tag beyond the limit
 */
export async function countTags(
  trx: Database,
  portfolioId: string,
  { added = [], removed = [] }: { added?: readonly Tagged[]; removed?: readonly Tagged[] },
  limit?: number,
): Promise<void> {
  const moves = new Map<string, number>();
  const move = (entries: readonly Tagged[], by: 1 | -1): void => {
    for (const { tags } of entries) {
      for (const tag of new Set(tags)) moves.set(tag, (moves.get(tag) ?? 0) + by);
    }
  };
  move(added, 1);
  move(removed, -1);
  const more = [...moves].filter(([, by]) => by > 0);
  const fewer = [...moves].filter(([, by]) => by < 0);
  // More than could ever fit need not be counted one by one.
  if (limit !== undefined && more.length > limit) throw tooMany(limit);
  // Removals come first, so that one tag can replace another.
  if (fewer.length > 0) await drop(trx, portfolioId, fewer);
  if (more.length === 0 || !(await add(trx, portfolioId, more)) || limit === undefined) return;
  const tags: { count: string }[] = await trx('portfolio_tags').where({ portfolio_id: portfolioId }).count();
  if (Number(only(tags).count) <= limit) return;
  throw tooMany(limit);
}

function tooMany(limit: number): Problem {
  return quotaExceeded({ limit, variable: 'TAGS_PER_PORTFOLIO', what: 'different tags in a portfolio' });
}

/** @returns whether the portfolio lacked one of them: an inserted row has no `xmax` */
async function add(trx: Database, portfolioId: string, moves: [string, number][]): Promise<boolean> {
  const { rows }: { rows: { is_new: boolean }[] } = await trx.raw(
    `insert into portfolio_tags (portfolio_id, tag, entries)
     select ?, tag, entries from unnest(?::text[], ?::integer[]) as move (tag, entries)
     on conflict (portfolio_id, tag) do update set entries = portfolio_tags.entries + excluded.entries
     returning xmax = 0 as is_new`,
    [portfolioId, moves.map(([tag]) => tag), moves.map(([, by]) => by)],
  );
  return rows.some((row) => row.is_new);
}

async function drop(trx: Database, portfolioId: string, moves: [string, number][]): Promise<void> {
  const tags = moves.map(([tag]) => tag);
  await trx.raw(
    `update portfolio_tags set entries = portfolio_tags.entries + move.entries
     from unnest(?::text[], ?::integer[]) as move (tag, entries)
     where portfolio_id = ? and portfolio_tags.tag = move.tag`,
    [tags, moves.map(([, by]) => by), portfolioId],
  );
  await trx('portfolio_tags')
    .where({ portfolio_id: portfolioId })
    .whereRaw('tag = any(?::text[]) and entries <= 0', [tags])
    .delete();
}
