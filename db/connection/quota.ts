import { type Problem, problem } from '../../lib/problem.ts';
import type { Database } from './database.ts';
import { only } from './single-row.ts';

/** How many of something there may be. */
export interface Quota {
  limit: number;
  /** The environment variable that sets the limit. */
  variable: string;
  /** In the plural: `portfolios`. */
  what: string;
}

/**
 * Holds a user until the transaction ends, so that what the user has can be counted and added to. Only counting for the
 * same user waits, on any node.
 * @throws Problem `unauthorized` for a user who has just been deleted
 */
export async function lockUser(trx: Database, userId: string): Promise<void> {
  const row: unknown = await trx('users').where({ id: userId }).forNoKeyUpdate().first('id');
  if (row === undefined)
    throw problem('unauthorized', { detail: 'The user no longer exists. Log in as another user.' });
}

/**
 * @param rows those that count, without the new ones; the lock that keeps others from adding is held
 * @throws Problem `quota-exceeded` if there is no room for one more
 */
export async function assertRoom(
  rows: { count(): PromiseLike<{ count: string }[]> },
  quota: Quota,
): Promise<void> {
  const { count } = only(await rows.count());
  if (Number(count) >= quota.limit) throw quotaExceeded(quota);
}

export function quotaExceeded({ limit, variable, what }: Quota): Problem {
  return problem('quota-exceeded', {
    detail: `The limit is ${limit} ${what} (${variable}). Delete what is no longer needed, or ask the operator to raise the limit.`,
  });
}
