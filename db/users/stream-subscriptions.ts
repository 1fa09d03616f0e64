import { createHash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';

export interface StreamSubscription {
  id: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** How many there may be. */
export interface SubscriptionLimits {
  /** One more replaces the least recently used one. */
  perUser: number;
  /** Unless that was used within this time, in milliseconds. */
  inUseMs: number;
  inAll: number;
}

/** After the last use. A browser's `EventSource` may come back after a long weekend with the lid closed. */
export const SUBSCRIPTION_LIFE_MS = 7 * 86_400_000;
/**
 * Until the first use. As the subscription that expires soonest is evicted first, that is one which was never opened.
 */
export const UNOPENED_LIFE_MS = 3_600_000;
/** A subscription that was just created or opened is not evicted for another. */
const SETTLED_MS = 600_000;
/** Not every use is written: all streams of a node come back at once when it restarts. */
const USE_MS = 60_000;

function digestOf(channels: readonly string[]): string {
  return createHash('sha256')
    .update([...channels].sort().join(','))
    .digest('base64url');
}

/**
 * Stores a list of channels for its user. The same list yields the same subscription, which then lives at least as long
 * as a new one.
 * @throws Problem `conflict` if the user has the maximum number in use, `unavailable` if the server does
 */
export async function saveSubscription(
  db: Database,
  { userId, channels }: { userId: string; channels: readonly string[] },
  limits: SubscriptionLimits & { clock: Clock },
): Promise<StreamSubscription & { isNew: boolean }> {
  const { clock } = limits;
  const digest = digestOf(channels);
  const expiresAt = clock.now() + UNOPENED_LIFE_MS;
  return await db.transaction(async (trx) => {
    // One at a time per user, so that the counts are right.
    await trx('users').where({ id: userId }).forUpdate().first('id');
    const kept: { id: string; expires_at: number }[] = await trx('stream_subscriptions')
      .where({ user_id: userId, digest })
      .update({ expires_at: trx.raw('greatest(expires_at, ?)', [new Date(expiresAt)]) })
      .returning(['id', 'expires_at']);
    if (kept[0] !== undefined) return { id: kept[0].id, expiresAt: kept[0].expires_at, isNew: false };
    await makeRoomForUser(trx, userId, limits);
    await makeRoomInAll(trx, limits);
    const id = newId(clock);
    const row = {
      id,
      user_id: userId,
      digest,
      channels: channels.join(','),
      expires_at: new Date(expiresAt),
    };
    await trx('stream_subscriptions').insert(row);
    return { id, expiresAt, isNew: true };
  });
}

async function makeRoomForUser(
  trx: Database,
  userId: string,
  { clock, perUser, inUseMs }: SubscriptionLimits & { clock: Clock },
): Promise<void> {
  const beyond: { id: string; expires_at: number }[] = await trx('stream_subscriptions')
    .where({ user_id: userId })
    .orderBy([
      { column: 'expires_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .offset(perUser - 1)
    .select('id', 'expires_at');
  const unusedSince = clock.now() + SUBSCRIPTION_LIFE_MS - inUseMs;
  if (beyond.some(({ expires_at }) => expires_at > unusedSince)) {
    throw problem('conflict', {
      detail: `You have ${perUser} subscriptions in use. Use one of those, or name the channels over a WebSocket.`,
    });
  }
  await trx('stream_subscriptions')
    .whereIn(
      'id',
      beyond.map(({ id }) => id),
    )
    .delete();
}

async function makeRoomInAll(
  trx: Database,
  { clock, inAll }: SubscriptionLimits & { clock: Clock },
): Promise<void> {
  const [row]: { count: string }[] = await trx('stream_subscriptions').count();
  if (Number(row?.count ?? 0) < inAll) return;
  if ((await deleteExpiredSubscriptions(trx, { clock })) > 0) return;
  // Nobody can use up all of them: the user with the most loses the least recently used one.
  const now = clock.now();
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `delete from stream_subscriptions where id = (
       select id from stream_subscriptions where expires_at <= ? and not expires_at between ? and ? and user_id = (
         select user_id from stream_subscriptions group by user_id having count(*) > 1 order by count(*) desc limit 1
       ) order by expires_at limit 1
     ) returning id`,
    [SUBSCRIPTION_LIFE_MS - SETTLED_MS, UNOPENED_LIFE_MS - SETTLED_MS, UNOPENED_LIFE_MS].map(
      (ms) => new Date(now + ms),
    ),
  );
  if (rows.length > 0) return;
  throw problem('unavailable', {
    detail: `The server keeps ${inAll} subscriptions already. Name the channels over a WebSocket, or try again later.`,
    headers: { 'Retry-After': '600' },
  });
}

/**
 * The channels of a user's subscription, whose lifetime starts over. The caller must check whether the user may read
 * them.
 * @returns `null` if it does not exist, has expired, or belongs to another user
 */
export async function findSubscription(
  db: Database,
  { id, userId }: { id: string; userId: string },
  { clock }: { clock: Clock },
): Promise<(StreamSubscription & { channels: string[] }) | null> {
  const row: { channels: string; expires_at: number } | undefined = await db('stream_subscriptions')
    .where({ id, user_id: userId })
    .where('expires_at', '>', new Date(clock.now()))
    .first('channels', 'expires_at');
  return row === undefined ? null : { id, channels: row.channels.split(','), expiresAt: row.expires_at };
}

/** Extends the lifetime of a subscription in use, at most once a minute. */
export async function touchSubscription(
  db: Database,
  { id, expiresAt }: StreamSubscription,
  { clock }: { clock: Clock },
): Promise<void> {
  const until = clock.now() + SUBSCRIPTION_LIFE_MS;
  if (until - expiresAt < USE_MS) return;
  await db('stream_subscriptions')
    .where({ id })
    .where('expires_at', '<', new Date(until))
    .update({ expires_at: new Date(until) });
}

/** @returns how many */
export async function deleteExpiredSubscriptions(db: Database, { clock }: { clock: Clock }): Promise<number> {
  return await db('stream_subscriptions').where('expires_at', '<=', new Date(clock.now())).delete();
}
