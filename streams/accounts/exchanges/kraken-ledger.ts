import { z } from 'zod';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { type Ask, number } from './answers.ts';
import { ledgerEntries } from './ledger-file.ts';
import type { WindowedHistory, WindowRows } from './windows.ts';

/** Nothing at Kraken is older. */
const FIRST_DAY = Date.UTC(2011, 6, 1);
/** Any range can be queried; shorter ones show progress. */
const WINDOW_MS = 366 * 86_400_000;
/** Windows per page. */
const WINDOWS = 5;
/** The sides of a trade may be rows of different seconds. */
const TOGETHER_S = 2;

export interface KrakenLimits {
  /** The maximum number of rows of a window. */
  rows: number;
}

const rowSchema = z.object({
  refid: z.string(),
  /** Seconds, with a fraction. */
  time: number,
  type: z.string(),
  subtype: z.string().nullish(),
  asset: z.string(),
  amount: number,
  fee: number,
  balance: z.union([z.string(), z.number()]).nullish(),
});
const ledgersSchema = z.object({
  result: z.object({
    ledger: z.record(z.string(), rowSchema),
    count: z.coerce.number().int(),
  }),
});
type Row = z.output<typeof rowSchema> & { id: string };

const HEADINGS = ['txid', 'refid', 'time', 'type', 'subtype', 'asset', 'amount', 'fee', 'balance'];

/** Kraken's ledger, as entries. */
export function krakenLedger(ask: Ask, limits: KrakenLimits): WindowedHistory<RawEntry> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: WINDOWS,
    async read(from, until) {
      const end = Math.floor(until / 1_000);
      const { rows, isCut } = await rowsBetween(ask, Math.floor(from / 1_000) - TOGETHER_S, end, limits);
      if (isCut) return { rows: [], isCut };
      // The rest of a trade at the end may belong to the next window, or not be listed yet.
      const late = rows.filter(({ time }) => secondsOf(time) >= end - 1).map(({ refid }) => refid);
      const open = new Set(late);
      const whole = rows.filter(({ refid }) => !open.has(refid));
      return { rows: await ledgerEntries(HEADINGS, whole.map(cellsOf)), isCut: false };
    },
    timeOf: ({ time }) => time,
    stateOf: () => 'done',
    entriesOf: (entries) => entries,
  };
}

/**
 * The rows after `start` up to `end`, in seconds. They are counted from the newest: one that is listed late
 * pushes others to a later page, where they are met again.
 */
async function rowsBetween(
  ask: Ask,
  start: number,
  end: number,
  limits: KrakenLimits,
): Promise<WindowRows<Row>> {
  const rows = new Map<string, Row>();
  for (let read = 0; ;) {
    const { result } = await ask(ledgersSchema, 'privatePostLedgers', { start, end, ofs: read });
    if (result.count > limits.rows) return { rows: [], isCut: true };
    const page = Object.entries(result.ledger);
    for (const [id, row] of page) rows.set(id, { ...row, id });
    read += page.length;
    if (page.length === 0 || read >= result.count) return { rows: [...rows.values()], isCut: false };
  }
}

function secondsOf(time: string): number {
  return Number(time.split('.')[0]);
}

function cellsOf(row: Row): string[] {
  const [seconds = '', fraction = ''] = row.time.split('.');
  const at = new Date(Number(seconds) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0')));
  const { id, refid, type, subtype, asset, amount, fee, balance } = row;
  return [id, refid, at.toISOString(), type, subtype ?? '', asset, amount, fee, String(balance ?? '')];
}
