import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { problem } from '../../lib/problem.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { only } from '../connection/single-row.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import { type OutboxMessage, outboxRow } from './outbox.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { assertRoom, lockUser } from '../connection/quota.ts';
import { refoldAll } from './refold.ts';

export interface PortfolioSettings extends PortfolioTerms {
  name: string;
  /** IANA name. */
  timeZone: string;
  /** A symbol; `null` for the default one. */
  benchmark: string | null;
}

export interface Portfolio extends PortfolioSettings {
  id: string;
  userId: string;
  /** Of the ledger: goes up with every entry booked, changed or removed, and with every change of terms. */
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
  version: number;
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
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/**
 * @param limit portfolios that the user may have; left out: any number
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

/** Those that there are, by id. */
export async function findPortfolios(db: Database, ids: readonly string[]): Promise<Map<string, Portfolio>> {
  const { rows } = await db.raw<{ rows: PortfolioRow[] }>(
    'select * from portfolios where id = any(?::uuid[])',
    [[...ids]],
  );
  return new Map(rows.map((row) => [row.id, toPortfolio(row)]));
}

/** The user's own, all of them. */
export async function portfolioIdsOf(db: Database, userId: string): Promise<string[]> {
  const rows: { id: string }[] = await db('portfolios').where({ user_id: userId }).select('id');
  return rows.map(({ id }) => id);
}

/** The user's portfolios in order of creation. */
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

/** The base currency is not among them: the rates in the ledger are in it. */
export type PortfolioChange = Partial<Omit<PortfolioSettings, 'baseCurrency'>>;

/** A change of a portfolio itself, about to be committed. */
export interface PortfolioMove {
  subject: 'portfolio';
  change: 'changed' | 'deleted';
  /** Of the ledger, after it. */
  version: number;
  /** As it is after the change; as it was, if it is deleted. */
  portfolio: Portfolio;
}

export interface PortfolioMoveOptions {
  clock: Clock;
  /** What is to be published about it: see `BookingOptions`. */
  records?: (move: PortfolioMove) => string[];
}

/**
 * What is `undefined` stays. New terms restate every position. A change of any setting is a version of the ledger; without
 * one there is no message. `null` if there is no such portfolio.
 */
export async function updatePortfolio(
  db: Database,
  id: string,
  change: PortfolioChange,
  { clock, records }: PortfolioMoveOptions,
): Promise<{ portfolio: Portfolio; message: OutboxMessage | null } | null> {
  return await db.transaction(async (trx) => {
    const row: PortfolioRow | undefined = await trx('portfolios').where({ id }).forUpdate().first();
    if (row === undefined) return null;
    const before = toPortfolio(row);
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const portfolio: Portfolio = { ...before, ...given };
    if (SETTINGS.every((name) => portfolio[name] === before[name]))
      return { portfolio: before, message: null };
    await trx('portfolios').where({ id }).update({
      name: portfolio.name,
      cost_method: portfolio.costMethod,
      time_zone: portfolio.timeZone,
      benchmark: portfolio.benchmark,
      cash_mode: portfolio.cashMode,
    });
    if (portfolio.costMethod !== before.costMethod || portfolio.cashMode !== before.cashMode) {
      await refoldAll(trx, id, portfolio);
    }
    const now = clock.now();
    portfolio.version += 1;
    portfolio.updatedAt = now;
    const move = { subject: 'portfolio', change: 'changed', version: portfolio.version, portfolio } as const;
    const { message } = await advance(trx, before, 1, { now, records: records?.(move) });
    return { portfolio, message };
  });
}

const SETTINGS = ['name', 'costMethod', 'timeZone', 'benchmark', 'cashMode'] as const;

/** Deletes portfolios with their ledgers. @returns what is to be published, once the transaction is committed */
export async function deletePortfolios(
  trx: Database,
  ids: readonly string[],
  { clock, records }: PortfolioMoveOptions,
): Promise<OutboxMessage[]> {
  await allowTime(trx, LONG_WORK_MS);
  // In one order, so that two who delete the same wait for each other once.
  const rows: PortfolioRow[] = await trx('portfolios').whereIn('id', ids).orderBy('id').forUpdate();
  const messages: OutboxMessage[] = [];
  for (const portfolio of rows.map(toPortfolio)) {
    const { id, version } = portfolio;
    const move = { subject: 'portfolio', change: 'deleted', version: version + 1, portfolio } as const;
    const { message } = await advance(trx, portfolio, 1, { now: clock.now(), records: records?.(move) });
    if (message !== null) messages.push(message);
    await trx('portfolios').where({ id }).delete();
  }
  return messages;
}

/** With its ledger. `null` if there was no such portfolio. */
export async function deletePortfolio(
  db: Database,
  id: string,
  options: PortfolioMoveOptions,
): Promise<{ message: OutboxMessage | null } | null> {
  return await db.transaction(async (trx) => {
    const row: unknown = await trx('portfolios').where({ id }).forUpdate().first('id');
    if (row === undefined) return null;
    const [message = null] = await deletePortfolios(trx, [id], options);
    return { message };
  });
}

/**
 * Holds every other writer of this portfolio's ledger off until the transaction ends.
 * @throws Problem `not-found`
 */
export async function lockPortfolio(trx: Database, id: string): Promise<Portfolio> {
  const row: PortfolioRow | undefined = await trx('portfolios').where({ id }).forUpdate().first();
  if (row === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  return toPortfolio(row);
}

/**
 * Counts changes of the ledger, and puts what is to be published about them into the outbox.
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

/** Ledger versions of the given portfolios; one that is gone is left out. */
export async function portfolioVersions(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const rows: { id: string; version: number }[] = await db('portfolios')
    .whereRaw('id = any(?)', [[...ids]])
    .select('id', 'version');
  return new Map(rows.map(({ id, version }) => [id, version]));
}
