import {
  type OpenMovement,
  type TransferMatch,
  transferMatches,
} from '../../lib/pnl/ledger/transfer-matches.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';
import { type Page, pageOf, type PageQuery } from '../connection/list-page.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { BookingOptions } from './booking-options.ts';
import { getEntry } from './entries.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from './entry-row.ts';
import { joinPairs } from './joins.ts';
import type { OutboxMessage } from './outbox.ts';
import { lockPortfolio, type Portfolio } from './portfolios.ts';
import { isMovement, type StoredTransfer } from './stored-entry.ts';

/**
 * Withdrawals and deposits that are compared with each other: the newest that are not joined. Each may fit each, and they
 * are compared between two turns of the event loop.
 */
export const COMPARED_MOVEMENTS = 1_000;
/** Sure matches that are joined at once. */
export const JOINED_AT_ONCE = 100;

interface Movement extends OpenMovement {
  entry: StoredTransfer;
}

export type OfferedMatch = TransferMatch<Movement>;

/** The entries that a match is of. */
export interface Pair {
  withdrawalId: string;
  depositId: string;
}

interface Offered {
  matches: OfferedMatch[];
  /** Whether all movements were compared. If not, none of the matches is sure. */
  complete: boolean;
}

type Terms = Pick<Portfolio, 'id' | 'baseCurrency'>;

/** The newest withdrawal first. @throws Problem `invalid-cursor` */
export async function listMatches(
  db: Database,
  portfolio: Terms,
  { limit, cursor }: PageQuery,
): Promise<Page<OfferedMatch> & { complete: boolean }> {
  const { matches, complete } = await offeredMatches(db, portfolio);
  let rest = matches;
  if (cursor) {
    const [time, withdrawalId, away, depositId] = decodeCursor(cursor, ['number', 'uuid', 'number', 'uuid']);
    const after = [-time, withdrawalId, away, depositId];
    rest = matches.filter((match) => isAfter(placeOf(match), after));
  }
  const page = pageOf(rest.slice(0, limit + 1), limit, (last) => {
    const [time, ...others] = placeOf(last);
    return encodeCursor([-time, ...others]);
  });
  return { ...page, complete };
}

/** What matches are sorted by. */
function placeOf({ withdrawal, deposit }: OfferedMatch): [number, string, number, string] {
  return [-withdrawal.time, withdrawal.id, Math.abs(deposit.time - withdrawal.time), deposit.id];
}

function isAfter(place: readonly (number | string)[], other: readonly (number | string)[]): boolean {
  const index = place.findIndex((part, each) => part !== other[each]);
  return index >= 0 && (place[index] ?? 0) > (other[index] ?? 0);
}

/**
 * Joins the two entries of a match. Nothing changes if they are joined with each other already.
 * @throws Problem `not-found` if the match is not offered
 */
export async function acceptMatch(
  db: Database,
  portfolioId: string,
  pair: Pair,
  options: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null } | null> {
  return await db.transaction(async (trx) => {
    // Nothing is booked while it is held, so what is found stays true.
    const portfolio = await lockPortfolio(trx, portfolioId);
    const withdrawal = await getEntry(trx, portfolioId, pair.withdrawalId);
    if (withdrawal !== null && isMovement(withdrawal) && withdrawal.joinedWith === pair.depositId)
      return null;
    const match = await offeredMatch(trx, portfolio, pair);
    return await joinPairs(trx, portfolio, [entriesOf(match)], options);
  });
}

/** Joins sure matches, the newest first. @returns those joined, and how many are left; `null` message for none */
export async function acceptSureMatches(
  db: Database,
  portfolioId: string,
  options: BookingOptions,
): Promise<{ accepted: OfferedMatch[]; remaining: number; message: OutboxMessage | null }> {
  return await db.transaction(async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const { matches } = await offeredMatches(trx, portfolio);
    const sure = matches.filter((match) => match.sure);
    const accepted = sure.slice(0, JOINED_AT_ONCE);
    if (accepted.length === 0) return { accepted, remaining: 0, message: null };
    const { message } = await joinPairs(trx, portfolio, accepted.map(entriesOf), options);
    return { accepted, remaining: sure.length - accepted.length, message };
  });
}

/** Remembers that two entries do not belong together. @throws Problem `not-found` if the match is not offered */
export async function rejectMatch(
  db: Database,
  portfolioId: string,
  pair: Pair,
  { now }: { now: number },
): Promise<void> {
  await db.transaction(async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const key = { withdrawal_id: pair.withdrawalId, deposit_id: pair.depositId };
    const known: object | undefined = await trx('rejected_matches')
      .where({ portfolio_id: portfolioId, ...key })
      .first('created_at');
    if (known !== undefined) return;
    await offeredMatch(trx, portfolio, pair);
    await trx('rejected_matches').insert({ portfolio_id: portfolioId, ...key, created_at: new Date(now) });
  });
}

async function offeredMatch(
  trx: Database,
  portfolio: Terms,
  { withdrawalId, depositId }: Pair,
): Promise<OfferedMatch> {
  const { matches } = await offeredMatches(trx, portfolio);
  const match = matches.find(
    ({ withdrawal, deposit }) => withdrawal.id === withdrawalId && deposit.id === depositId,
  );
  if (match === undefined) {
    throw problem('not-found', {
      detail:
        'There is no such match. Its entries may have been joined, changed or rejected: list the matches again, or join the two entries by their ids.',
    });
  }
  return match;
}

async function offeredMatches(db: Database, { id, baseCurrency }: Terms): Promise<Offered> {
  const rows: EntryRow[] = await db('ledger_entries')
    .select(db.raw(ENTRY_COLUMNS))
    .where({ portfolio_id: id })
    .whereRaw(`kind in ('deposit', 'withdrawal') and joined_with is null and not confirmed`)
    // Money goes to and from a bank: equal amounts tell nothing.
    .whereNot({ asset: baseCurrency })
    .orderBy([{ column: 'time', order: 'desc' }, { column: 'id' }])
    .limit(COMPARED_MOVEMENTS + 1);
  const rejections: { withdrawal_id: string; deposit_id: string }[] = await db('rejected_matches')
    .where({ portfolio_id: id })
    .select('withdrawal_id', 'deposit_id');
  const rejected = new Set(rejections.map((row) => `${row.withdrawal_id} ${row.deposit_id}`));
  const movements = rows.slice(0, COMPARED_MOVEMENTS).flatMap((row) => movementOf(row));
  const found = transferMatches(movements, (withdrawalId, depositId) =>
    rejected.has(`${withdrawalId} ${depositId}`),
  );
  const complete = rows.length <= COMPARED_MOVEMENTS;
  // What was not compared may fit as well.
  const matches = complete ? found : found.map((match) => ({ ...match, sure: false }));
  return { matches, complete };
}

function movementOf(row: EntryRow): Movement[] {
  const entry = toEntry(row);
  if (!isMovement(entry)) return [];
  const { id, kind, asset, quantity, time, account, exchange, txid } = entry;
  if (kind !== 'withdrawal' && kind !== 'deposit') return [];
  const place = account ?? (exchange === '' ? undefined : exchange);
  return [{ id, kind, asset, quantity, time, place, txid, entry }];
}

function entriesOf({ withdrawal, deposit }: OfferedMatch): {
  withdrawal: StoredTransfer;
  deposit: StoredTransfer;
} {
  return { withdrawal: withdrawal.entry, deposit: deposit.entry };
}
