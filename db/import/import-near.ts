import { type Figures, type LostFee, type NearMatches, nearMatches } from '../../lib/import/near-match.ts';
import { type Fixed, fixed, ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { COUNTED } from '../ledger/entries/entry-identity.ts';

/** Rows compared at once; those of the same minute are never split. */
const PAGE = 500;
/** Rows and entries of one minute that are compared; no person has more. */
const PER_MINUTE = 1_000;
/** The maximum number of near misses to report. */
const TOLD = 100;
const MINUTE = 60_000;

export interface FiguresRow {
  id: string;
  exchange: string;
  external_id: string | null;
  time: number;
  kind: string;
  base: string | null;
  quote: string | null;
  side: string | null;
  asset: string | null;
  quantity: string;
  price: string | null;
  fee_amount: string | null;
  fee_currency: string | null;
  account: string | null;
}

export const FIGURES_COLUMNS =
  'exchange, external_id, time, kind, base, quote, side, asset, quantity, price, fee_amount, fee_currency, account';

/** A row that resembles an entry and is to be booked nevertheless. */
export interface NearMiss {
  line: number;
  entryId: string;
  differs: NearMatches['near'][number]['differs'];
}

/** What the fee of a row is more than that of the entry that it duplicates. */
export interface LostFeeOfRow extends Omit<LostFee, 'id'> {
  line: number;
}

export interface NearOutcome {
  duplicates: number;
  misses: NearMiss[];
}

/** The first of them, and the sums of all by currency. */
export class LostFees {
  readonly first: LostFeeOfRow[] = [];
  readonly sums = new Map<string, Fixed>();

  add(lost: LostFeeOfRow): void {
    const { currency, amount } = lost;
    if (this.first.length < TOLD) this.first.push(lost);
    this.sums.set(currency, (this.sums.get(currency) ?? ZERO) + amount);
  }
}

/** Sources that are not exchanges. */
const GATHERING: ReadonlySet<string> = new Set(['', 'koinly', 'cointracking']);

/** Whether entries of that name are all of one exchange. */
export const isOfOneExchange = (exchange: string): boolean => !GATHERING.has(exchange);

/**
 * Layouts that do not stand for one source: files of this program have entries of any, and what a mapping reads depends
 * on its columns. Only contents tell whether two of their rows are one.
 */
const OF_ANY_SOURCE: ReadonlySet<string> = new Set(['marktide', 'mapping']);

/** The source that an external id was made for; `null` if it is unknown. */
function sourceOf(externalId: string | null): string | null {
  const layout = layoutOf(externalId);
  return layout === null || OF_ANY_SOURCE.has(layout) ? null : layout;
}

/** The layout that an external id was made by; `null` for an exchange's id or an unknown layout. */
function layoutOf(externalId: string | null): string | null {
  if (externalId === null || !externalId.startsWith(COUNTED)) return null;
  const [layout = '', content] = externalId.slice(COUNTED.length).split(':');
  return content === undefined || layout.length > 40 ? null : layout;
}

export function figuresOf(row: FiguresRow, { isCoarse, isOfMinutes }: Clocks): Figures {
  const {
    id,
    external_id: externalId,
    time,
    kind,
    base,
    quote,
    side,
    asset,
    quantity,
    price,
    fee_amount: fee,
    fee_currency: currency,
  } = row;
  const hasId = externalId !== null && !externalId.startsWith(COUNTED);
  return {
    id,
    time,
    what: kind === 'trade' ? `trade ${base}/${quote} ${side}` : `${kind} ${asset}`,
    quantity: fixed(quantity),
    net: kind === 'withdrawal' && fee !== null ? fixed(quantity) - fixed(fee) : null,
    price: price === null ? null : fixed(price),
    fee: fee === null || currency === null ? null : { amount: fixed(fee), currency },
    exchange: isOfOneExchange(row.exchange) ? row.exchange : null,
    source: sourceOf(externalId),
    hasId,
    account: row.account,
    isCoarse,
    isOfMinutes,
  };
}

type Clocks = Pick<Figures, 'isCoarse' | 'isOfMinutes'>;

/**
 * Compares the rows to be booked with entries of the same exchange that came from another file, the API or
 * manual entry, and marks as duplicates those that say the same within the precision of the coarser source.
 * @param trx holds the portfolio's lock, unless nothing is to be booked
 * @param lostFees gets the fees that only the rows have
 */
export async function matchNear(
  trx: Database,
  portfolioId: string,
  importId: string,
  lostFees: LostFees,
): Promise<NearOutcome> {
  const outcome: NearOutcome = { duplicates: 0, misses: [] };
  if (!(await hasEntries(trx, portfolioId, importId))) return outcome;
  const [file] = await clocksOf(
    trx,
    `cast(null as text) as layout, time from import_rows where import_id = ?`,
    importId,
  );
  const ledger = await clocksOf(
    trx,
    `case when length(split_part(external_id, ':', 2)) <= 40 then split_part(external_id, ':', 2) end as layout, time
     from ledger_entries
     where portfolio_id = ? and external_id like '${COUNTED}%'`,
    portfolioId,
  );
  const rowClocks = clocks(file === undefined ? [] : [file], file);
  const byLayout = new Map(ledger.map((each) => [each.layout, each]));
  const entryClocks = (row: FiguresRow): Clocks => {
    const layout = layoutOf(row.external_id);
    if (row.external_id?.startsWith(COUNTED) !== true) return { isCoarse: false, isOfMinutes: false };
    return clocks(ledger, byLayout.get(layout));
  };
  for (let from = new Date(0); ;) {
    const page = await nextRows(trx, importId, from);
    const last = page.at(-1);
    if (last === undefined) return outcome;
    const minutes = [...new Set(page.map(({ time }) => Math.floor(time / MINUTE)))];
    const entries = await entriesAt(trx, portfolioId, importId, minutes);
    const found = nearMatches(
      page.map((row) => figuresOf(row, rowClocks)),
      entries.map((row) => figuresOf(row, entryClocks(row))),
    );
    const { same, near } = found;
    for (const { id, ...lost } of found.lostFees) lostFees.add({ line: lineOf(id), ...lost });
    for (const { id, entryId, differs } of near) {
      if (outcome.misses.length < TOLD) outcome.misses.push({ line: lineOf(id), entryId, differs });
    }
    outcome.duplicates += same.size;
    if (same.size > 0) await markSame(trx, importId, same);
    from = new Date((Math.floor(last.time / MINUTE) + 1) * MINUTE);
  }
}

const lineOf = (id: string): number => Number(id.split('/')[0]);

/**
 * Whether there is anything to compare with: most files are imported into an empty ledger, or continue where
 * it ends.
 */
async function hasEntries(trx: Database, portfolioId: string, importId: string): Promise<boolean> {
  const { rows } = await trx.raw(
    `select 1 from ledger_entries, (
       select min(time) - interval '1 minute' as first, max(time) + interval '1 minute' as last
       from import_rows where import_id = :importId and outcome is null
     ) span where portfolio_id = :portfolioId and time >= span.first and time <= span.last limit 1`,
    { portfolioId, importId },
  );
  return rows.length > 0;
}

/** How many entries a layout has, and whether all their times are whole minutes. */
interface LayoutClock {
  layout: string | null;
  count: number;
  minutes: boolean;
}

async function clocksOf(trx: Database, from: string, id: string): Promise<LayoutClock[]> {
  const { rows }: { rows: LayoutClock[] } = await trx.raw(
    `select layout, cast(count(*) as integer) as count, bool_and(date_trunc('minute', time) = time) as minutes
     from (select ${from}) each group by layout`,
    [id],
  );
  return rows;
}

/** Sources without seconds: several times cannot all be whole minutes by coincidence. */
function clocks(all: readonly LayoutClock[], own: LayoutClock | undefined): Clocks {
  const areMinutes = all.length > 0 && all.every(({ minutes }) => minutes);
  const count = all.reduce((sum, each) => sum + each.count, 0);
  return { isCoarse: areMinutes && count >= 3, isOfMinutes: own?.minutes === true };
}

/** The next rows to be booked, up to the end of a minute. */
async function nextRows(trx: Database, importId: string, from: Date): Promise<FiguresRow[]> {
  const read = async (until: Date | null, limit: number): Promise<FiguresRow[]> => {
    const { rows }: { rows: FiguresRow[] } = await trx.raw(
      `select line || '/' || part as id, ${FIGURES_COLUMNS} from import_rows
       where import_id = :importId and outcome is null and time >= :from
         and (cast(:until as timestamptz) is null or time < :until)
       order by time, line, part limit :limit`,
      { importId, from, until, limit },
    );
    return rows;
  };
  const rows = await read(null, PAGE);
  const [first] = rows;
  const last = rows.at(-1);
  if (rows.length < PAGE || first === undefined || last === undefined) return rows;
  const minute = Math.floor(last.time / MINUTE) * MINUTE;
  if (minute > first.time) return rows.filter(({ time }) => time < minute);
  return await read(new Date(minute + MINUTE), PER_MINUTE);
}

/** Entries of some minutes and the adjacent ones that no row has been matched with. */
async function entriesAt(
  trx: Database,
  portfolioId: string,
  importId: string,
  minutes: readonly number[],
): Promise<FiguresRow[]> {
  const wanted = [...new Set(minutes.flatMap((minute) => [minute - 1, minute, minute + 1]))];
  const { rows }: { rows: FiguresRow[] } = await trx.raw(
    `select found.* from unnest(cast(:starts as timestamptz[])) as minute (start)
     cross join lateral (
       select id, ${FIGURES_COLUMNS} from ledger_entries e
       where e.portfolio_id = :portfolioId and e.time >= minute.start and e.time < minute.start + interval '1 minute'
         and not exists (
           select 1 from import_rows r where r.import_id = :importId and r.entry_id = e.id
         )
       order by e.time, e.tie limit :limit
     ) found`,
    { portfolioId, importId, starts: wanted.map((minute) => new Date(minute * MINUTE)), limit: PER_MINUTE },
  );
  return rows;
}

async function markSame(trx: Database, importId: string, same: ReadonlyMap<string, string>): Promise<void> {
  const found = [...same].map(([id, entryId]) => {
    const [line, part] = id.split('/');
    return { line: Number(line), part: Number(part), entry_id: entryId };
  });
  await trx.raw(
    `update import_rows r set outcome = 'duplicate', entry_id = found.entry_id
     from json_to_recordset(cast(:json as json)) as found (line integer, part smallint, entry_id uuid)
     where r.import_id = :importId and r.line = found.line and r.part = found.part`,
    { importId, json: JSON.stringify(found) },
  );
}
