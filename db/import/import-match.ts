import type { Knex } from 'knex';
import { lostFee } from '../../lib/import/near-match.ts';
import { fixed, ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { LostFees, matchNear, type NearMiss } from './import-near.ts';
import { matchKeyless } from './keyless-match.ts';
import type { StagedRows } from './staged-rows.ts';

/** Whether a row has the current content of an entry (or a group of them). */
const SAME = `l.kind = r.kind and l.time = r.time and l.base is not distinct from r.base
  and l.quote is not distinct from r.quote and l.side is not distinct from r.side
  and l.asset is not distinct from r.asset and l.unit_cost is not distinct from r.unit_cost
  and l.quantity = r.quantity and l.price is not distinct from r.price
  and l.fee_amount is not distinct from r.fee_amount and l.fee_currency is not distinct from r.fee_currency
  and l.order_id is not distinct from r.order_id and l.order_type is not distinct from r.order_type
  and l.note is not distinct from r.note and l.tags = r.tags
  and (r.sequence is null or l.sequence is not distinct from r.sequence)
  and (r.account is null or l.account is not distinct from r.account)
  and (r.to_account is null or l.to_account is not distinct from r.to_account)
  and (r.txid is null or l.txid is not distinct from r.txid)
  and (r.subtype is null or l.subtype is not distinct from r.subtype)
  and (r.reason is null or l.reason is not distinct from r.reason)
  and r.sources is null`;

/**
 * Whether an entry with an id of the exchange is the row with the same id, as another of its files or its API
 * states it: with more or fewer digits of the time, and rounded differently. The id proves that they are one;
 * they may differ in the eighth digit of a quantity and the fourth of a price, to which exchanges and tools
 * round.
 */
const NEAR = `date_trunc('second', l.time) = date_trunc('second', r.time)
  and l.base is not distinct from r.base and l.quote is not distinct from r.quote
  and l.side is not distinct from r.side and l.asset is not distinct from r.asset
  and abs(l.quantity - r.quantity) <= r.quantity * 0.00000001
  and (r.price is null or abs(l.price - r.price) <= r.price * 0.0001)`;

/**
 * Whether the row has a fee that the entry does not have, nor had when it was booked. A withdrawal includes its fee, so
 * that the same amount has left.
 */
const OTHER_FEE = `l.content_hash <> r.content_hash and r.fee_amount is not null and r.kind <> 'withdrawal'
  and (l.fee_amount is distinct from r.fee_amount or l.fee_currency is distinct from r.fee_currency)`;

/** The fee of a row, and what of it its entry has. */
interface StatedFee {
  line: number;
  entryId: string;
  currency: string;
  stated: string;
  booked: string;
}

export interface MatchCounts {
  fresh: number;
  duplicates: number;
  conflicts: number;
  /** The first rows that resemble an entry and are to be booked nevertheless. */
  nearMisses: NearMiss[];
  /** The first duplicates with a fee that their entries lack, and the sums of all. */
  lostFees: LostFees;
}

/**
 * Compares the rows of a file, which have been compared with each other before, with the ledger, page by
 * page.
 *
 * A row whose key (exchange, external id) is booked is a duplicate if the entry has the same content, either
 * as first sent or as edited since; otherwise it is a conflict. Rows of this program's own files without an id
 * are compared with entries as they have been edited since, too (see `matchKeyless`). Any other row is also a
 * duplicate if an entry from another source says the same (see `matchNear`).
 * @param trx holds the portfolio's lock, unless nothing is to be booked
 */
export async function matchRows(
  trx: Database,
  portfolioId: string,
  staged: StagedRows,
): Promise<MatchCounts> {
  const { importId } = staged;
  let { duplicates, conflicts } = staged;
  const lostFees = new LostFees();
  let after = -1;
  for (const line of staged.lines) {
    // One index probe per key, whatever the planner thinks of the tables.
    const { rows }: { rows: { outcome: string; count: number; fees: StatedFee[] }[] } = await trx.raw(
      `with found as materialized (
         select r.ctid, l.id, ${OTHER_FEE} as other_fee,
           case when l.fee_currency = r.fee_currency then l.fee_amount else 0 end as booked,
           case when l.kind = r.kind and (l.content_hash = r.content_hash or (${SAME})
               or (r.counted and ${NEAR}))
             then 'duplicate' else 'conflict' end as outcome
         from import_rows r cross join lateral (
           select * from ledger_entries e
           where e.portfolio_id = :portfolioId and e.exchange = r.exchange and e.external_id = r.external_id
           limit 1
         ) l
         where r.import_id = :importId and r.line > :after and r.line <= :line and r.outcome is null
       ), updated as (
         update import_rows r set outcome = found.outcome, entry_id = found.id from found
         where r.ctid = found.ctid
         returning r.outcome, json_build_object('line', r.line, 'entryId', found.id, 'currency', r.fee_currency,
           'stated', cast(r.fee_amount as text), 'booked', cast(found.booked as text)) as fee,
           r.outcome = 'duplicate' and found.other_fee as other_fee
       )
       select outcome, count(*) as count, coalesce(json_agg(fee) filter (where other_fee), '[]') as fees
       from updated group by outcome`,
      { importId, portfolioId, after, line },
    );
    for (const { outcome, count, fees } of rows) {
      for (const { stated, booked, ...at } of fees) {
        const amount = lostFee(fixed(stated), fixed(booked));
        if (amount !== ZERO) lostFees.add({ ...at, amount });
      }
      if (outcome === 'duplicate') duplicates += count;
      else conflicts += count;
    }
    after = line;
  }
  if (staged.ownKeyless > 0) duplicates += await matchKeyless(trx, portfolioId, importId);
  const near = await matchNear(trx, portfolioId, importId, lostFees);
  duplicates += near.duplicates;
  const fresh = staged.rows - duplicates - conflicts;
  return { fresh, duplicates, conflicts, nearMisses: near.misses, lostFees };
}

/** The outcome of a row. */
export interface RowMatch {
  line: number;
  outcome: 'duplicate' | 'conflict' | null;
  /** The entry it duplicates or conflicts with. */
  entryId: string | null;
  /** The earlier line of the file it duplicates or conflicts with. */
  twin: number | null;
}

/**
 * The first rows of the file, in order of line, and some more.
 * @param lines of those
 */
export async function listMatches(
  db: Database,
  importId: string,
  limit: number,
  lines: readonly number[],
): Promise<RowMatch[]> {
  const first = (await firstRows(db, importId, limit)).map(toMatch);
  const last = first.at(-1)?.line ?? 0;
  const more = first.length < limit ? [] : lines.filter((line) => line > last);
  if (more.length === 0) return first;
  return [...first, ...(await firstRows(db, importId, limit).whereIn('line', more)).map(toMatch)];
}

/** The first conflicts of the file, in order of line. */
export async function listConflicts(db: Database, importId: string, limit: number): Promise<RowMatch[]> {
  return (await firstRows(db, importId, limit).where({ outcome: 'conflict' })).map(toMatch);
}

interface MatchedRow {
  line: number;
  outcome: RowMatch['outcome'];
  entry_id: string | null;
  twin: number | null;
}

function firstRows(db: Database, importId: string, limit: number): Knex.QueryBuilder<object, MatchedRow[]> {
  return db('import_rows')
    .where({ import_id: importId })
    .orderBy('line')
    .limit(limit)
    .select('line', 'outcome', 'entry_id', 'twin');
}

function toMatch({ line, outcome, entry_id: entryId, twin }: MatchedRow): RowMatch {
  return { line, outcome, entryId, twin };
}
