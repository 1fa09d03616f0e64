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
  /** One more takes the place of the one that was not used for longest. */
  perUser: number;
  /** Unless that was used within this time, in milliseconds. */
  inUseMs: number;
  inAll: number;
}

/** From the last use. A browser's `EventSource` may come back after a long weekend with its lid closed. */
export const SUBSCRIPTION_LIFE_MS = 7 * 86_400_000;
/** A subscription that was made or opened just now is not given up for another. */
const SETTLED_MS = 600_000;
/** Not each use is written: all streams of a node come back at once when it restarts. */
const USE_MS = 60_000;

function digestOf(channels: readonly string[]): string {
  return createHash('sha256')
    .update([...channels].sort().join(','))
    .digest('base64url');
}

/**
 * Keeps a list of channels for its user. The same list again is the same subscription, with its life prolonged.
 * @throws Problem `conflict` when the user has as many in use as anybody may have, `unavailable` when there are as many
 * as the server keeps in all
 */
export async function saveSubscription(
  db: Database,
  { userId, channels }: { userId: string; channels: readonly string[] },
  limits: SubscriptionLimits & { clock: Clock },
): Promise<StreamSubscription & { isNew: boolean }> {
  const { clock } = limits;
  const digest = digestOf(channels);
  const expiresAt = clock.now() + SUBSCRIPTION_LIFE_MS;
  const expiry = { expires_at: new Date(expiresAt) };
  return await db.transaction(async (trx) => {
    // One at a time for each user, so that the counts are right.
    await trx('users').where({ id: userId }).forUpdate().first('id');
    const kept: { id: string }[] = await trx('stream_subscriptions')
      .where({ user_id: userId, digest })
      .update(expiry)
      .returning('id');
    if (kept[0] !== undefined) return { id: kept[0].id, expiresAt, isNew: false };
    await makeRoomForUser(trx, userId, limits);
    await makeRoomInAll(trx, limits);
    const id = newId(clock);
    const row = { id, user_id: userId, digest, channels: channels.join(','), ...expiry };
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
  // Nobody can take all of them: the user with the most gives up the one that was not used for longest.
  const settledSince = clock.now() + SUBSCRIPTION_LIFE_MS - SETTLED_MS;
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `delete from stream_subscriptions where id = (
       select id from stream_subscriptions where expires_at <= ? and user_id = (
         select user_id from stream_subscriptions group by user_id having count(*) > 1 order by count(*) desc limit 1
       ) order by expires_at limit 1
     ) returning id`,
    [new Date(settledSince)],
  );
  if (rows.length > 0) return;
  throw problem('unavailable', {
    detail: `The server keeps ${inAll} subscriptions already. Name the channels over a WebSocket, or try again later.`,
    headers: { 'Retry-After': '600' },
  });
}

/**
 * The channels of a user's subscription, which lives on from now. Whether they may be read is for the caller to find out.
 * @returns `null` if there is none such, it has expired, or it is another user's
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

/** Prolongs the life of one that is being used, at most once a minute. */
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
