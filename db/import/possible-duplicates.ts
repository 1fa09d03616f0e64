import { type Figures, nearMatches } from '../../lib/import/near-match.ts';
import type { Database } from '../connection/database.ts';
import { COUNTED } from '../ledger/entries/entry-identity.ts';
import type { StoredEntry } from '../ledger/entries/stored-entry.ts';
import { figuresOf, type FiguresRow, FIGURES_COLUMNS, isOfOneExchange } from './import-near.ts';

/** Minutes whose entries are read by one statement. */
const MINUTES = 200;
/** Entries of one minute that are looked at: more are none of a person's. */
const PER_MINUTE = 1_000;
const MINUTE = 60_000;

/** A new entry that the ledger has already, as far as contents tell. */
export interface PossibleDuplicate {
  /** Its place among the new ones. */
  index: number;
  entryId: string;
}

/**
 * Finds new entries that a file or an account at an exchange has told of before, where one of the two has no id of the
 * exchange: only contents can tell then, within the precision of the coarser of the two. One entry of the ledger is at
 * most one of the new ones. Among what programs have sent, ids alone tell entries apart, and what is sent without any is
 * meant as often as it is sent.
 * @param booked with their places in the request
 */
export async function possibleDuplicates(
  trx: Database,
  portfolioId: string,
  booked: readonly { entry: StoredEntry; index: number }[],
): Promise<PossibleDuplicate[]> {
  const byMinute = new Map<number, { entry: StoredEntry; index: number }[]>();
  for (const each of booked) {
    // What has the id of a file's row is told apart by it.
    if (each.entry.externalId?.startsWith(COUNTED) === true) continue;
    const minute = Math.floor(each.entry.time / MINUTE);
    const those = byMinute.get(minute);
    if (those === undefined) byMinute.set(minute, [each]);
    else those.push(each);
  }
  const found: PossibleDuplicate[] = [];
  const minutes = [...byMinute.keys()];
  for (let at = 0; at < minutes.length; at += MINUTES) {
    const some = minutes.slice(at, at + MINUTES);
    const rows = some.flatMap((minute) => byMinute.get(minute) ?? []);
    const isAnyKeyless = rows.some(({ entry }) => entry.externalId === null);
    const imported = await importedAt(trx, portfolioId, some, isAnyKeyless);
    if (imported.length === 0) continue;
    const { same } = nearMatches(
      rows.map(({ entry, index }) => figuresOfEntry(entry, String(index))),
      imported.map((row) => figuresOf(row, clockOf(row.time))),
    );
    for (const [id, entryId] of same) found.push({ index: Number(id), entryId });
  }
  return found.toSorted((a, b) => a.index - b.index);
}

/** A whole minute may have lost its seconds, or be typed without them. */
function clockOf(time: number): Pick<Figures, 'isCoarse' | 'isOfMinutes'> {
  return { isCoarse: time % MINUTE === 0, isOfMinutes: false };
}

function figuresOfEntry(entry: StoredEntry, id: string): Figures {
  const { kind, time, quantity, exchange, externalId } = entry;
  const fee = kind === 'withdrawal' ? (entry.networkFee ?? null) : null;
  return {
    id,
    time,
    what: kind === 'trade' ? `trade ${entry.base}/${entry.quote} ${entry.side}` : `${kind} ${entry.asset}`,
    quantity,
    net: fee === null ? null : quantity - fee,
    price: kind === 'trade' ? entry.price : null,
    fee: null,
    exchange: isOfOneExchange(exchange) ? exchange : null,
    source: null,
    hasId: externalId !== null,
    account: entry.account ?? null,
    ...clockOf(time),
  };
}

/**
 * Entries of some minutes that files or accounts have told of: those without an id of the exchange, and if a new one has
 * none, all.
 */
async function importedAt(
  trx: Database,
  portfolioId: string,
  minutes: readonly number[],
  isAnyKeyless: boolean,
): Promise<FiguresRow[]> {
  const starts = minutes.map((minute) => new Date(minute * MINUTE));
  const { rows }: { rows: FiguresRow[] } = await trx.raw(
    `select found.* from unnest(cast(:starts as timestamptz[])) as minute (start)
     cross join lateral (
       select id, ${FIGURES_COLUMNS} from ledger_entries e
       where e.portfolio_id = :portfolioId and e.time >= minute.start and e.time < minute.start + interval '1 minute'
         and (e.external_id like '${COUNTED}%' ${isAnyKeyless ? 'or e.imported' : ''})
       order by e.time, e.tie limit :limit
     ) found`,
    { portfolioId, starts, limit: PER_MINUTE },
  );
  return rows;
}
