import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import type { AccountPage, Cursor } from './adapter.ts';
import { z } from 'zod';

/** Rows of a window, both ends included. */
export interface WindowRows<Row> {
  rows: Row[];
  /** Whether there may be more, because the exchange limits the number of rows. */
  isCut: boolean;
}

/** The rows between two times; if there are too many, up to an earlier time. */
export async function readWindow<Row>(
  from: number,
  until: number,
  read: (from: number, until: number) => Promise<WindowRows<Row>>,
): Promise<{ rows: Row[]; until: number }> {
  for (let end = until; ;) {
    const { rows, isCut } = await read(from, end);
    if (!isCut) return { rows, until: end };
    if (end - from <= 1) throw new AccountError({ code: 'unreadable-answer', reason: 'window-full' });
    end = from + Math.ceil((end - from) / 2);
  }
}

/** `open`: may still change. */
export type RowState = 'done' | 'open' | 'void';

/** A history that an exchange returns for limited periods only. */
export interface WindowedHistory<Row> {
  /** Nothing is older. Epoch milliseconds. */
  firstDay: number;
  /** The maximum length of a period. */
  windowMs: number;
  /** Windows per page. */
  windows: number;
  read: (from: number, until: number) => Promise<WindowRows<Row>>;
  /** The time that the exchange's query compares. */
  timeOf: (row: Row) => number;
  stateOf: (row: Row) => RowState;
  /** Converts the completed rows of a window. */
  entriesOf: (rows: Row[]) => RawEntry[];
}

/** Rows may be listed a while after their time. */
const OVERLAP_MS = 86_400_000;
/** Rows that have been open for longer are no longer followed. */
const OPEN_MS = 365 * 86_400_000;

const windowsCursor = z.object({
  /** Where an unfinished pass continues. */
  at: z.number().nullable(),
  /** The history has been read up to here. */
  scanned: z.number().nullable(),
  /** The time of the oldest row that may still change. */
  open: z.number().nullable(),
});

/** Continues from a cursor. Each pass begins at the oldest row that may have changed. */
export async function windowedPage<Row>(
  before: Cursor | null,
  now: number,
  history: WindowedHistory<Row>,
): Promise<AccountPage> {
  const cursor =
    before === null ? { at: history.firstDay, scanned: null, open: null } : windowsCursor.parse(before);
  const isNewPass = cursor.at === null;
  const again = Math.min((cursor.scanned ?? history.firstDay) - OVERLAP_MS, cursor.open ?? Infinity);
  let at = Math.max(history.firstDay, cursor.at ?? again);
  let open = isNewPass ? null : cursor.open;
  const entries: RawEntry[] = [];
  for (let windows = 0; windows < history.windows && at < now; windows += 1) {
    const { rows, until } = await readWindow(at, Math.min(at + history.windowMs, now), history.read);
    entries.push(...history.entriesOf(rows.filter((row) => history.stateOf(row) === 'done')));
    for (const row of rows) {
      const time = history.timeOf(row);
      if (history.stateOf(row) === 'open' && now - time < OPEN_MS) open = Math.min(open ?? time, time);
    }
    at = until;
  }
  const isLast = at >= now;
  return {
    entries,
    cursor: isLast ? { at: null, scanned: at, open } : { at, scanned: cursor.scanned, open },
    isLast,
    readUntil: at,
  };
}
