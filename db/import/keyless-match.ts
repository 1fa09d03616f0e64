import { hash } from 'node:crypto';
import { decimal, fixed } from '../../lib/money/money.ts';
import { TimeSlice } from '../../lib/async/time-slice.ts';
import type { Database } from '../connection/database.ts';
import { OWN_COUNTED } from '../ledger/entries/entry-identity.ts';
import type { SourceJson } from '../ledger/entries/entry-row.ts';

/** Rows or entries per statement: the embedded database blocks the event loop while it works. */
const PAGE = 1_000;

const CONTENT = `exchange, kind, time, base, quote, side, asset, quantity, price, unit_cost, fee_amount, fee_currency,
  order_id, order_type, note, tags, subtype, reason, account, to_account, txid, sources`;

/** What identifies rows and entries without an external id. */
interface Content {
  exchange: string;
  kind: string;
  time: number;
  base: string | null;
  quote: string | null;
  side: string | null;
  asset: string | null;
  quantity: string;
  price: string | null;
  unit_cost: string | null;
  fee_amount: string | null;
  fee_currency: string | null;
  order_id: string | null;
  order_type: string | null;
  note: string | null;
  tags: string[];
  subtype: string | null;
  reason: string | null;
  account: string | null;
  to_account: string | null;
  txid: string | null;
  sources: SourceJson[] | null;
}

/** Ids of equal entries of a ledger, in their order there. */
type Group = string[];

/** A row or an entry that this program's own file has, or would have, without an id. */
const KEYLESS = `(external_id is null or external_id like '${OWN_COUNTED}%')`;

/**
 * Finds the rows of this program's own file without an external id that are in the ledger already, as entries without
 * one are now: of n equal rows and m equal entries, m rows are duplicates. Works page by page, even if very many rows or
 * entries share an instant.
 * @returns the number of duplicates
 */
export async function matchKeyless(trx: Database, portfolioId: string, importId: string): Promise<number> {
  let duplicates = 0;
  let from = new Date(0);
  for (;;) {
    const { rows: instants }: { rows: { time: number }[] } = await trx.raw(
      `select distinct time from (
         select time from import_rows
         where import_id = :importId and time >= :from and outcome is null and ${KEYLESS}
         order by time, line limit :limit
       ) page order by time`,
      { importId, from, limit: PAGE },
    );
    const last = instants.at(-1);
    if (last === undefined) return duplicates;
    const times = instants.map(({ time }) => new Date(time));
    const groups = await entryGroups(trx, portfolioId, importId, times);
    if (groups.size > 0) duplicates += await markDuplicates(trx, importId, times, groups);
    from = new Date(last.time + 1);
  }
}

/** The entries without an external id at some instants that no row has been matched with, by content. */
async function entryGroups(
  trx: Database,
  portfolioId: string,
  importId: string,
  times: readonly Date[],
): Promise<Map<string, Group>> {
  const groups = new Map<string, Group>();
  const slice = new TimeSlice();
  let after: { time: Date | '-infinity'; tie: string } = { time: '-infinity', tie: '' };
  for (;;) {
    const { rows }: { rows: (Content & { id: string; tie: string })[] } = await trx.raw(
      `select id, tie, ${CONTENT} from ledger_entries
       where portfolio_id = :portfolioId and ${KEYLESS} and time = any(:times)
         and (time, tie) > (cast(:time as timestamptz), :tie)
         and not exists (
           select 1 from import_rows r where r.import_id = :importId and r.entry_id = ledger_entries.id
         )
       order by time, tie limit :limit`,
      { portfolioId, importId, times, ...after, limit: PAGE },
    );
    for (const { id, tie: _, ...content } of rows) {
      for (const key of new Set([keyOf(content, []), keyOf(content, detailsOf(content))])) {
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [id]);
        else group.push(id);
      }
      if (slice.isOver) await slice.next();
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) {
      // The first is taken from the end.
      for (const group of groups.values()) group.reverse();
      return groups;
    }
    after = { time: new Date(last.time), tie: last.tie };
  }
}

/** @returns the number of duplicates among the rows */
async function markDuplicates(
  trx: Database,
  importId: string,
  times: readonly Date[],
  groups: ReadonlyMap<string, Group>,
): Promise<number> {
  let duplicates = 0;
  const slice = new TimeSlice();
  let after = { line: -1, part: 0 };
  const taken = new Set<string>();
  for (;;) {
    const { rows }: { rows: (Content & { line: number; part: number })[] } = await trx.raw(
      `select line, part, ${CONTENT} from import_rows
       where import_id = :importId and outcome is null and ${KEYLESS} and time = any(:times)
         and (line, part) > (:line, :part)
       order by line, part limit :limit`,
      { importId, times, ...after, limit: PAGE },
    );
    const found: { line: number; part: number; id: string }[] = [];
    for (const { line, part, ...content } of rows) {
      const group = groups.get(keyOf(content, detailsOf(content))) ?? [];
      let id = group.pop();
      // An entry with details is in two groups: with them, and without.
      while (id !== undefined && taken.has(id)) id = group.pop();
      if (id !== undefined) {
        taken.add(id);
        found.push({ line, part, id });
      }
      if (slice.isOver) await slice.next();
    }
    if (found.length > 0) {
      await trx.raw(
        `update import_rows r set outcome = 'duplicate', entry_id = found.id
         from unnest(?::integer[], ?::smallint[], ?::uuid[]) as found (line, part, id)
         where r.import_id = ? and r.line = found.line and r.part = found.part`,
        [found.map(({ line }) => line), found.map(({ part }) => part), found.map(({ id }) => id), importId],
      );
    }
    duplicates += found.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return duplicates;
    after = { line: last.line, part: last.part };
  }
}

/** Details that only some files have; a row without any is compared without them. */
function detailsOf({ subtype, reason, account, to_account: toAccount, txid, sources }: Content): unknown[] {
  const given = sources?.map(({ asset, quantity, received }) => [asset, quantity, received]) ?? null;
  const details = [subtype, reason, account, toAccount, txid, given];
  return details.every((each) => each === null) ? [] : details;
}

/** Equal for equal contents, in 16 bytes: there may be one for every entry of an instant. */
function keyOf(content: Content, details: readonly unknown[]): string {
  const amounts = [content.quantity, content.price, content.unit_cost, content.fee_amount];
  const parts = [
    content.exchange,
    content.kind,
    content.time,
    content.base,
    content.quote,
    content.side,
    content.asset,
    amounts.map((amount) => (amount === null ? null : decimal(fixed(amount)))),
    content.fee_currency,
    content.order_id,
    content.order_type,
    content.note,
    content.tags,
    details,
  ];
  return hash('sha256', JSON.stringify(parts), 'buffer').toString('latin1', 0, 16);
}
