import type { Database } from '../connection/database.ts';
import { COUNTED } from '../ledger/stored-entry.ts';

/** Whether a row says what an entry (or a group of them) says now. */
const SAME = `l.time = r.time and l.base = r.base and l.quote = r.quote and l.side = r.side
  and l.quantity = r.quantity and l.price = r.price
  and l.fee_amount is not distinct from r.fee_amount and l.fee_currency is not distinct from r.fee_currency
  and l.order_id is not distinct from r.order_id and l.order_type is not distinct from r.order_type
  and l.note is not distinct from r.note and l.tags = r.tags`;

/**
 * Compares the rows of a file with each other and with the ledger, and numbers those that are to be booked.
 *
 * A key (exchange, external id) is a duplicate when it is booked with the same content, be it as first sent or as it was
 * changed since; with another it is a conflict. Rows that get their id from their content are numbered among their
 * equals: two equal rows are two fills, and the same file again is all duplicates. Rows that stay without an id are
 * compared by number too: of n equal rows and m equal entries without an id, m rows are duplicates.
 * @param trx holds the portfolio's lock, or is for a look only
 * @param newestFirst the order of the file: within an instant, trades are booked in the order they happened
 */
export async function matchRows(
  trx: Database,
  portfolioId: string,
  importId: string,
  { newestFirst }: { newestFirst: boolean },
): Promise<void> {
  const run = async (sql: string): Promise<void> => {
    await trx.raw(sql, { importId, portfolioId, counted: COUNTED });
  };
  await run('analyze import_rows');
  await run(`
    update import_rows r set external_id = :counted || r.content_hash || ':' || numbered.nth
    from (
      select line, row_number() over (partition by exchange, content_hash order by line) as nth
      from import_rows where import_id = :importId and counted
    ) numbered
    where r.import_id = :importId and r.line = numbered.line`);
  await run(`
    update import_rows r set
      outcome = case when r.content_hash = first.content_hash then 'duplicate' else 'conflict' end, twin = first.line
    from (
      select exchange, external_id, min(line) as line from import_rows
      where import_id = :importId and external_id is not null and not counted
      group by exchange, external_id having count(*) > 1
    ) repeated
    join import_rows first on first.import_id = :importId and first.line = repeated.line
    where r.import_id = :importId and r.exchange = repeated.exchange and r.external_id = repeated.external_id
      and r.line > repeated.line`);
  await run(`
    update import_rows r set
      outcome = case when l.kind = 'trade' and (l.content_hash = r.content_hash or (${SAME}))
        then 'duplicate' else 'conflict' end,
      entry_id = l.id
    from ledger_entries l
    where r.import_id = :importId and r.outcome is null
      and l.portfolio_id = :portfolioId and l.exchange = r.exchange and l.external_id = r.external_id`);
  await run(`
    with r as (
      select *, row_number() over (partition by exchange, content_hash order by line) as nth
      from import_rows where import_id = :importId and external_id is null
    ), l as (
      select exchange, time, base, quote, side, quantity, price, fee_amount, fee_currency, order_id, order_type, note, tags,
        count(*) as entries, min(id::text)::uuid as id
      from ledger_entries
      where portfolio_id = :portfolioId and kind = 'trade' and external_id is null
        and time in (select time from r)
      group by exchange, time, base, quote, side, quantity, price, fee_amount, fee_currency, order_id, order_type, note, tags
    )
    update import_rows t set outcome = 'duplicate', entry_id = l.id
    from r join l on l.exchange = r.exchange and ${SAME}
    where t.import_id = :importId and t.line = r.line and r.nth <= l.entries`);
  await run(`
    update import_rows r set place = ordered.place
    from (
      select line, row_number() over (order by time, line ${newestFirst ? 'desc' : 'asc'}) as place
      from import_rows where import_id = :importId and outcome is null
    ) ordered
    where r.import_id = :importId and r.line = ordered.line`);
}

export interface MatchCounts {
  fresh: number;
  duplicates: number;
  conflicts: number;
}

export async function countMatches(db: Database, importId: string): Promise<MatchCounts> {
  const { rows }: { rows: { outcome: string | null; count: number }[] } = await db.raw(
    'select outcome, count(*) as count from import_rows where import_id = ? group by outcome',
    [importId],
  );
  const of = (outcome: string | null): number => rows.find((row) => row.outcome === outcome)?.count ?? 0;
  return { fresh: of(null), duplicates: of('duplicate'), conflicts: of('conflict') };
}

/** What became of a row. */
export interface RowMatch {
  line: number;
  outcome: 'duplicate' | 'conflict' | null;
  /** The entry it is a duplicate of, or in conflict with. */
  entryId: string | null;
  /** The earlier line of the file that it is a duplicate of, or in conflict with. */
  twin: number | null;
}

/** The first rows of the file, or the first conflicts, in order of line. */
export async function listMatches(
  db: Database,
  importId: string,
  limit: number,
  { conflictsOnly }: { conflictsOnly: boolean },
): Promise<RowMatch[]> {
  const query = db('import_rows').where({ import_id: importId }).orderBy('line').limit(limit);
  if (conflictsOnly) void query.where({ outcome: 'conflict' });
  const rows: { line: number; outcome: RowMatch['outcome']; entry_id: string | null; twin: number | null }[] =
    await query.select('line', 'outcome', 'entry_id', 'twin');
  return rows.map(({ line, outcome, entry_id: entryId, twin }) => ({ line, outcome, entryId, twin }));
}
