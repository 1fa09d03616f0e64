import { abs, type Fixed, mul, ZERO } from '../money/money.ts';

/** What an entry says, wherever it comes from. */
export interface Figures {
  /** Of the row, or of the entry. */
  id: string;
  /** Epoch milliseconds. */
  time: number;
  /** What is traded or moved, and which way: `trade BTC/USDT buy`, `deposit BTC`. */
  what: string;
  quantity: Fixed;
  price: Fixed | null;
  /** `null`: not said, or a tool that gathers from several. */
  exchange: string | null;
  /** Its source: two entries of one source are never the same; `null`: not known. */
  source: string | null;
  /** Whether it has an id of the exchange. Two that differ in it are two entries. */
  hasId: boolean;
  /** Whether its source tells times to the minute only. */
  isCoarse: boolean;
}

/** Rows that are entries of the ledger, as another source has them, and rows that nearly are. */
export interface NearMatches {
  /** The entry that each row is, by the row's id. */
  same: Map<string, string>;
  /** Rows that are like an entry, but not within the precision of either source. */
  near: { id: string; entryId: string; differs: 'time' | 'quantity' | 'price' }[];
}

const SECOND = 1_000;
const MINUTE = 60_000;

/** A part in so many: what rounding to eight digits may change. */
function isWithin(a: Fixed, b: Fixed, part: bigint): boolean {
  return abs(a - b) * part <= abs(b);
}

const isSameQuantity = (a: Fixed, b: Fixed): boolean => isWithin(a, b, 100_000_000n);
const isSamePrice = (a: Fixed | null, b: Fixed | null): boolean =>
  a === null || b === null || isWithin(a, b, 10_000n);

/** The instant within the precision of the coarser of the two. */
function isSameTime(a: Figures, b: Figures): boolean {
  const unit = a.isCoarse || b.isCoarse ? MINUTE : SECOND;
  return Math.floor(a.time / unit) === Math.floor(b.time / unit);
}

/** Whether two may be one entry, as far as their sources go. */
function mayBeSame(row: Figures, entry: Figures): boolean {
  if (row.hasId && entry.hasId) return false;
  if (row.exchange !== null && entry.exchange !== null && row.exchange !== entry.exchange) return false;
  return row.source === null || row.source !== entry.source;
}

/**
 * Compares the rows of a file with entries that came from elsewhere: one to one by what they say; then, because some
 * files sum up the fills of a second, by their sums.
 */
export function nearMatches(rows: readonly Figures[], entries: readonly Figures[]): NearMatches {
  const same = new Map<string, string>();
  const near: NearMatches['near'] = [];
  const byWhat = groupsOf(entries);
  for (const [what, own] of groupsOf(rows)) {
    const free = new Set(byWhat.get(what) ?? []);
    if (free.size === 0) continue;
    const left: Figures[] = [];
    for (const row of own) {
      const entry = [...free].find(
        (each) =>
          mayBeSame(row, each) &&
          isSameTime(row, each) &&
          isSameQuantity(row.quantity, each.quantity) &&
          isSamePrice(row.price, each.price),
      );
      if (entry === undefined) left.push(row);
      else {
        same.set(row.id, entry.id);
        free.delete(entry);
      }
    }
    for (const row of bySums(left, free, same)) {
      const like = [...free].find((each) => isLike(row, each));
      if (like !== undefined) near.push({ id: row.id, entryId: like.id, differs: difference(row, like) });
    }
  }
  return { same, near };
}

function groupsOf(all: readonly Figures[]): Map<string, Figures[]> {
  const groups = new Map<string, Figures[]>();
  for (const each of all) {
    const group = groups.get(each.what);
    if (group === undefined) groups.set(each.what, [each]);
    else group.push(each);
  }
  return groups;
}

/** @returns the rows that are left */
function bySums(rows: readonly Figures[], free: Set<Figures>, same: Map<string, string>): Figures[] {
  const left: Figures[] = [];
  const done = new Set<Figures>();
  for (const row of rows) {
    if (done.has(row)) continue;
    const own = rows.filter((each) => !done.has(each) && isSameTime(row, each));
    const others = [...free].filter((each) => isSameTime(row, each) && mayBeSame(row, each));
    for (const each of own) done.add(each);
    const [first] = others;
    const isSum = own.length !== others.length && first !== undefined && isSameSum(own, others);
    if (!isSum) left.push(...own);
    else {
      for (const each of own) same.set(each.id, first.id);
      for (const each of others) free.delete(each);
    }
  }
  return left;
}

function isSameSum(a: readonly Figures[], b: readonly Figures[]): boolean {
  const sum = (all: readonly Figures[]): Fixed => all.reduce((total, { quantity }) => total + quantity, ZERO);
  const value = (all: readonly Figures[]): Fixed =>
    all.reduce((total, { quantity, price }) => total + mul(quantity, price ?? ZERO), ZERO);
  return isSameQuantity(sum(a), sum(b)) && isWithin(value(a), value(b), 10_000n);
}

/** A minute apart and a hundredth different, at most. */
function isLike(row: Figures, entry: Figures): boolean {
  // What has an id of its own is told by it, and one source tells its entries apart.
  if (!mayBeSame(row, entry)) return false;
  return Math.abs(row.time - entry.time) <= MINUTE && isWithin(row.quantity, entry.quantity, 100n);
}

function difference(row: Figures, entry: Figures): NearMatches['near'][number]['differs'] {
  if (!isSameTime(row, entry)) return 'time';
  if (!isSameQuantity(row.quantity, entry.quantity)) return 'quantity';
  return 'price';
}
