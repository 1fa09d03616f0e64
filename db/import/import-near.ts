import { type Figures, type NearMatches, nearMatches } from '../../lib/import/near-match.ts';
import { fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { COUNTED } from '../ledger/entry-identity.ts';

/** Rows that are compared at once; those of one minute are, however many they are. */
const PAGE = 500;
/** Rows and entries of one minute that are looked at: more are none of a person's. */
const PER_MINUTE = 1_000;
/** Near misses that are told. */
const TOLD = 100;
const MINUTE = 60_000;

interface FiguresRow {
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
}

const COLUMNS = 'exchange, external_id, time, kind, base, quote, side, asset, quantity, price';

/** A row of the file that is like an entry, and yet is to be booked. */
export interface NearMiss {
  line: number;
  entryId: string;
  differs: NearMatches['near'][number]['differs'];
}

export interface NearOutcome {
  duplicates: number;
  misses: NearMiss[];
}

/** Sources that are no exchange. */
const GATHERING: ReadonlySet<string> = new Set(['', 'koinly', 'cointracking']);

/** The layout that an external id was made by; `null` for one of the exchange, or of no known layout. */
function layoutOf(externalId: string | null): string | null {
  if (externalId === null || !externalId.startsWith(COUNTED)) return null;
  const [layout = '', content] = externalId.slice(COUNTED.length).split(':');
  return content === undefined || layout.length > 40 ? null : layout;
}

function figuresOf(row: FiguresRow, isCoarse: boolean): Figures {
  const { id, external_id: externalId, time, kind, base, quote, side, asset, quantity, price } = row;
  const hasId = externalId !== null && !externalId.startsWith(COUNTED);
  return {
    id,
    time,
    what: kind === 'trade' ? `trade ${base}/${quote} ${side}` : `${kind} ${asset}`,
    quantity: fixed(quantity),
    price: price === null ? null : fixed(price),
    exchange: GATHERING.has(row.exchange) ? null : row.exchange,
    source: layoutOf(externalId),
    hasId,
    isCoarse,
  };
}

/**
 * Compares the rows that would be booked with entries of the same exchange that came from another file, the API or by
 * hand, and takes those for duplicates that say the same within the precision of the coarser source.
 * @param trx holds the portfolio's lock, or is for a look only
 */
export async function matchNear(trx: Database, portfolioId: string, importId: string): Promise<NearOutcome> {
  const outcome: NearOutcome = { duplicates: 0, misses: [] };
  if (!(await hasEntries(trx, portfolioId, importId))) return outcome;
  const isRowCoarse = await isCoarse(trx, 'import_rows where import_id = ?', importId);
  const isEntryCoarse = await isCoarse(
    trx,
    `ledger_entries where portfolio_id = ? and external_id like '${COUNTED}%'`,
    portfolioId,
  );
  for (let from = new Date(0); ;) {
    const page = await nextRows(trx, importId, from);
    const last = page.at(-1);
    if (last === undefined) return outcome;
    const minutes = [...new Set(page.map(({ time }) => Math.floor(time / MINUTE)))];
    const entries = await entriesAt(trx, portfolioId, importId, minutes);
    const { same, near } = nearMatches(
      page.map((row) => figuresOf(row, isRowCoarse)),
      entries.map((row) => figuresOf(row, isEntryCoarse && row.external_id?.startsWith(COUNTED) === true)),
    );
    for (const { id, entryId, differs } of near) {
      if (outcome.misses.length < TOLD)
        outcome.misses.push({ line: Number(id.split('/')[0]), entryId, differs });
    }
    outcome.duplicates += same.size;
    if (same.size > 0) await markSame(trx, importId, same);
    from = new Date((Math.floor(last.time / MINUTE) + 1) * MINUTE);
  }
}

/** Whether there is anything to compare with: most files come into an empty ledger, or into one that ends before them. */
async function hasEntries(trx: Database, portfolioId: string, importId: string): Promise<boolean> {
  const { rows } = await trx.raw(
    `select 1 from ledger_entries, (
       select min(time) - interval '1 minute' as first, max(time) + interval '1 minute' as last
       from import_rows where import_id = :importId and counted and outcome is null
     ) span where portfolio_id = :portfolioId and time >= span.first and time <= span.last limit 1`,
    { portfolioId, importId },
  );
  return rows.length > 0;
}

/** Whether a source tells no seconds: that all of several are zero is no chance. */
async function isCoarse(trx: Database, from: string, id: string): Promise<boolean> {
  const { rows }: { rows: { coarse: boolean | null }[] } = await trx.raw(
    `select count(*) >= 3 and bool_and(date_trunc('minute', time) = time) as coarse from ${from}`,
    [id],
  );
  return rows[0]?.coarse === true;
}

/** The next rows that would be booked, whole minutes of them. */
async function nextRows(trx: Database, importId: string, from: Date): Promise<FiguresRow[]> {
  const read = async (until: Date | null, limit: number): Promise<FiguresRow[]> => {
    const { rows }: { rows: FiguresRow[] } = await trx.raw(
      `select line || '/' || part as id, ${COLUMNS} from import_rows
       where import_id = :importId and counted and outcome is null and time >= :from
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

/** Entries of some minutes and of those beside them which no row has been found to be. */
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
       select id, ${COLUMNS} from ledger_entries e
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
