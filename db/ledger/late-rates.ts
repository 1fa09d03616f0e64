import type { FoundRate, RateKey, RateOrigin } from '../../lib/pnl/ledger/rate-origin.ts';
import { applyEntries } from './positions/apply-entries.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry, toRow } from './entries/entry-row.ts';
import { startsOf } from './entries/entry-assets.ts';
import { follow, type Followed, type FollowingOptions } from './links/following.ts';
import { ownRates } from './rates/own-rates.ts';
import { PENDING_RATE } from './rates/pending-rates.ts';
import { ledgerOf, lockingLedgers, lockLedgers } from './portfolios/linked-ledgers.ts';
import { advance } from './portfolios/portfolios.ts';
import { rateTable, type RateTerms } from './rates/rates.ts';
import { rateKey, rateNeeds, ratesOf, type RateNeed, withRates } from './rates/entry-rates.ts';
import { type StoredEntry } from './entries/stored-entry.ts';

/**
 * Rates that become known later. An entry without a rate is valued as if it were booked now, and stays unchanged
 * otherwise: by the market's last price at or before its time or, without one, by the portfolio's own last trade, which
 * is replaced as soon as there is a market price. A market price that an entry already has is kept.
 */

/** Entries that get another rate now. */
export interface Revaluable {
  /** Ids of entries by portfolio. */
  found: Map<string, string[]>;
  /** Where to continue; `null` after the last entry without a rate. */
  nextCursor: string | null;
}

type PendingRow = EntryRow & { base_currency: string; simulated: boolean };

/** Looks through the next `limit` entries without a rate, in all portfolios, for those that get one now. */
export async function findRevaluable(
  db: Database,
  cursor: string | null,
  limit: number,
): Promise<Revaluable> {
  const query = db('ledger_entries as e')
    .join('portfolios as p', 'p.id', 'e.portfolio_id')
    .whereRaw(PENDING_RATE)
    .orderBy(['e.portfolio_id', 'e.time', 'e.tie'])
    .limit(limit)
    .select(db.raw(COLUMNS), 'p.base_currency', 'p.simulated');
  if (cursor !== null) {
    const [portfolioId, time, tie] = decodeCursor(cursor, ['uuid', 'number', 'text']);
    void query.whereRaw('(e.portfolio_id, e.time, e.tie) > (?, ?, ?)', [portfolioId, new Date(time), tie]);
  }
  const rows: PendingRow[] = await query;
  const byPortfolio = new Map<string, PendingRow[]>();
  for (const row of rows) {
    const same = byPortfolio.get(row.portfolio_id);
    if (same === undefined) byPortfolio.set(row.portfolio_id, [row]);
    else same.push(row);
  }
  const found = new Map<string, string[]>();
  for (const [portfolioId, pending] of byPortfolio) {
    const [first] = pending;
    const { base_currency: baseCurrency = '', simulated = false } = first ?? {};
    const entries = pending.map(toEntry);
    const revalued = await revaluedEntries(db, { id: portfolioId, baseCurrency, simulated }, entries);
    if (revalued.length > 0)
      found.set(
        portfolioId,
        revalued.map(({ after }) => after.id),
      );
  }
  const last = rows.at(-1);
  const isWhole = last === undefined || rows.length < limit;
  return { found, nextCursor: isWhole ? null : encodeCursor([last.portfolio_id, last.time, last.tie]) };
}

const COLUMNS = ENTRY_COLUMNS.split(', ')
  .map((column) => `e.${column}`)
  .join(', ');

/**
 * Gives these entries the rates that are known now, and restates what depends on them.
 * @returns `null` if none of them gets another one
 * @throws Problem `not-found`
 */
export async function valueEntries(
  db: Database,
  portfolioId: string,
  ids: readonly string[],
  options: FollowingOptions,
): Promise<Valued | null> {
  return await lockingLedgers(db, async (trx) => await valueLocked(trx, portfolioId, ids, options));
}

/** New entries that are valued with their booking; more of them, and older ones, are valued a moment later. */
export const VALUED_AT_ONCE = 1_000;

/**
 * Gives new entries the rates that only the ledger knows, its own trades', in the transaction that books them: whoever
 * reads the ledger next finds them valued.
 * @param trx holds the portfolio's lock
 */
export async function valueBooked(
  trx: Database,
  portfolioId: string,
  booked: readonly StoredEntry[],
  options: FollowingOptions,
): Promise<Valued | null> {
  const ids: string[] = [];
  for (const entry of booked) {
    if (ids.length === VALUED_AT_ONCE) break;
    if (hasOpenRate(entry)) ids.push(entry.id);
  }
  return ids.length === 0 ? null : await valueLocked(trx, portfolioId, ids, options);
}

/** Whether an entry lacks a market price. */
export function hasOpenRate(entry: StoredEntry): boolean {
  return openNeeds(entry).length > 0;
}

export interface Valued extends Followed {
  version: number;
  entries: readonly StoredEntry[];
}

async function valueLocked(
  trx: Database,
  portfolioId: string,
  ids: readonly string[],
  options: FollowingOptions,
): Promise<Valued | null> {
  const ledgers = await lockLedgers(trx, [portfolioId]);
  const portfolio = ledgerOf(ledgers, portfolioId);
  const { rows }: { rows: EntryRow[] } = await trx.raw(
    `select ${ENTRY_COLUMNS} from ledger_entries where portfolio_id = ? and id = any(?::uuid[]) and ${PENDING_RATE}
     order by time, tie`,
    [portfolioId, [...ids]],
  );
  const revalued = await revaluedEntries(trx, portfolio, rows.map(toEntry));
  if (revalued.length === 0) return null;
  const entries = revalued.map(({ after }) => after);
  const removed = revalued.map(({ before }) => before);
  await saveRates(trx, entries, portfolio);
  await applyEntries(trx, portfolioId, portfolio, { added: entries, removed }, options);
  const following = await follow(trx, ledgers, { origins: [portfolio], starts: startsOf(entries) }, options);
  const records = options.records?.({ subject: 'valuation', version: portfolio.version + 1, entries });
  const told = { now: options.clock.now(), records };
  return { ...(await advance(trx, portfolio, 1, told)), following, entries };
}

interface Revalued {
  before: StoredEntry;
  after: StoredEntry;
}

async function revaluedEntries(
  db: Database,
  { id: portfolioId, ...terms }: RateTerms & { id: string },
  entries: readonly StoredEntry[],
): Promise<Revalued[]> {
  const open = entries.flatMap((entry) => openNeeds(entry).map((need) => ({ entry, need })));
  const market = await rateTable(
    db,
    terms,
    open.map(({ need }) => need),
  );
  const rates = new Map<StoredEntry, Map<RateKey, FoundRate>>(
    entries.map((entry) => [entry, ratesOf(entry)]),
  );
  const unpriced: typeof open = [];
  for (const one of open) {
    const found = market(one.need.asset, one.need.time);
    if (found === null) unpriced.push(one);
    else rates.get(one.entry)?.set(rateKey(one.need), found);
  }
  const own = await ownRates(
    db,
    unpriced.map(({ need: { asset, time } }) => ({
      portfolioId,
      baseCurrency: terms.baseCurrency,
      asset,
      time,
    })),
  );
  for (const [index, { entry, need }] of unpriced.entries()) {
    const found = own[index] ?? null;
    if (found === null) rates.get(entry)?.delete(rateKey(need));
    else rates.get(entry)?.set(rateKey(need), found);
  }
  return entries.flatMap((before) => {
    const known = rates.get(before);
    const after = withRates(before, (need) => known?.get(rateKey(need)) ?? null);
    return isSame(before, after) ? [] : [{ before, after }];
  });
}

/** What an entry has no market price for. */
function openNeeds(entry: StoredEntry): RateNeed[] {
  const rates = ratesOf(entry);
  return rateNeeds(entry).filter((need) => {
    const rate = rates.get(rateKey(need));
    return rate === undefined || rate.origin?.source === 'own-trade';
  });
}

function isSame(a: StoredEntry, b: StoredEntry): boolean {
  const [before, after] = [ratesOf(a), ratesOf(b)];
  return rateNeeds(a).every((need) => {
    const [one, other] = [before.get(rateKey(need)), after.get(rateKey(need))];
    return one?.rate === other?.rate && isSameOrigin(one?.origin ?? null, other?.origin ?? null);
  });
}

function isSameOrigin(a: RateOrigin | null, b: RateOrigin | null): boolean {
  if (a === null || b === null) return a === b;
  return a.source === b.source && a.time === b.time && a.path.join() === b.path.join();
}

async function saveRates(
  trx: Database,
  entries: readonly StoredEntry[],
  terms: { baseCurrency: string },
): Promise<void> {
  const rows = entries.map((entry) => {
    const { id, quote_rate, fee_rate, unit_value, value, fee_value, rates, pending_rate, sources } = toRow(
      entry,
      '',
      terms,
    );
    return { id, quote_rate, fee_rate, unit_value, value, fee_value, rates, pending_rate, sources };
  });
  await trx.raw(
    `update ledger_entries e set quote_rate = known.quote_rate, fee_rate = known.fee_rate,
       unit_value = known.unit_value, value = known.value, fee_value = known.fee_value,
       rates = known.rates, pending_rate = known.pending_rate, sources = known.sources
     from json_to_recordset(?::json) as known (id uuid, quote_rate numeric, fee_rate numeric, unit_value numeric,
       value numeric, fee_value numeric, rates json, pending_rate boolean, sources json)
     where e.id = known.id`,
    [JSON.stringify(rows)],
  );
}
