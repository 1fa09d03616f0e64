import type { Clock } from '../../lib/clock.ts';
import { problem } from '../../lib/problem.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { only } from '../connection/single-row.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { type Portfolio, type PortfolioRow, toPortfolio } from '../ledger/portfolios/portfolios.ts';
import { assertRoom, lockUser } from '../connection/quota.ts';

/** What a user who is not the owner may do: read everything, or also change the ledger. */
export const SHARE_ACCESS = ['read', 'write'] as const;
export type ShareAccess = (typeof SHARE_ACCESS)[number];

/** A portfolio that is shared with a user, or offered to one. */
export interface Share {
  userId: string;
  email: string;
  name: string | null;
  access: ShareAccess;
  /** Epoch milliseconds. */
  createdAt: number;
  /** `null`: the invitation has not been accepted, and the user cannot see the portfolio. */
  acceptedAt: number | null;
}

interface ShareRow {
  user_id: string;
  email: string;
  name: string | null;
  access: ShareAccess;
  created_at: number;
  accepted_at: number | null;
}

function toShare(row: ShareRow): Share {
  const { email, name, access } = row;
  const times = { createdAt: row.created_at, acceptedAt: row.accepted_at };
  return { userId: row.user_id, email, name, access, ...times };
}

const COLUMNS = ['user_id', 'email', 'name', 'access', 'portfolio_shares.created_at', 'accepted_at'] as const;

/**
 * Invites a user to the portfolio, or changes the access level.
 * @param limit how many shares the owner may have granted, over all portfolios; unlimited if absent
 * @throws Problem `not-found` if there is no such portfolio, `quota-exceeded`
 */
export async function grantShare(
  trx: Database,
  portfolioId: string,
  { userId, access }: { userId: string; access: ShareAccess },
  { clock, limit }: { clock: Clock; limit?: number },
): Promise<Share> {
  // Prevents the portfolio from being deleted meanwhile.
  const portfolio: { user_id: string } | undefined = await trx('portfolios')
    .where({ id: portfolioId })
    .forUpdate()
    .first('user_id');
  if (portfolio === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  if (limit !== undefined) {
    await lockUser(trx, portfolio.user_id);
    const others = trx('portfolio_shares as share')
      .join('portfolios', 'portfolios.id', 'share.portfolio_id')
      .where({ 'portfolios.user_id': portfolio.user_id })
      .whereNot((same) => same.where({ 'share.portfolio_id': portfolioId, 'share.user_id': userId }));
    await assertRoom(others, { limit, variable: 'SHARES_PER_USER', what: 'shares for a user' });
  }
  await trx('portfolio_shares')
    .insert({ portfolio_id: portfolioId, user_id: userId, access, created_at: new Date(clock.now()) })
    .onConflict(['portfolio_id', 'user_id'])
    .merge({ access });
  const rows: ShareRow[] = await trx('portfolio_shares')
    .join('users', 'users.id', 'portfolio_shares.user_id')
    .where({ portfolio_id: portfolioId, user_id: userId })
    .select(COLUMNS);
  return toShare(only(rows));
}

/** An invitation to a user. */
export interface Invitation {
  portfolio: { id: string; name: string };
  access: ShareAccess;
  /** The owner of the portfolio. */
  from: { userId: string; email: string; name: string | null };
  /** Epoch milliseconds. */
  createdAt: number;
}

interface InvitationRow {
  portfolio_id: string;
  portfolio_name: string;
  access: ShareAccess;
  user_id: string;
  email: string;
  name: string | null;
  created_at: number;
}

/** The open invitations of a user, sorted by portfolio id, without those of disabled owners. */
export async function listInvitations(
  db: Database,
  userId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<Invitation>> {
  const query = db('portfolio_shares as share')
    .join('portfolios as portfolio', 'portfolio.id', 'share.portfolio_id')
    .join('users as owner', 'owner.id', 'portfolio.user_id')
    .where({ 'share.user_id': userId, accepted_at: null, disabled_at: null })
    .orderBy('share.portfolio_id')
    .limit(limit + 1);
  if (cursor) void query.where('share.portfolio_id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: InvitationRow[] = await query.select(
    'share.portfolio_id',
    'portfolio.name as portfolio_name',
    'access',
    'owner.id as user_id',
    'email',
    'owner.name as name',
    'share.created_at as created_at',
  );
  const invitations = rows.map((row) => ({
    portfolio: { id: row.portfolio_id, name: row.portfolio_name },
    access: row.access,
    from: { userId: row.user_id, email: row.email, name: row.name },
    createdAt: row.created_at,
  }));
  return pageOf(invitations, limit, (last) => encodeCursor([last.portfolio.id]));
}

/** Accepts an invitation: the portfolio is now among the user's. False if there was no open invitation. */
export async function acceptInvitation(
  db: Database,
  portfolioId: string,
  userId: string,
  { clock }: { clock: Clock },
): Promise<boolean> {
  const accepted = await db('portfolio_shares')
    .where({ portfolio_id: portfolioId, user_id: userId, accepted_at: null })
    .update({ accepted_at: new Date(clock.now()) });
  return accepted > 0;
}

/** Declines an invitation. False if there was no open one. */
export async function declineInvitation(db: Database, portfolioId: string, userId: string): Promise<boolean> {
  const invitation = { portfolio_id: portfolioId, user_id: userId, accepted_at: null };
  return (await db('portfolio_shares').where(invitation).delete()) > 0;
}

/** False if it was not shared with this user. */
export async function revokeShare(db: Database, portfolioId: string, userId: string): Promise<boolean> {
  return (await db('portfolio_shares').where({ portfolio_id: portfolioId, user_id: userId }).delete()) > 0;
}

/** The users a portfolio is shared with or offered to, sorted by user id. */
export async function listShares(
  db: Database,
  portfolioId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<Share>> {
  const query = db('portfolio_shares')
    .join('users', 'users.id', 'portfolio_shares.user_id')
    .where({ portfolio_id: portfolioId })
    .orderBy('user_id')
    .limit(limit + 1);
  if (cursor) void query.where('user_id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: ShareRow[] = await query.select(COLUMNS);
  return pageOf(rows.map(toShare), limit, (last) => encodeCursor([last.userId]));
}

/** How a portfolio is shared with a user; `null`: not at all, or not accepted yet. */
export async function findShare(
  db: Database,
  portfolioId: string,
  userId: string,
): Promise<ShareAccess | null> {
  const row: { access: ShareAccess } | undefined = await db('portfolio_shares')
    .where({ portfolio_id: portfolioId, user_id: userId })
    .whereNotNull('accepted_at')
    .first('access');
  return row?.access ?? null;
}

export type PortfolioAccess = 'owner' | ShareAccess;

/** The user's own portfolios and those whose invitation the user has accepted, in order of creation. */
export async function listReadablePortfolios(
  db: Database,
  userId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<Portfolio & { access: PortfolioAccess }>> {
  const shared = db('portfolio_shares')
    .where({ user_id: userId })
    .whereNotNull('accepted_at')
    .select('portfolio_id');
  const query = db('portfolios')
    .leftJoin('portfolio_shares', (join) => {
      join.on('portfolio_shares.portfolio_id', 'portfolios.id').andOnVal('portfolio_shares.user_id', userId);
    })
    .where((either) => either.where('portfolios.user_id', userId).orWhereIn('portfolios.id', shared))
    .orderBy('portfolios.id')
    .limit(limit + 1);
  if (cursor) void query.where('portfolios.id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: (PortfolioRow & { access: ShareAccess | null })[] = await query.select(
    'portfolios.*',
    'portfolio_shares.access',
  );
  const portfolios = rows.map(
    (row) =>
      ({
        ...toPortfolio(row),
        access: row.user_id === userId ? 'owner' : (row.access ?? 'read'),
      }) as const,
  );
  return pageOf(portfolios, limit, (last) => encodeCursor([last.id]));
}

/** Who reads which portfolios on open streams. */
export interface Reading {
  userId: string;
  portfolioId: string;
}

/** The readings whose user is neither the owner nor has a share any more, or whose portfolio is gone. */
export async function findLostAccess(db: Database, readings: readonly Reading[]): Promise<Reading[]> {
  const { rows } = await db.raw<{ rows: { user_id: string; portfolio_id: string }[] }>(
    `select r.user_id, r.portfolio_id from unnest(?::uuid[], ?::uuid[]) as r (user_id, portfolio_id)
      where not exists (select from portfolios p where p.id = r.portfolio_id and p.user_id = r.user_id)
        and not exists (
          select from portfolio_shares s
          where s.portfolio_id = r.portfolio_id and s.user_id = r.user_id and s.accepted_at is not null
        )`,
    [readings.map(({ userId }) => userId), readings.map(({ portfolioId }) => portfolioId)],
  );
  return rows.map((row) => ({ userId: row.user_id, portfolioId: row.portfolio_id }));
}

/**
 * The other portfolios of the same owner in the same base currency that a user may see, and whether the user may change
 * them.
 */
export async function siblingsOf(
  db: Database,
  portfolio: Pick<Portfolio, 'id' | 'userId' | 'baseCurrency' | 'simulated'>,
  userId: string,
): Promise<{ id: string; writable: boolean }[]> {
  const { id, baseCurrency, simulated } = portfolio;
  const { rows } = await db.raw<{ rows: { id: string; writable: boolean }[] }>(
    `select p.id, p.user_id = :userId or share.access = 'write' as writable from portfolios p
     left join portfolio_shares share
       on share.portfolio_id = p.id and share.user_id = :userId and share.accepted_at is not null
     where p.user_id = :ownerId and p.base_currency = :baseCurrency and p.simulated = :simulated and p.id <> :id
       and (p.user_id = :userId or share.user_id is not null)
     order by p.id`,
    { id, ownerId: portfolio.userId, baseCurrency, simulated, userId },
  );
  return rows;
}
