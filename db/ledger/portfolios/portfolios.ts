import type { Clock } from '../../../lib/clock.ts';
import { newId } from '../../../lib/id.ts';
import type { PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { decodeCursor, encodeCursor } from '../../connection/page-cursor.ts';
import type { Database } from '../../connection/database.ts';
import { only } from '../../connection/single-row.ts';
import { type OutboxMessage, outboxRow } from './outbox.ts';
import { pageOf, type Page, type PageQuery } from '../../connection/list-page.ts';
import { assertRoom, lockUser } from '../../connection/quota.ts';

export interface PortfolioSettings extends PortfolioTerms {
  name: string;
  /** IANA time zone name. */
  timeZone: string;
  /** A symbol; `null` for the default one. */
  benchmark: string | null;
}

export interface Portfolio extends PortfolioSettings {
  id: string;
  userId: string;
  /** The portfolios that coins were moved between, including this one; empty if there are none. */
  linked: readonly string[];
  /** Of the ledger: incremented with every entry booked, changed or removed, and with every change of terms. */
  version: number;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
}

export interface PortfolioRow {
  id: string;
  user_id: string;
  name: string;
  base_currency: string;
  cost_method: Portfolio['costMethod'];
  time_zone: string;
  benchmark: string | null;
  cash_mode: Portfolio['cashMode'];
  simulated: boolean;
  version: number;
  linked: string[];
  created_at: number;
  updated_at: number;
}

export function toPortfolio(row: PortfolioRow): Portfolio {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    baseCurrency: row.base_currency,
    costMethod: row.cost_method,
    timeZone: row.time_zone,
    benchmark: row.benchmark,
    cashMode: row.cash_mode,
    simulated: row.simulated,
    version: row.version,
    linked: row.linked,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/**
 * @param limit how many portfolios the user may have; unlimited if absent
 * @throws Problem `quota-exceeded`
 */
export async function createPortfolio(
  db: Database,
  userId: string,
  settings: PortfolioSettings,
  { clock, limit }: { clock: Clock; limit?: number },
): Promise<Portfolio> {
  if (limit === undefined) return await insertPortfolio(db, userId, settings, { clock });
  return await db.transaction(async (trx) => {
    await lockUser(trx, userId);
    const quota = { limit, variable: 'PORTFOLIOS_PER_USER', what: 'portfolios for a user' };
    await assertRoom(trx('portfolios').where({ user_id: userId }), quota);
    return await insertPortfolio(trx, userId, settings, { clock });
  });
}

async function insertPortfolio(
  db: Database,
  userId: string,
  settings: PortfolioSettings,
  { clock }: { clock: Clock },
): Promise<Portfolio> {
  const now = new Date(clock.now());
  const rows: PortfolioRow[] = await db('portfolios')
    .insert({
      id: newId(clock),
      user_id: userId,
      name: settings.name,
      base_currency: settings.baseCurrency,
      cost_method: settings.costMethod,
      time_zone: settings.timeZone,
      benchmark: settings.benchmark,
      cash_mode: settings.cashMode,
      simulated: settings.simulated,
      created_at: now,
      updated_at: now,
    })
    .returning('*');
  const row = only(rows);
  return toPortfolio(row);
}

export async function getPortfolio(db: Database, id: string): Promise<Portfolio | null> {
  const row: PortfolioRow | undefined = await db('portfolios').where({ id }).first();
  return row === undefined ? null : toPortfolio(row);
}

/** The number of portfolios valued at simulated prices. */
export async function countSimulatedPortfolios(db: Database): Promise<number> {
  const rows: { count: string | number }[] = await db('portfolios')
    .where({ simulated: true })
    .count('* as count');
  return Number(only(rows).count);
}

/** Those that exist, by id. */
export async function findPortfolios(db: Database, ids: readonly string[]): Promise<Map<string, Portfolio>> {
  const { rows } = await db.raw<{ rows: PortfolioRow[] }>(
    'select * from portfolios where id = any(?::uuid[])',
    [[...ids]],
  );
  return new Map(rows.map((row) => [row.id, toPortfolio(row)]));
}

/** All portfolios that the user owns. */
export async function portfolioIdsOf(db: Database, userId: string): Promise<string[]> {
  const rows: { id: string }[] = await db('portfolios').where({ user_id: userId }).select('id');
  return rows.map(({ id }) => id);
}

/** The user's own portfolios in order of creation. */
export async function listPortfolios(
  db: Database,
  userId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<Portfolio>> {
  const query = db('portfolios')
    .where({ user_id: userId })
    .orderBy('id')
    .limit(limit + 1);
  if (cursor) void query.where('id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: PortfolioRow[] = await query;
  return pageOf(rows.map(toPortfolio), limit, (last) => encodeCursor([last.id]));
}

/**
 * Increments the version of the ledger, and stores what is to be published about the change in the outbox.
 * @param options.now epoch milliseconds
 * @param options.records JSON texts; none: nothing is published
 * @returns the new version, and the message to publish once the transaction is committed
 */
export async function advance(
  trx: Database,
  { id, version }: Pick<Portfolio, 'id' | 'version'>,
  by: number,
  { now, records = [] }: { now: number; records?: readonly string[] | undefined },
): Promise<{ version: number; message: OutboxMessage | null }> {
  const portfolios = trx('portfolios');
  const next = { portfolioId: id, version: version + by, previousVersion: version, records };
  const message = records.length > 0 ? next : null;
  // One round trip for both.
  if (message !== null) void portfolios.with('posted', trx('outbox').insert(outboxRow(message, now)));
  const rows: { version: number }[] = await portfolios
    .where({ id })
    .update({ version: trx.raw('version + ?::bigint', [by]), updated_at: new Date(now) })
    .returning('version');
  return { version: only(rows).version, message };
}

/** Ledger versions of the given portfolios; deleted ones are left out. */
export async function portfolioVersions(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const rows: { id: string; version: number }[] = await db('portfolios')
    .whereRaw('id = any(?)', [[...ids]])
    .select('id', 'version');
  return new Map(rows.map(({ id, version }) => [id, version]));
}
