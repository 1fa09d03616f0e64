import {
  type OpenMovement,
  type TransferMatch,
  transferMatches,
} from '../../../lib/pnl/ledger/transfer-matches.ts';
import { ZERO } from '../../../lib/money/money.ts';
import { problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { type Page, pageOf, type PageQuery } from '../../connection/list-page.ts';
import { decodeCursor, encodeCursor } from '../../connection/page-cursor.ts';
import type { BookingOptions } from '../positions/booking-options.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from '../entries/entry-row.ts';
import { joinPairs, type Pair as JoinedPair } from './joins.ts';
import { lockingLedgers, lockLedgers } from '../portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../portfolios/outbox.ts';
import type { Portfolio } from '../portfolios/portfolios.ts';
import { isMovement, type StoredTransfer } from '../entries/stored-entry.ts';

/**
 * How many withdrawals and deposits are compared: the newest unmatched ones. Each may fit any other, and they are
 * compared within one turn of the event loop.
 */
export const COMPARED_MOVEMENTS = 1_000;
/** How many certain matches are accepted at once. */
export const JOINED_AT_ONCE = 100;

interface Movement extends OpenMovement {
  entry: StoredTransfer;
}

export type OfferedMatch = TransferMatch<Movement>;

/** The two entries of a match. */
export interface Pair {
  withdrawalId: string;
  depositId: string;
}

/** Where matches are searched: within a portfolio, or between it and the others. */
export interface MatchScope {
  portfolio: Pick<Portfolio, 'id' | 'baseCurrency'>;
  /** Portfolios of the same owner in the same base currency. */
  others: readonly string[];
}

interface Offered {
  matches: OfferedMatch[];
  /** Whether all movements were compared. If not, no match is certain. */
  complete: boolean;
}

/**
 * The newest withdrawal first.
 * @throws Problem `invalid-cursor`
 */
export async function listMatches(
  db: Database,
  scope: MatchScope,
  { limit, cursor }: PageQuery,
): Promise<Page<OfferedMatch> & { complete: boolean }> {
  const { matches, complete } = await offeredMatches(db, scope);
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

/** The sort keys of matches. */
function placeOf({ withdrawal, deposit }: OfferedMatch): [number, string, number, string] {
  return [-withdrawal.time, withdrawal.id, Math.abs(deposit.time - withdrawal.time), deposit.id];
}

function isAfter(place: readonly (number | string)[], other: readonly (number | string)[]): boolean {
  const index = place.findIndex((part, each) => part !== other[each]);
  return index >= 0 && (place[index] ?? 0) > (other[index] ?? 0);
}

/** The portfolios of a match's withdrawal and deposit; `null` unless both are in the scope. */
export async function portfoliosOf(
  db: Database,
  { portfolio, others }: MatchScope,
  { withdrawalId, depositId }: Pair,
): Promise<{ withdrawal: string; deposit: string } | null> {
  const rows: { id: string; portfolio_id: string }[] = await db('ledger_entries')
    .whereRaw('id = any(?::uuid[])', [[withdrawalId, depositId]])
    .select('id', 'portfolio_id');
  const of = (id: string): string => rows.find((row) => row.id === id)?.portfolio_id ?? '';
  const [withdrawal, deposit] = [of(withdrawalId), of(depositId)];
  const isIn = [withdrawal, deposit].every((id) => id === portfolio.id || others.includes(id));
  return isIn && [withdrawal, deposit].includes(portfolio.id) ? { withdrawal, deposit } : null;
}

/**
 * Accepts a match. Nothing changes if its entries are already matched with each other.
 * @throws Problem `not-found` if the match is not offered
 */
export async function acceptMatch(
  db: Database,
  scope: MatchScope,
  pair: Pair,
  options: BookingOptions,
): Promise<{ messages: readonly OutboxMessage[] }> {
  return await lockingLedgers(db, async (trx) => {
    const ends = await portfoliosOf(trx, scope, pair);
    if (ends === null) throw notOffered();
    // Nothing is booked while the locks are held, so the result stays valid.
    const ledgers = await lockLedgers(trx, [ends.withdrawal, ends.deposit]);
    const joined: object | undefined = await trx('ledger_entries')
      .where({ id: pair.withdrawalId, joined_with: pair.depositId })
      .first('id');
    if (joined !== undefined) return { messages: [] };
    const match = await offeredMatch(trx, scope, pair);
    return await joinPairs(trx, ledgers, [entriesOf(match)], null, options);
  });
}

/**
 * Accepts certain matches, the newest first.
 * @param writable portfolios that may be changed: matches with others are left alone
 * @returns the accepted matches, and how many are left
 */
export async function acceptSureMatches(
  db: Database,
  scope: MatchScope,
  writable: ReadonlySet<string>,
  options: BookingOptions,
): Promise<{ accepted: OfferedMatch[]; remaining: number; messages: readonly OutboxMessage[] }> {
  const sureOnes = async (trx: Database): Promise<OfferedMatch[]> =>
    (await offeredMatches(trx, scope)).matches.filter(
      ({ sure, withdrawal, deposit }) =>
        sure && writable.has(withdrawal.portfolioId) && writable.has(deposit.portfolioId),
    );
  return await lockingLedgers(db, async (trx) => {
    const wanted = (await sureOnes(trx)).slice(0, JOINED_AT_ONCE);
    const ids = wanted.flatMap(({ withdrawal, deposit }) => [withdrawal.portfolioId, deposit.portfolioId]);
    const ledgers = await lockLedgers(trx, [...new Set([scope.portfolio.id, ...ids])]);
    // As they are now that nothing is booked; other portfolios follow in the next call.
    const sure = await sureOnes(trx);
    const accepted = sure
      .filter(
        ({ withdrawal, deposit }) => ledgers.has(withdrawal.portfolioId) && ledgers.has(deposit.portfolioId),
      )
      .slice(0, JOINED_AT_ONCE);
    if (accepted.length === 0) return { accepted, remaining: sure.length, messages: [] };
    const { messages } = await joinPairs(trx, ledgers, accepted.map(entriesOf), null, options);
    return { accepted, remaining: sure.length - accepted.length, messages };
  });
}

/**
 * Remembers that two entries do not belong together.
 * @throws Problem `not-found` if the match is not offered
 */
export async function rejectMatch(
  db: Database,
  scope: MatchScope,
  pair: Pair,
  { now }: { now: number },
): Promise<void> {
  await lockingLedgers(db, async (trx) => {
    const ends = await portfoliosOf(trx, scope, pair);
    if (ends === null) throw notOffered();
    await lockLedgers(trx, [ends.withdrawal, ends.deposit]);
    const key = { withdrawal_id: pair.withdrawalId, deposit_id: pair.depositId };
    const known: object | undefined = await trx('rejected_matches').where(key).first('created_at');
    if (known !== undefined) return;
    await offeredMatch(trx, scope, pair);
    await trx('rejected_matches').insert({
      portfolio_id: ends.withdrawal,
      ...key,
      created_at: new Date(now),
    });
  });
}

async function offeredMatch(
  trx: Database,
  scope: MatchScope,
  { withdrawalId, depositId }: Pair,
): Promise<OfferedMatch> {
  const { matches } = await offeredMatches(trx, scope);
  const match = matches.find(
    ({ withdrawal, deposit }) => withdrawal.id === withdrawalId && deposit.id === depositId,
  );
  if (match === undefined) throw notOffered();
  return match;
}

function notOffered(): Error {
  return problem('not-found', {
    detail:
      'There is no such match. Its entries may have been joined, changed or rejected: list the matches again, or join the two entries by their ids.',
  });
}

async function offeredMatches(db: Database, { portfolio, others }: MatchScope): Promise<Offered> {
  const { id, baseCurrency } = portfolio;
  const ids = [id, ...others];
  const rows: EntryRow[] = await db('ledger_entries')
    .select(db.raw(ENTRY_COLUMNS))
    .whereRaw('portfolio_id = any(?::uuid[])', [ids])
    .whereRaw(`kind in ('deposit', 'withdrawal') and joined_with is null and not confirmed`)
    // Money comes from and goes to a bank, so equal amounts prove nothing.
    .whereNot({ asset: baseCurrency })
    .orderBy([{ column: 'time', order: 'desc' }, { column: 'id' }])
    .limit(COMPARED_MOVEMENTS + 1);
  const rejections: { withdrawal_id: string; deposit_id: string }[] = await db('rejected_matches')
    .whereRaw('portfolio_id = any(?::uuid[])', [ids])
    .select('withdrawal_id', 'deposit_id');
  const rejected = new Set(rejections.map((row) => `${row.withdrawal_id} ${row.deposit_id}`));
  const movements = rows.slice(0, COMPARED_MOVEMENTS).flatMap((row) => movementOf(row));
  // Movements between the others take part, because an entry may fit one of them as well.
  const found = transferMatches(movements, (withdrawalId, depositId) =>
    rejected.has(`${withdrawalId} ${depositId}`),
  ).filter(({ withdrawal, deposit }) => withdrawal.portfolioId === id || deposit.portfolioId === id);
  const complete = rows.length <= COMPARED_MOVEMENTS;
  // What was not compared may fit as well.
  const matches = complete ? found : found.map((match) => ({ ...match, sure: false }));
  return { matches, complete };
}

function movementOf(row: EntryRow): Movement[] {
  const entry = toEntry(row);
  if (!isMovement(entry)) return [];
  const { id, portfolioId, kind, asset, quantity, time, account, exchange, txid } = entry;
  if (kind !== 'withdrawal' && kind !== 'deposit') return [];
  const place = account ?? (exchange === '' ? undefined : exchange);
  // A known fee does not arrive.
  const left = quantity - (entry.networkFee ?? ZERO);
  return [{ id, portfolioId, kind, asset, quantity: left, time, place, txid, entry }];
}

function entriesOf({ withdrawal, deposit }: OfferedMatch): JoinedPair {
  return { withdrawal: withdrawal.entry, deposit: deposit.entry };
}
