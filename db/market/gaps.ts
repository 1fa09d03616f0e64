import type { Database } from '../connection/database.ts';
import { uncovered } from './backfills.ts';

const MINUTE = 60_000;

/** Trades of a symbol in [from, to) were missed, epoch milliseconds. */
export interface Gap {
  symbol: string;
  from: number;
  to: number;
  /** Short name of the feed that missed them. */
  feed: string;
}

/** What has become known of gaps. */
export interface GapChanges {
  gaps: readonly Gap[];
  /** Times in which trades may have been missed; they replace what the same term of the feed has said of the symbol. */
  doubted: readonly Gap[];
  /** Of what there is no doubt any more. */
  settled: readonly Pick<Gap, 'feed' | 'symbol'>[];
}

interface GapRow {
  symbol: string;
  from_time: number;
  to_time: number;
  feed: string;
}

/** Stores gaps and doubts. Storing a gap again changes nothing. @param fence of the term in which the feeds run */
export async function saveGaps(
  db: Database,
  { gaps, doubted, settled }: GapChanges,
  fence: number,
): Promise<void> {
  await insertGaps(db, gaps);
  if (settled.length > 0)
    await db.raw(
      `delete from market_doubts where fence = ?
       and (feed, symbol) in (select * from unnest(?::text[], ?::text[]))`,
      [fence, settled.map(({ feed }) => feed), settled.map(({ symbol }) => symbol)],
    );
  if (doubted.length > 0)
    await db.raw(
      `insert into market_doubts (fence, symbol, from_time, to_time, feed)
       select ?, * from unnest(?::text[], ?::timestamptz[], ?::timestamptz[], ?::text[])
       on conflict (symbol, feed, fence) do update set from_time = excluded.from_time, to_time = excluded.to_time`,
      [fence, ...columnsOf(doubted)],
    );
}

async function insertGaps(db: Database, gaps: readonly Gap[]): Promise<void> {
  if (gaps.length === 0) return;
  await db.raw(
    `insert into market_gaps (symbol, from_time, to_time, feed)
     select * from unnest(?::text[], ?::timestamptz[], ?::timestamptz[], ?::text[])
     on conflict do nothing`,
    columnsOf(gaps),
  );
}

/** What earlier terms were in doubt of has been missed for good: nobody looks for it any more. @returns the gaps */
export async function endDoubts(db: Database, fence: number): Promise<Gap[]> {
  const { rows } = await db.raw<{ rows: GapRow[] }>(
    `with ended as (delete from market_doubts where fence < ? returning symbol, from_time, to_time, feed),
     stored as (insert into market_gaps (symbol, from_time, to_time, feed)
       select symbol, from_time, to_time, feed from ended on conflict do nothing)
     select * from ended order by symbol, from_time`,
    [fence],
  );
  return rows.map(toGap);
}

/** The gaps of all symbols that end after a time, the newest first. */
export async function gapsSince(db: Database, since: number, limit: number): Promise<Gap[]> {
  const { rows } = await db.raw<{ rows: GapRow[] }>(
    'select * from market_gaps where to_time > ? order by to_time desc limit ?',
    [iso(since), limit],
  );
  return rows.map(toGap);
}

/** The gaps of one symbol that touch [from, to), the oldest first. */
export async function gapsBetween(
  db: Database,
  symbol: string,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<Gap[]> {
  const { rows } = await db.raw<{ rows: GapRow[] }>(
    'select * from market_gaps where symbol = ? and to_time > ? and from_time < ? order by to_time limit ?',
    [symbol, iso(from), iso(to), limit],
  );
  return rows.map(toGap);
}

/** A time range of a symbol, [from, to) in epoch milliseconds. */
export type SymbolSpan = Pick<Gap, 'symbol' | 'from' | 'to'>;

/** The time that minutes cover, those that follow each other as one. */
export function spansOf(minutes: readonly { symbol: string; time: number }[]): SymbolSpan[] {
  const spans: SymbolSpan[] = [];
  const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  for (const { symbol, time } of minutes.toSorted((a, b) => order(a.symbol, b.symbol) || a.time - b.time)) {
    const last = spans.at(-1);
    if (last !== undefined && last.symbol === symbol && last.to >= time) last.to = time + MINUTE;
    else spans.push({ symbol, from: time, to: time + MINUTE });
  }
  return spans;
}

/**
 * What was missed in these times is known now: takes them out of the gaps.
 * @returns the parts of gaps that are closed
 */
export async function closeGaps(db: Database, known: readonly SymbolSpan[]): Promise<SymbolSpan[]> {
  if (known.length === 0) return [];
  const { rows } = await db.raw<{ rows: GapRow[] }>(
    `delete from market_gaps g where exists (
       select from unnest(?::text[], ?::timestamptz[], ?::timestamptz[]) as k (symbol, since, until)
       where k.symbol = g.symbol and k.since < g.to_time and k.until > g.from_time)
     returning *`,
    [known.map(({ symbol }) => symbol), known.map(({ from }) => iso(from)), known.map(({ to }) => iso(to))],
  );
  const closed: SymbolSpan[] = [];
  const left: Gap[] = [];
  for (const gap of rows.map(toGap)) {
    const { symbol, from, to } = gap;
    const own = known.filter((span) => span.symbol === symbol && span.from < to && span.to > from);
    for (const span of own)
      closed.push({ symbol, from: Math.max(from, span.from), to: Math.min(to, span.to) });
    const spans = own.map((span) => ({ since: span.from, until: span.to }));
    for (const { since, until } of uncovered({ since: from, until: to }, spans))
      left.push({ ...gap, from: since, to: until });
  }
  await insertGaps(db, left);
  return closed;
}

/** Deletes gaps that end before a time. @returns how many */
export async function pruneGaps(db: Database, before: number): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>('delete from market_gaps where to_time < ?', [
    iso(before),
  ]);
  return rowCount;
}

function columnsOf(gaps: readonly Gap[]): string[][] {
  return [
    gaps.map(({ symbol }) => symbol),
    gaps.map(({ from }) => iso(from)),
    gaps.map(({ to }) => iso(to)),
    gaps.map(({ feed }) => feed),
  ];
}

function toGap({ symbol, from_time: from, to_time: to, feed }: GapRow): Gap {
  return { symbol, from, to, feed };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
