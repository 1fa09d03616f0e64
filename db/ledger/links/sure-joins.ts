import { EARLIEST_MS, LATEST_MS } from '../../../lib/pnl/ledger/transfer-matches.ts';
import { ZERO } from '../../../lib/money/money.ts';
import type { Database } from '../../connection/database.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from '../entries/entry-row.ts';
import { isMovement, type StoredTransfer } from '../entries/stored-entry.ts';
import { lockingLedgers, lockLedgers } from '../portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../portfolios/outbox.ts';
import type { Portfolio } from '../portfolios/portfolios.ts';
import type { BookingOptions } from '../positions/booking-options.ts';
import { joinPairs, type Pair } from './joins.ts';

/** New entries whose transactions are looked up by one statement. */
const LOOKED_UP_AT_ONCE = 500;
/** Pairs that are joined as one change of each ledger. */
const JOINED_AT_ONCE = 100;

/** In whose name entries are joined, and where. */
export interface SureScope {
  portfolio: Pick<Portfolio, 'userId' | 'baseCurrency'>;
  /** Portfolios of the same owner in the same base currency that may be changed, the booked one included. */
  writable: ReadonlySet<string>;
}

export interface SureJoins {
  messages: OutboxMessage[];
  /** Entries as they are now. */
  joined: StoredTransfer[];
  /** The version of each changed ledger. */
  versions: Map<string, number>;
}

/**
 * Joins new withdrawals and deposits with their other halves where nothing else is possible: one withdrawal and one
 * deposit, and no third entry of the owner, carry the same transaction id and asset; what arrived is exactly what left,
 * less its stated fee, within the time that transfers take; and no person has rejected the two, parted them or said that
 * the withdrawal left for good. The base currency is left out, as in the matches that are offered. Called after the
 * booking has been committed: of two bookings at once, the later one finds both halves.
 * @param ids of the new entries; any others are passed over
 */
export async function joinSure(
  db: Database,
  scope: SureScope,
  ids: readonly string[],
  options: BookingOptions,
): Promise<SureJoins> {
  const all: SureJoins = { messages: [], joined: [], versions: new Map() };
  for (let at = 0; at < ids.length; at += LOOKED_UP_AT_ONCE) {
    const pairs = await surePairs(db, scope, ids.slice(at, at + LOOKED_UP_AT_ONCE));
    for (let from = 0; from < pairs.length; from += JOINED_AT_ONCE) {
      await joinSome(db, scope, pairs.slice(from, from + JOINED_AT_ONCE), options, all);
    }
  }
  return all;
}

async function joinSome(
  db: Database,
  scope: SureScope,
  found: readonly Pair[],
  options: BookingOptions,
  all: SureJoins,
): Promise<void> {
  const done = await lockingLedgers(db, async (trx) => {
    const places = found.flatMap(({ withdrawal, deposit }) => [withdrawal.portfolioId, deposit.portfolioId]);
    const ledgers = await lockLedgers(trx, [...new Set(places)]);
    // As they are now that nothing else is booked.
    const ids = found.map(({ deposit }) => deposit.id);
    const pairs = (await surePairs(trx, scope, ids)).filter(
      ({ withdrawal, deposit }) => ledgers.has(withdrawal.portfolioId) && ledgers.has(deposit.portfolioId),
    );
    if (pairs.length === 0) return null;
    const { messages, entries } = await joinPairs(trx, ledgers, pairs, 'txid', options);
    const changed = new Set(entries.map(({ portfolioId }) => portfolioId));
    const versions = [...ledgers.values()].filter(({ id }) => changed.has(id));
    return { messages, entries, versions };
  });
  if (done === null) return;
  all.messages.push(...done.messages);
  all.joined.push(...done.entries);
  for (const { id, version } of done.versions) all.versions.set(id, version + 1);
}

async function surePairs(
  db: Database,
  { portfolio, writable }: SureScope,
  ids: readonly string[],
): Promise<Pair[]> {
  const columns = ENTRY_COLUMNS.split(', ')
    .map((column) => `e.${column}`)
    .join(', ');
  const { rows }: { rows: EntryRow[] } = await db.raw(
    `with named as (
       select distinct asset, txid from ledger_entries
       where id = any(cast(:ids as uuid[])) and txid is not null and kind in ('deposit', 'withdrawal')
         and asset <> :baseCurrency
     ), found as (
       select e.id, count(*) over of_transaction as entries,
         count(*) filter (where e.kind = 'deposit') over of_transaction as deposits
       from named n join ledger_entries e on e.txid = n.txid and e.asset = n.asset
         and e.portfolio_id = any(array(select id from portfolios where user_id = :userId))
         and e.kind in ('deposit', 'withdrawal')
       window of_transaction as (partition by n.asset, n.txid)
     )
     select ${columns} from found join ledger_entries e on e.id = found.id
     where entries = 2 and deposits = 1 and not exists (
       select 1 from rejected_matches r where r.withdrawal_id = e.id or r.deposit_id = e.id
     )
     order by e.txid, e.asset, e.kind`,
    { ids: [...ids], userId: portfolio.userId, baseCurrency: portfolio.baseCurrency },
  );
  const deposits = new Map<string, StoredTransfer>();
  const pairs: Pair[] = [];
  for (const entry of rows.map(toEntry)) {
    if (!isMovement(entry)) continue;
    const key = JSON.stringify([entry.asset, entry.txid]);
    if (entry.kind === 'deposit') {
      deposits.set(key, entry);
      continue;
    }
    const deposit = deposits.get(key);
    if (deposit !== undefined && isSure(entry, deposit, writable)) pairs.push({ withdrawal: entry, deposit });
  }
  return pairs;
}

function isSure(withdrawal: StoredTransfer, deposit: StoredTransfer, writable: ReadonlySet<string>): boolean {
  if ([withdrawal, deposit].some(({ joinedWith }) => joinedWith !== undefined)) return false;
  if (withdrawal.confirmed === true) return false;
  if (![withdrawal, deposit].every(({ portfolioId }) => writable.has(portfolioId))) return false;
  const away = deposit.time - withdrawal.time;
  if (away < EARLIEST_MS || away > LATEST_MS) return false;
  return deposit.quantity === withdrawal.quantity - (withdrawal.networkFee ?? ZERO);
}
