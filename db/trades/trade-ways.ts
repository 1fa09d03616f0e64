import type { Knex } from 'knex';
import type { Database } from '../connection/database.ts';
import { hasPlain, hasTerms, type TradeFilter, wherePlain, whereTerms } from './trade-query.ts';

/** How an index gathers trades of `ledger_entries as e` among which are all that fit a filter. */
export interface Way {
  where: Condition;
  /** The same in parts, each of which an index counts by itself; a trade may be in two. */
  parts: readonly Condition[];
}

type Condition = (query: Knex.QueryBuilder) => void;

export function byIds(ids: readonly string[]): Way {
  return only((query) => void query.whereRaw('e.id = any(?::uuid[])', [[...ids]]));
}

/** By symbol, asset or time: `null` if none is asked for. */
export function bySpans(portfolioId: string, filter: TradeFilter): Way | null {
  const { side: _, ...spans } = filter;
  if (!hasPlain(spans)) return null;
  const spanning =
    (some: TradeFilter, more: Record<string, string> = {}): Condition =>
    (query) => {
      void query.where({ 'e.portfolio_id': portfolioId, ...more });
      // Only the index of symbols is of trades alone. Beside the others an order of trades, which can tell times and
      // assets apart but not find them, would be read whole.
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

/** By the index of terms: `null` if nothing is asked for that is in it. */
export function byTerms(portfolioId: string, filter: TradeFilter): Way | null {
  if (!hasTerms(filter)) return null;
  // Without the portfolio, which is in the terms: beside their index that of portfolios would be read, whole.
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
