import { decimal, ZERO } from '../../../lib/money/money.ts';
import { encodeCarried } from '../../../lib/pnl/ledger/carried.ts';
import { problem } from '../../../lib/problem.ts';
import { applyEntries } from '../positions/apply-entries.ts';
import type { BookingOptions, EntriesMove } from '../positions/booking-options.ts';
import { recarry } from './carry.ts';
import type { Database } from '../../connection/database.ts';
import { getEntry } from '../entries/entries.ts';
import { startsOf } from '../entries/entry-assets.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from '../entries/entry-row.ts';
import { applyRecarried, type FollowingOptions, movesOf } from './following.ts';
import {
  ledgerOf,
  type Ledgers,
  lockingLedgers,
  lockLedgers,
  saveLinks,
} from '../portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../portfolios/outbox.ts';
import { advance } from '../portfolios/portfolios.ts';
import { isMovement, type JoinedBy, type StoredEntry, type StoredTransfer } from '../entries/stored-entry.ts';

/**
 * Withdrawals and the deposits as which they arrived. A pair within one portfolio only moves the assets to another
 * place; what left but did not arrive is the fee. If the deposit is in another portfolio, the lots move there.
 * Unmatched again, both are external flows. Either change restates everything exactly, because the effect of the two
 * depends on their rows alone.
 */

export interface Place {
  portfolioId: string;
  id: string;
}

export interface Pair {
  withdrawal: StoredTransfer;
  deposit: StoredTransfer;
}

/** An entry that was matched or unmatched. */
export interface Restated {
  before: StoredTransfer;
  after: StoredTransfer;
}

type Changed = {
  messages: OutboxMessage[];
  /** The two halves of each pair, as they are now. */
  entries: StoredTransfer[];
};

/**
 * Matches a withdrawal with its deposit.
 * @throws Problem `not-found`; `conflict` for entries that do not fit together
 */
export async function joinEntries(
  db: Database,
  { withdrawal, deposit }: { withdrawal: Place; deposit: Place },
  options: BookingOptions,
): Promise<Changed> {
  return await lockingLedgers(db, async (trx) => {
    const ledgers = await lockLedgers(trx, [withdrawal.portfolioId, deposit.portfolioId]);
    const pair = { withdrawal: await movementOf(trx, withdrawal), deposit: await movementOf(trx, deposit) };
    return await joinPairs(trx, ledgers, [pair], null, options);
  });
}

/**
 * Matches withdrawals with their deposits, as one change of each ledger.
 * @param ledgers those of the pairs, and all that are linked with them
 * @param by what joins them; `null`: a person or a file
 * @throws Problem `conflict` for entries that do not fit together
 */
export async function joinPairs(
  trx: Database,
  ledgers: Ledgers,
  pairs: readonly Pair[],
  by: JoinedBy | null,
  options: BookingOptions,
): Promise<Changed> {
  const restated = pairs.flatMap(({ withdrawal, deposit }): Restated[] => {
    assertJoinable(withdrawal, deposit, ledgers);
    const joined = deposit.quantity;
    const joinedBy = by ?? undefined;
    return [
      { before: withdrawal, after: { ...withdrawal, joined, joinedBy, ...joinedWith(deposit, withdrawal) } },
      { before: deposit, after: { ...deposit, joined, joinedBy, ...joinedWith(withdrawal, deposit) } },
    ];
  });
  return await restate(trx, ledgers, restated, options);
}

function joinedWith(other: StoredTransfer, own: StoredTransfer): Partial<StoredTransfer> {
  const here = { joinedWith: other.id };
  if (other.portfolioId === own.portfolioId) return here;
  return { ...here, joinedPortfolio: other.portfolioId, elsewhere: true };
}

/**
 * Unmatches an entry.
 * @throws Problem `not-found`, `conflict` if it is not matched
 */
export async function partEntries(db: Database, place: Place, options: BookingOptions): Promise<Changed> {
  return await lockingLedgers(db, async (trx) => {
    const ledgers = await lockLedgers(trx, [place.portfolioId]);
    const entry = await movementOf(trx, place);
    if (entry.joinedWith === undefined) {
      throw problem('conflict', { detail: 'The entry is not joined with another.' });
    }
    const other = await movementOf(trx, otherOf(entry, entry.joinedWith));
    const restated = [entry, other].map((before) => ({ before, after: parted(before) }));
    return await restate(trx, ledgers, restated, options);
  });
}

/** Where the other half of an entry is; `null` if it is not matched. */
export async function joinedPlace(db: Database, { portfolioId, id }: Place): Promise<Place | null> {
  const entry = await getEntry(db, portfolioId, id);
  if (entry === null || !isMovement(entry) || entry.joinedWith === undefined) return null;
  return otherOf(entry, entry.joinedWith);
}

function otherOf(entry: StoredTransfer, id: string): Place {
  return { portfolioId: entry.joinedPortfolio ?? entry.portfolioId, id };
}

/** Unmatches the other half of an entry that is being removed from the ledger, and returns it. */
export async function partOther(trx: Database, entry: StoredEntry): Promise<Restated[]> {
  if (!isMovement(entry) || entry.joinedWith === undefined) return [];
  const before = await movementOf(trx, otherOf(entry, entry.joinedWith));
  const after = parted(before);
  await saveJoin(trx, after);
  return [{ before, after }];
}

/** Unmatches the entries whose other halves are in portfolios that are about to be deleted, and returns them. */
export async function partOthers(trx: Database, portfolioIds: readonly string[]): Promise<Restated[]> {
  const { rows } = await trx.raw<{ rows: EntryRow[] }>(
    `select ${ENTRY_COLUMNS} from ledger_entries
     where id in (select joined_with from ledger_entries where portfolio_id = any(:ids::uuid[]) and joined_portfolio is not null)
       and portfolio_id <> all(:ids::uuid[])`,
    { ids: [...portfolioIds] },
  );
  const restated: Restated[] = [];
  for (const before of rows.map(toEntry)) {
    if (!isMovement(before)) continue;
    const after = parted(before);
    await saveJoin(trx, after);
    restated.push({ before, after });
  }
  return restated;
}

async function movementOf(trx: Database, { portfolioId, id }: Place): Promise<StoredTransfer> {
  const entry = await getEntry(trx, portfolioId, id);
  if (entry === null || !isMovement(entry)) {
    throw problem('not-found', { detail: `There is no deposit or withdrawal ${id} in this portfolio.` });
  }
  return entry;
}

function assertJoinable(withdrawal: StoredTransfer, deposit: StoredTransfer, ledgers: Ledgers): void {
  const refuse = (detail: string): never => {
    throw problem('conflict', { detail });
  };
  if (withdrawal.kind !== 'withdrawal' || deposit.kind !== 'deposit') {
    refuse('A withdrawal can be joined with a deposit only.');
  }
  if (withdrawal.joinedWith !== undefined || deposit.joinedWith !== undefined) {
    refuse('One of the two entries is joined already. Part it first.');
  }
  if (withdrawal.asset !== deposit.asset) refuse('The two entries are of different assets.');
  if (deposit.quantity > withdrawal.quantity - (withdrawal.networkFee ?? ZERO)) {
    refuse('More has arrived than has left, less its fee.');
  }
  const [from, to] = [ledgerOf(ledgers, withdrawal.portfolioId), ledgerOf(ledgers, deposit.portfolioId)];
  if (from.userId !== to.userId) refuse('The two portfolios belong to different people.');
  if (from.simulated !== to.simulated) refuse('One of the two portfolios is valued at simulated prices.');
  if (from.baseCurrency !== to.baseCurrency) {
    refuse(
      `The portfolios have different base currencies, ${from.baseCurrency} and ${to.baseCurrency}: what the coins cost in one cannot be told in the other.`,
    );
  }
}

function parted(entry: StoredTransfer): StoredTransfer {
  const {
    joined: _,
    joinedWith: __,
    joinedPortfolio: ___,
    elsewhere: ____,
    carried: _____,
    joinedBy: ______,
    ...rest
  } = entry;
  return rest;
}

/** Each ledger gets one version, whether its entries were matched or only depend on others. */
async function restate(
  trx: Database,
  ledgers: Ledgers,
  restated: readonly Restated[],
  options: BookingOptions,
): Promise<Changed> {
  for (const { after } of restated) await saveJoin(trx, after);
  const entries = restated.map(({ after }) => after);
  const isLinked = ledgers.size > 1 || [...ledgers.values()].some(({ linked }) => linked.length > 0);
  if (ledgers.size > 1) await saveLinks(trx, ledgers);
  const recarried = isLinked ? await recarry(trx, ledgers, startsOf(entries)) : [];
  const bringing = new Map(recarried.map((each) => [each.after.id, each.after.carried]));
  const own = restated.map(({ before, after }) => {
    const carried = bringing.get(after.id);
    return { before, after: carried === undefined ? after : { ...after, carried } };
  });
  const messages = await applyRestated(trx, ledgers, own, options);
  const others = recarried.filter(({ after }) => !entries.some(({ id }) => id === after.id));
  const origins = new Set(entries.map(({ portfolioId }) => portfolioId));
  return {
    messages: [...messages, ...(await applyRecarried(trx, ledgers, others, { ...options, origins }))],
    entries: own.map(({ after }) => after),
  };
}

/** Restates positions after entries were matched or unmatched: one version per ledger. */
export async function applyRestated(
  trx: Database,
  ledgers: Ledgers,
  restated: readonly Restated[],
  options: Omit<FollowingOptions, 'records'> & { records?: ((move: EntriesMove) => string[]) | undefined },
): Promise<OutboxMessage[]> {
  const messages: OutboxMessage[] = [];
  for (const portfolio of ledgers.values()) {
    const own = restated.filter(({ after }) => after.portfolioId === portfolio.id);
    if (own.length === 0) continue;
    const { added, removed } = movesOf(own);
    await applyEntries(trx, portfolio.id, portfolio, { added, removed }, options);
    const version = portfolio.version + 1;
    const records = options.records?.({ subject: 'entries', change: 'changed', version, entries: added });
    const { message } = await advance(trx, portfolio, 1, { now: options.clock.now(), records });
    if (message !== null) messages.push(message);
  }
  return messages;
}

async function saveJoin(trx: Database, entry: StoredTransfer): Promise<void> {
  const { id, joined, joinedWith: other, joinedPortfolio, joinedBy, carried } = entry;
  await trx('ledger_entries')
    .where({ id })
    .update({
      joined_with: other ?? null,
      joined_quantity: joined === undefined ? null : decimal(joined),
      joined_portfolio: joinedPortfolio ?? null,
      joined_by: joinedBy ?? null,
      carried: carried === undefined ? null : JSON.stringify(encodeCarried(carried)),
    });
}
