import type { Clock } from '../../lib/clock.ts';
import type { Failure } from '../../lib/exchanges/account-failure.ts';
import type { ExchangeId } from '../../lib/exchanges/exchange.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';
import { assertRoom } from '../connection/quota.ts';
import { only } from '../connection/single-row.ts';
import { AccountTakenError } from './account-taken.ts';

/**
 * `waiting`: not read yet. `reading`: its history is being read. `current`: read up to the present.
 * `failing`: will be retried. `stopped`: only the user can resume it.
 */
export const ACCOUNT_PHASES = ['waiting', 'reading', 'current', 'failing', 'stopped'] as const;
export type AccountPhase = (typeof ACCOUNT_PHASES)[number];

/** An account at an exchange, without its credentials. Times are epoch milliseconds. */
export interface ExchangeAccount {
  id: string;
  portfolioId: string;
  exchange: ExchangeId;
  label: string;
  /** The `account` of its entries: the label it was connected with. */
  place: string;
  allowTradingKey: boolean;
  paused: boolean;
  phase: AccountPhase;
  failure: Failure | null;
  /** Failed attempts since the last success. */
  failures: number;
  /** While the history is being read: how far it has got. */
  readUntil: number | null;
  /** What the key may do, as far as the exchange says. */
  permissions: KeyPermissions | null;
  keyExpiresAt: number | null;
  lastSuccessAt: number | null;
  nextTryAt: number;
  /** When its balances were last compared with the ledger. */
  reconciledAt: number | null;
  createdAt: number;
  updatedAt: number;
}

/** `null` if the exchange does not say. */
export interface KeyPermissions {
  trade: boolean | null;
  withdraw: boolean | null;
}

interface AccountRow {
  id: string;
  portfolio_id: string;
  exchange: ExchangeId;
  label: string;
  place: string;
  allow_trading_key: boolean;
  paused: boolean;
  phase: AccountPhase;
  failure: Failure | null;
  failures: number;
  read_until: number | null;
  permissions: KeyPermissions | null;
  key_expires_at: number | null;
  last_success_at: number | null;
  next_try_at: number;
  reconciled_at: number | null;
  created_at: number;
  updated_at: number;
}

const COLUMNS = [
  'id',
  'portfolio_id',
  'exchange',
  'label',
  'place',
  'allow_trading_key',
  'paused',
  'phase',
  'failure',
  'failures',
  'read_until',
  'permissions',
  'key_expires_at',
  'last_success_at',
  'next_try_at',
  'reconciled_at',
  'created_at',
  'updated_at',
] as const;

function toAccount(row: AccountRow): ExchangeAccount {
  return {
    id: row.id,
    portfolioId: row.portfolio_id,
    exchange: row.exchange,
    label: row.label,
    place: row.place,
    allowTradingKey: row.allow_trading_key,
    paused: row.paused,
    phase: row.phase,
    failure: row.failure,
    failures: row.failures,
    readUntil: row.read_until,
    permissions: row.permissions,
    keyExpiresAt: row.key_expires_at,
    lastSuccessAt: row.last_success_at,
    nextTryAt: row.next_try_at,
    reconciledAt: row.reconciled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export interface NewAccount {
  id: string;
  portfolioId: string;
  exchange: ExchangeId;
  label: string;
  sealed: Uint8Array;
  allowTradingKey: boolean;
  permissions: KeyPermissions | null;
  keyExpiresAt: number | null;
}

/**
 * @throws Problem `not-found` if there is no such portfolio, `conflict` if the label is taken,
 *   `quota-exceeded`
 */
export async function connectAccount(
  trx: Database,
  account: NewAccount,
  { clock, limit }: { clock: Clock; limit: number },
): Promise<ExchangeAccount> {
  const { portfolioId, label } = account;
  const own = { portfolio_id: portfolioId };
  const portfolio: unknown = await trx('portfolios').where({ id: portfolioId }).forUpdate().first('id');
  if (portfolio === undefined) throw problem('not-found', { detail: 'There is no such portfolio.' });
  await assertRoom(trx('exchange_accounts').where(own), {
    limit,
    variable: 'ACCOUNTS_PER_PORTFOLIO',
    what: 'accounts for a portfolio',
  });
  await assertFree(trx, own, label);
  const now = new Date(clock.now());
  const rows: AccountRow[] = await trx('exchange_accounts')
    .insert({
      id: account.id,
      ...own,
      exchange: account.exchange,
      label,
      place: label,
      sealed: Buffer.from(account.sealed),
      allow_trading_key: account.allowTradingKey,
      permissions: json(account.permissions),
      key_expires_at: dateOrNull(account.keyExpiresAt),
      phase: 'waiting',
      next_try_at: now,
      created_at: now,
      updated_at: now,
    })
    .returning(COLUMNS);
  return toAccount(only(rows));
}

async function assertFree(
  trx: Database,
  own: { portfolio_id: string },
  label: string,
  id?: string,
): Promise<void> {
  const taken = trx('exchange_accounts')
    .where(own)
    .where((either) => either.where({ label }).orWhere({ place: label }));
  if (id !== undefined) void taken.whereNot({ id });
  if ((await taken.first('id')) !== undefined) {
    throw problem('conflict', {
      detail: 'Another account of this portfolio has, or had, this label. Choose another one.',
    });
  }
}

export async function listAccounts(db: Database, portfolioId: string): Promise<ExchangeAccount[]> {
  const rows: AccountRow[] = await db('exchange_accounts')
    .where({ portfolio_id: portfolioId })
    .orderBy('id')
    .select(COLUMNS);
  return rows.map(toAccount);
}

export async function findAccount(
  db: Database,
  portfolioId: string,
  id: string,
): Promise<ExchangeAccount | null> {
  const row: AccountRow | undefined = await db('exchange_accounts')
    .where({ portfolio_id: portfolioId, id })
    .first(COLUMNS);
  return row === undefined ? null : toAccount(row);
}

export interface AccountChange {
  label?: string | undefined;
  paused?: boolean | undefined;
  allowTradingKey?: boolean | undefined;
  /** New credentials, with what the exchange says about them. */
  key?: { sealed: Uint8Array; permissions: KeyPermissions | null; keyExpiresAt: number | null } | undefined;
}

/**
 * Changes an account and makes it due at once. A stopped account resumes if it gets a new key, or if the
 * trading key that stopped it is now allowed.
 * @returns `null` if there is no such account
 * @throws Problem `conflict` if the label is taken
 */
export async function changeAccount(
  db: Database,
  portfolioId: string,
  id: string,
  change: AccountChange,
  { clock }: { clock: Clock },
): Promise<ExchangeAccount | null> {
  const { label, paused, allowTradingKey, key } = change;
  return await db.transaction(async (trx) => {
    const own = { portfolio_id: portfolioId };
    await trx('portfolios').where({ id: portfolioId }).forUpdate().first('id');
    if (label !== undefined) await assertFree(trx, own, label, id);
    const now = new Date(clock.now());
    const before: { failure: Failure | null } | undefined = await trx('exchange_accounts')
      .where({ ...own, id })
      .first('failure');
    const isAllowed = allowTradingKey === true && before?.failure?.code === 'trading-key';
    const goesOn = key !== undefined || isAllowed;
    const rows: AccountRow[] = await trx('exchange_accounts')
      .where({ ...own, id })
      .update({
        ...(label !== undefined && { label }),
        ...(paused !== undefined && { paused }),
        ...(allowTradingKey !== undefined && { allow_trading_key: allowTradingKey }),
        ...(key !== undefined && {
          sealed: Buffer.from(key.sealed),
          permissions: json(key.permissions),
          key_expires_at: dateOrNull(key.keyExpiresAt),
        }),
        ...(goesOn && { phase: 'waiting', failure: null, failures: 0 }),
        next_try_at: now,
        updated_at: now,
      })
      .returning(COLUMNS);
    return rows[0] === undefined ? null : toAccount(rows[0]);
  });
}

/**
 * @param trx holds the portfolio's lock, which deleting an account requires too
 * @throws AccountTakenError if the account is deleted
 */
export async function assertConnected(trx: Database, id: string): Promise<void> {
  if ((await trx('exchange_accounts').where({ id }).first('id')) === undefined)
    throw new AccountTakenError(id);
}

/**
 * Makes an account due at once, even if it has stopped.
 * @returns `null` if there is no such account
 */
export async function wakeAccount(
  db: Database,
  portfolioId: string,
  id: string,
  { clock }: { clock: Clock },
): Promise<ExchangeAccount | null> {
  const rows: AccountRow[] = await db('exchange_accounts')
    .where({ portfolio_id: portfolioId, id })
    .update({
      next_try_at: new Date(clock.now()),
      phase: db.raw(`case when phase = 'stopped' then 'waiting' else phase end`),
    })
    .returning(COLUMNS);
  return rows[0] === undefined ? null : toAccount(rows[0]);
}

/** Makes an account due at once, unless it is paused or stopped. */
export async function makeDue(db: Database, id: string, { clock }: { clock: Clock }): Promise<void> {
  await db('exchange_accounts')
    .where({ id })
    .update({ next_try_at: new Date(clock.now()) });
}

/** Accounts that are due, the longest overdue first. */
export async function dueAccounts(
  db: Database,
  { now, limit }: { now: number; limit: number },
): Promise<ExchangeAccount[]> {
  const rows: AccountRow[] = await db('exchange_accounts')
    .where({ paused: false })
    .whereNot({ phase: 'stopped' })
    .where('next_try_at', '<=', new Date(now))
    .orderBy('next_try_at')
    .limit(limit)
    .select(COLUMNS);
  return rows.map(toAccount);
}

/** The accounts among `ids` that are neither deleted, paused nor stopped. */
export async function readAccounts(db: Database, ids: readonly string[]): Promise<Set<string>> {
  const rows: { id: string }[] = await db('exchange_accounts')
    .whereIn('id', ids)
    .where({ paused: false })
    .whereNot({ phase: 'stopped' })
    .select('id');
  return new Set(rows.map(({ id }) => id));
}

/** The encrypted credentials of an account; `null` if it is deleted. */
export async function sealedCredentials(db: Database, id: string): Promise<Uint8Array | null> {
  const row: { sealed: Uint8Array } | undefined = await db('exchange_accounts').where({ id }).first('sealed');
  return row?.sealed ?? null;
}

/**
 * Replaces credentials by the same ones encrypted with a new key, unless they have changed in the meantime.
 */
export async function replaceSealed(
  db: Database,
  id: string,
  { before, after }: { before: Uint8Array; after: Uint8Array },
): Promise<void> {
  await db('exchange_accounts')
    .where({ id, sealed: Buffer.from(before) })
    .update({ sealed: Buffer.from(after) });
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function dateOrNull(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}
