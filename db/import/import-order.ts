import type { RowOrder, RowOrders } from '../../lib/import/reading/row-order.ts';
import { ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { ensureCurrent, readPositions } from '../ledger/past-states.ts';
import type { Portfolio } from '../ledger/portfolios.ts';

/** What is known of the order of a file's rows. */
export interface FileOrder {
  /** As the sender has said it; `null` when they have not. */
  given: RowOrder | null;
  /** As all files of its source have it; `null` when they do not. */
  usual: RowOrder | null;
  /** Whether the rows tell the sequence of their trades themselves: then the order of the file says nothing. */
  hasSequence: boolean;
  /** Every trade of the file. */
  rows: RowOrders;
}

/**
 * Which way time runs in a file: as the sender says; as the times have it; where all are the same, so that what is sold
 * has been bought before, or as files of its source are. What cannot be told for certain is not guessed.
 * @param trx holds the portfolio's lock
 * @returns `null` when it cannot be told and figures depend on it
 */
export async function orderOf(
  trx: Database,
  portfolio: Portfolio,
  { given, usual, hasSequence, rows }: FileOrder,
): Promise<RowOrder | null> {
  if (given !== null) return given;
  const { instant, byTime, byCover } = rows;
  if (instant === null || hasSequence || !rows.matters(portfolio)) return byTime ?? usual ?? 'oldest-first';
  if (byCover === null) return usual;
  if (byCover === usual) return byCover;
  // What seems to be sold short the other way round may have been held before.
  const other = byCover === 'oldest-first' ? 'newest-first' : 'oldest-first';
  await ensureCurrent(trx, portfolio.id);
  const { positions } = await readPositions(trx, portfolio.id, instant);
  const held = new Map(positions.states.map(({ asset, quantity }) => [asset, quantity]));
  const isCovered = [...rows.shortfalls(other)].every(([asset, short]) => (held.get(asset) ?? ZERO) >= short);
  return isCovered ? null : byCover;
}
