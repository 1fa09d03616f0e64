import type { RowOrder, RowOrders } from '../../lib/import/reading/row-order.ts';
import { ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { ensureCurrent, readPositions } from '../ledger/positions/past-states.ts';
import type { Portfolio } from '../ledger/portfolios/portfolios.ts';

/** What is known about the order of a file's rows. */
export interface FileOrder {
  /** As stated by the client; `null` if it is not. */
  given: RowOrder | null;
  /** The order in every file of the source; `null` if it varies. */
  usual: RowOrder | null;
  /** Whether the rows state the sequence of their trades, so that the order of the file does not matter. */
  hasSequence: boolean;
  /** Every trade of the file. */
  rows: RowOrders;
}

/**
 * Which way time runs in a file: as the client says; as the times show; and if all times are equal, so that
 * what is sold was bought before, or as usual for the source. Never a guess.
 * @param trx holds the portfolio's lock
 * @returns `null` if the order is unknown and figures depend on it
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
  // What seems to be sold short in the other order may have been held before.
  const other = byCover === 'oldest-first' ? 'newest-first' : 'oldest-first';
  await ensureCurrent(trx, portfolio.id);
  const { positions } = await readPositions(trx, portfolio.id, instant);
  const held = new Map(positions.states.map(({ asset, quantity }) => [asset, quantity]));
  const isCovered = [...rows.shortfalls(other)].every(([asset, short]) => (held.get(asset) ?? ZERO) >= short);
  return isCovered ? null : byCover;
}
