import type { Failure } from '../../lib/exchanges/account-failure.ts';
import type { Database } from '../connection/database.ts';
import { AccountTakenError } from './account-taken.ts';
import type { AccountPhase, KeyPermissions } from './accounts.ts';

/** How far a source of an account has been read; only its adapter understands it. */
export type SourceCursor = Readonly<Record<string, unknown>>;

/** The right to read an account: the fencing token of its lease. */
export interface AccountHold {
  id: string;
  fence: number;
}

export async function sourceCursors(db: Database, accountId: string): Promise<Map<string, SourceCursor>> {
  const rows: { source: string; cursor: SourceCursor }[] = await db('account_cursors')
    .where({ account_id: accountId })
    .select('source', 'cursor');
  return new Map(rows.map(({ source, cursor }) => [source, cursor]));
}

/**
 * Stores how far a source has been read, after the entries were booked.
 * @throws AccountTakenError
 */
export async function saveCursor(
  db: Database,
  hold: AccountHold,
  { source, cursor, readUntil }: { source: string; cursor: SourceCursor; readUntil: number | null },
): Promise<void> {
  await db.transaction(async (trx) => {
    await update(trx, hold, readUntil === null ? {} : { read_until: new Date(readUntil) });
    await trx('account_cursors')
      .insert({ account_id: hold.id, source, cursor: JSON.stringify(cursor) })
      .onConflict(['account_id', 'source'])
      .merge();
  });
}

export interface AccountState {
  phase: AccountPhase;
  failure?: Failure | null;
  failures?: number;
  readUntil?: number | null;
  permissions?: KeyPermissions | null;
  keyExpiresAt?: number | null;
  lastSuccessAt?: number;
  reconciledAt?: number;
  nextTryAt?: number;
}

/** @throws AccountTakenError */
export async function saveState(db: Database, hold: AccountHold, state: AccountState): Promise<void> {
  const { phase, failure, failures, permissions } = state;
  const times = {
    read_until: state.readUntil,
    key_expires_at: state.keyExpiresAt,
    last_success_at: state.lastSuccessAt,
    reconciled_at: state.reconciledAt,
    next_try_at: state.nextTryAt,
  };
  const given = Object.entries(times).filter(([, time]) => time !== undefined);
  await update(db, hold, {
    phase,
    ...(failure !== undefined && { failure: failure === null ? null : JSON.stringify(failure) }),
    ...(failures !== undefined && { failures }),
    ...(permissions !== undefined && {
      permissions: permissions === null ? null : JSON.stringify(permissions),
    }),
    ...Object.fromEntries(
      given.map(([name, time]) => [name, typeof time === 'number' ? new Date(time) : null]),
    ),
  });
}

async function update(db: Database, { id, fence }: AccountHold, columns: object): Promise<void> {
  const updated = await db('exchange_accounts')
    .where({ id })
    .where('fence', '<=', fence)
    .where({ paused: false })
    .update({ ...columns, fence });
  if (updated === 0) throw new AccountTakenError(id);
}
