import type { RawDecision } from '../../lib/import/reading/format.ts';
import { problem } from '../../lib/problem.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { jsonPieces } from '../connection/json-pieces.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';

/** The maximum number of open decisions in a portfolio. */
export const MAX_OPEN_DECISIONS = 20_000;

/** A decision that a file asks for. */
export interface NewDecision {
  id: string;
  /** Its content, and its number among equal decisions of the file. */
  key: string;
  line: number;
  decision: RawDecision;
}

export interface StoredDecision extends RawDecision {
  id: string;
  key: string;
  importId: string;
  line: number;
  status: 'open' | 'settled';
  /** The chosen option; `null` while the decision is open. */
  choice: string | null;
  entryIds: string[];
  createdAt: number;
  settledAt: number | null;
}

const COLUMNS =
  'id uuid, key text, line integer, exchange text, code text, word text, time timestamptz, moves jsonb, options jsonb';

/**
 * Stores the decisions of a file; those already known do not change.
 * @param trx holds the portfolio's lock
 * @returns the number of new decisions
 * @throws Problem `quota-exceeded`
 */
export async function keepDecisions(
  trx: Database,
  portfolioId: string,
  importId: string,
  decisions: readonly NewDecision[],
  now: number,
): Promise<number> {
  let kept = 0;
  function* rows(): Generator<object, void, undefined> {
    for (const { id, key, line, decision } of decisions) {
      const { exchange, code, word, time, moves, options } = decision;
      yield { id, key, line, exchange, code, word, time: new Date(time), moves, options };
    }
  }
  for await (const json of jsonPieces(rows())) {
    const { rows: added }: { rows: unknown[] } = await trx.raw(
      `insert into import_decisions
         (id, portfolio_id, key, import_id, line, exchange, code, word, time, moves, options, status, entries, created_at)
       select id, :portfolioId, key, :importId, line, exchange, code, word, time, moves, options, 'open', '{}', :now
       from json_to_recordset(cast(:json as json)) as d (${COLUMNS})
       on conflict (portfolio_id, key) do nothing returning id`,
      { portfolioId, importId, json, now: new Date(now) },
    );
    kept += added.length;
  }
  const { rows: counts }: { rows: { open: number }[] } = await trx.raw(
    `select count(*) as open from import_decisions where portfolio_id = ? and status = 'open'`,
    [portfolioId],
  );
  if (kept > 0 && (counts[0]?.open ?? 0) > MAX_OPEN_DECISIONS) {
    throw problem('quota-exceeded', {
      detail: `More than ${MAX_OPEN_DECISIONS} decisions would be open: settle some, or import what the file is made for.`,
    });
  }
  return kept;
}

/** The known ones among the keys, and whether they are settled. */
export async function knownDecisions(
  db: Database,
  portfolioId: string,
  keys: readonly string[],
): Promise<Map<string, 'open' | 'settled'>> {
  if (keys.length === 0) return new Map();
  const rows: { key: string; status: 'open' | 'settled' }[] = await db('import_decisions')
    .where({ portfolio_id: portfolioId })
    .whereRaw('key = any(?)', [[...keys]])
    .select('key', 'status');
  return new Map(rows.map(({ key, status }) => [key, status]));
}

const READ = [
  'id',
  'key',
  'import_id',
  'line',
  'exchange',
  'code',
  'word',
  'time',
  'moves',
  'options',
  'choice',
  'status',
  'entries',
  'created_at',
  'settled_at',
];

interface DecisionRow {
  id: string;
  key: string;
  import_id: string;
  line: number;
  exchange: string;
  code: RawDecision['code'];
  word: string;
  time: number;
  moves: RawDecision['moves'];
  options: RawDecision['options'];
  choice: string | null;
  status: 'open' | 'settled';
  entries: string[];
  created_at: number;
  settled_at: number | null;
}

function toDecision(row: DecisionRow): StoredDecision {
  const {
    import_id: importId,
    entries: entryIds,
    created_at: createdAt,
    settled_at: settledAt,
    ...rest
  } = row;
  return { ...rest, importId, entryIds, createdAt, settledAt };
}

/**
 * Oldest first; those at the same instant in the order of their file.
 * @throws Problem `invalid-cursor`
 */
export async function listDecisions(
  db: Database,
  portfolioId: string,
  { status, limit, cursor }: PageQuery & { status: 'open' | 'settled' },
): Promise<Page<StoredDecision>> {
  const query = db('import_decisions')
    .where({ portfolio_id: portfolioId, status })
    .orderBy(['time', 'line', 'id'])
    .limit(limit + 1)
    .select(READ);
  if (cursor) {
    const [time, line, id] = decodeCursor(cursor, ['number', 'number', 'uuid']);
    void query.whereRaw('(time, line, id) > (?, ?, ?)', [new Date(time), line, id]);
  }
  const rows: DecisionRow[] = await query;
  return pageOf(rows.map(toDecision), limit, (last) => encodeCursor([last.time, last.line, last.id]));
}

/**
 * Settles a decision and returns it as it is now. Idempotent for the same option.
 * @returns `null` if there is no such decision. If `choice` is not the requested option, another one was
 *   chosen before.
 */
export async function chooseOption(
  db: Database,
  portfolioId: string,
  id: string,
  choice: string,
): Promise<StoredDecision | null> {
  await db('import_decisions').where({ portfolio_id: portfolioId, id, choice: null }).update({ choice });
  const row: DecisionRow | undefined = await db('import_decisions')
    .where({ portfolio_id: portfolioId, id })
    .first(READ);
  return row === undefined ? null : toDecision(row);
}

/** Reverts a choice that could not be booked. */
export async function releaseOption(
  db: Database,
  portfolioId: string,
  id: string,
  choice: string,
): Promise<void> {
  await db('import_decisions')
    .where({ portfolio_id: portfolioId, id, choice, status: 'open' })
    .update({ choice: null });
}

export async function settleDecision(
  db: Database,
  portfolioId: string,
  id: string,
  { entryIds, now }: { entryIds: readonly string[]; now: number },
): Promise<void> {
  await db('import_decisions')
    .where({ portfolio_id: portfolioId, id, status: 'open' })
    .update({ status: 'settled', entries: [...entryIds], settled_at: new Date(now) });
}

export async function getDecision(
  db: Database,
  portfolioId: string,
  id: string,
): Promise<StoredDecision | null> {
  const row: DecisionRow | undefined = await db('import_decisions')
    .where({ portfolio_id: portfolioId, id })
    .first(READ);
  return row === undefined ? null : toDecision(row);
}
