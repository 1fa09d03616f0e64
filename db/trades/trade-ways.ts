import type { Knex } from 'knex';
import type { Database } from '../connection/database.ts';
import { hasPlain, hasTerms, type TradeFilter, wherePlain, whereTerms } from './trade-query.ts';

/** How an index gathers a set of trades of `ledger_entries as e` that includes every match of a filter. */
export interface Way {
  where: Condition;
  /** The same in parts, each of which an index can count by itself; a trade may be in two. */
  parts: readonly Condition[];
}

type Condition = (query: Knex.QueryBuilder) => void;

export function byIds(ids: readonly string[]): Way {
  return only((query) => void query.whereRaw('e.id = any(?::uuid[])', [[...ids]]));
}

/** By symbol, asset or time; `null` if the filter has none of them. */
export function bySpans(portfolioId: string, filter: TradeFilter): Way | null {
  const { side: _, ...spans } = filter;
  if (!hasPlain(spans)) return null;
  const spanning =
    (some: TradeFilter, more: Record<string, string> = {}): Condition =>
    (query) => {
      void query.where({ 'e.portfolio_id': portfolioId, ...more });
      // Only the index of symbols contains trades alone. Next to the others the planner would scan a whole order of
      // trades, which can check times and assets but not find them.
      if (some.symbols !== undefined) void query.where({ 'e.kind': 'trade' });
      wherePlain(query, some);
    };
  const { asset, ...others } = spans;
  if (asset === undefined) return only(spanning(spans));
  return {
    where: spanning(spans),
    parts: [spanning(others, { 'e.base': asset }), spanning(others, { 'e.quote': asset })],
  };
}

/** By the index of terms; `null` if the filter has nothing that it contains. */
export function byTerms(portfolioId: string, filter: TradeFilter): Way | null {
  if (!hasTerms(filter)) return null;
  // Without the portfolio, which is part of the terms: the planner would otherwise also scan the whole index of
  // portfolios.
  return only((query) => {
    void query.where({ 'e.kind': 'trade' });
    whereTerms(query, portfolioId, filter);
  });
}

function only(where: Condition): Way {
  return { where, parts: [where] };
}

/** The first of the ways that gathers at most `few` trades; `null` if none does. */
export async function narrowest(
  db: Database,
  ways: readonly (Way | null)[],
  few: number,
): Promise<Way | null> {
  for (const way of ways) {
    if (way !== null && (await countUpTo(db, way, few + 1)) <= few) return way;
  }
  return null;
}

async function countUpTo(db: Database, { parts }: Way, most: number): Promise<number> {
  let sum = 0;
  for (const part of parts) {
    if (sum >= most) break;
    const some = db('ledger_entries as e');
    part(some);
    some.select(db.raw('1')).limit(most);
    const [row]: { count: number }[] = await db.from(some.as('some')).select(db.raw('count(*)'));
    sum += row?.count ?? 0;
  }
  return sum;
}
