import type { Clock } from '../../lib/clock.ts';
import { problem } from '../../lib/problem.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { only } from '../connection/single-row.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { type Portfolio, type PortfolioRow, toPortfolio } from '../ledger/portfolios.ts';

/** What somebody who is not the owner may do: see everything, or also change the ledger. */
export const SHARE_ACCESS = ['read', 'write'] as const;
export type ShareAccess = (typeof SHARE_ACCESS)[number];

/** A portfolio shared with a user. */
export interface Share {
  userId: string;
  email: string;
  name: string | null;
  access: ShareAccess;
  /** Epoch milliseconds. */
  createdAt: number;
}

interface ShareRow {
  user_id: string;
  email: string;
  name: string | null;
  access: ShareAccess;
  created_at: number;
}

function toShare(row: ShareRow): Share {
  const { email, name, access } = row;
  return { userId: row.user_id, email, name, access, createdAt: row.created_at };
}

const COLUMNS = ['user_id', 'email', 'name', 'access', 'portfolio_shares.created_at'] as const;
export const SHARES_PER_PORTFOLIO = 100;

/**
 * Shares the portfolio, or changes how it is shared.
 * @throws Problem `not-found` if there is no such portfolio, `conflict` when it is shared with as many as it may be
 */
export async function grantShare(
  trx: Database,
  portfolioId: string,
  { userId, access }: { userId: string; access: ShareAccess },
  { clock }: { clock: Clock },
): Promise<Share> {
  // Holds off the deletion of the portfolio, and others who share it: so the count is right.
  const portfolio: unknown = await trx('portfolios').where({ id: portfolioId }).forUpdate().first('id');
  if (portfolio === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  const others: { count: string }[] = await trx('portfolio_shares')
    .where({ portfolio_id: portfolioId })
    .whereNot({ user_id: userId })
    .count();
  if (Number(only(others).count) >= SHARES_PER_PORTFOLIO) {
    throw problem('conflict', {
      detail: `The portfolio is shared with ${SHARES_PER_PORTFOLIO} users already.`,
    });
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

/** False if it was not shared with this user. */
export async function revokeShare(db: Database, portfolioId: string, userId: string): Promise<boolean> {
  return (await db('portfolio_shares').where({ portfolio_id: portfolioId, user_id: userId }).delete()) > 0;
}

/** Whom a portfolio is shared with, by user id. */
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

/** How a portfolio is shared with a user; `null`: not at all. */
export async function findShare(
  db: Database,
  portfolioId: string,
  userId: string,
): Promise<ShareAccess | null> {
  const row: { access: ShareAccess } | undefined = await db('portfolio_shares')
    .where({ portfolio_id: portfolioId, user_id: userId })
    .first('access');
  return row?.access ?? null;
}

export type PortfolioAccess = 'owner' | ShareAccess;

/** The user's own portfolios and those shared with them, in order of creation. */
export async function listReadablePortfolios(
  db: Database,
  userId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<Portfolio & { access: PortfolioAccess }>> {
  const shared = db('portfolio_shares').where({ user_id: userId }).select('portfolio_id');
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

/** Who reads what on open streams. */
export interface Reading {
  userId: string;
  portfolioId: string;
}

/** Of these, the ones that are neither the owner's nor shared any more, or whose portfolio has gone. */
export async function findLostAccess(db: Database, readings: readonly Reading[]): Promise<Reading[]> {
  const { rows } = await db.raw<{ rows: { user_id: string; portfolio_id: string }[] }>(
    `select r.user_id, r.portfolio_id from unnest(?::uuid[], ?::uuid[]) as r (user_id, portfolio_id)
      where not exists (select from portfolios p where p.id = r.portfolio_id and p.user_id = r.user_id)
        and not exists (
          select from portfolio_shares s where s.portfolio_id = r.portfolio_id and s.user_id = r.user_id
        )`,
    [readings.map(({ userId }) => userId), readings.map(({ portfolioId }) => portfolioId)],
  );
  return rows.map((row) => ({ userId: row.user_id, portfolioId: row.portfolio_id }));
}
