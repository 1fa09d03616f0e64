import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import type { Database } from '../connection/database.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import { AROUND_MS, type Backfill, type BackfillRow, toBackfill } from './backfills.ts';

/** A symbol that leads from an asset to a currency, perhaps together with others. */
export interface Way {
  asset: string;
  currency: string;
  symbol: string;
}

export async function saveWays(db: Database, ways: readonly Way[]): Promise<void> {
  if (ways.length === 0) return;
  await db.raw(
    `insert into backfill_ways (asset, currency, symbol)
     select asset, currency, symbol from json_to_recordset(?::json) as way (asset text, currency text, symbol text)
     on conflict do nothing`,
    [JSON.stringify(ways)],
  );
}

/** A job as one user may see it. */
export interface ReadableBackfill extends Omit<Backfill, 'candles'> {
  /** `null`: the job covers more than the user's portfolios need. */
  candles: number | null;
}

interface ReadableRow extends BackfillRow {
  /** The part of it that the user may see, epoch milliseconds. */
  seen_since: number;
  seen_until: number;
}

/**
 * The jobs that the user requested, or that a portfolio readable by the user needs; of the latter, only the part that
 * those portfolios need, since the rest would reveal the ledgers of others. Newest first.
 */
export async function listReadableBackfills(
  db: Database,
  { userId, limit, cursor, symbol }: PageQuery & { userId: string; symbol?: string | undefined },
): Promise<Page<ReadableBackfill>> {
  const { rows }: { rows: ReadableRow[] } = await db.raw(
    `with readable as (
       select p.id, p.base_currency, p.cost_method, p.benchmark, f.first from portfolios p
       cross join lateral (select min(time) as first from ledger_entries e where e.portfolio_id = p.id) f
       where not p.simulated and f.first is not null and (p.user_id = :userId or exists (
         select from portfolio_shares s
         where s.portfolio_id = p.id and s.user_id = :userId and s.accepted_at is not null))
     ),
     benchmarks as (
       select coalesce(benchmark, 'BTC/' || base_currency) as symbol, base_currency, first from readable
     ),
     pairs as (
       select s.asset, r.base_currency as currency, r.first from readable r
       join positions s on s.portfolio_id = r.id and s.cost_method = r.cost_method
       union all select split_part(symbol, '/', 1), split_part(symbol, '/', 2), first from benchmarks
       union all select split_part(symbol, '/', 2), base_currency, first from benchmarks
     ),
     needs as (
       select w.symbol, date_bin('1 day', min(pairs.first), timestamptz 'epoch') - interval '1 day' as since
       from pairs join backfill_ways w using (asset, currency) group by w.symbol
     ),
     seen as (
       select b.*, b.since as seen_since, b.until as seen_until from backfills b where b.requested_by = :userId
       union all
       select b.*, greatest(b.since, n.since), b.until from backfills b
       join needs n on n.symbol = b.symbol and n.since < b.until
       where b.interval = '1d' and b.requested_by is distinct from :userId
       union all
       select b.*, greatest(b.since, m.since), least(b.until, m.until) from backfills b
       cross join lateral (
         select min(date_bin(:around::interval, e.time, timestamptz 'epoch')) as since,
           max(date_bin(:around::interval, e.time, timestamptz 'epoch')) + :around::interval as until
         from readable r
         join backfill_ways w on w.currency = r.base_currency and w.symbol = b.symbol
         join ledger_entries e on e.portfolio_id = r.id and w.asset in (e.asset, e.quote, e.fee_currency)
           and e.time >= date_bin(:around::interval, b.since, timestamptz 'epoch')
           and e.time < b.until + interval '1 minute'
       ) m
       where b.interval = '1m' and m.since is not null and m.since < b.until
         and b.requested_by is distinct from :userId
     )
     select * from seen
     where (:symbol::text is null or symbol = :symbol) and (:before::uuid is null or id < :before)
     order by id desc limit :limit`,
    {
      userId,
      symbol: symbol ?? null,
      before: cursor ? decodeCursor(cursor, ['uuid'])[0] : null,
      around: `${AROUND_MS / 60_000} minutes`,
      limit: limit + 1,
    },
  );
  return pageOf(rows.map(toReadable), limit, (last) => encodeCursor([last.id]));
}

function toReadable({ seen_since: since, seen_until: until, ...row }: ReadableRow): ReadableBackfill {
  const job = toBackfill(row);
  const isWhole = since === job.since && until === job.until;
  return {
    ...job,
    since,
    until,
    reached: Math.min(Math.max(job.reached, since), until),
    candles: isWhole ? job.candles : null,
  };
}
