import { abs, type Fixed, mul, round, ZERO } from '../money/money.ts';
import { isWithin, lastDigit, placesOf } from './reading/precision.ts';

/** The content of an entry, wherever it comes from. */
export interface Figures {
  /** Id of the row or the entry. */
  id: string;
  /** Epoch milliseconds. */
  time: number;
  /** What is traded or moved, and in which direction: `trade BTC/USDT buy`, `deposit BTC`. */
  what: string;
  quantity: Fixed;
  /** `quantity` of a withdrawal without its separately stated fee; `null` if no fee is known. */
  net: Fixed | null;
  price: Fixed | null;
  /** `null` if none is stated. */
  fee: { amount: Fixed; currency: string } | null;
  /** `null` if not stated, or if a tool collected it from several. */
  exchange: string | null;
  /** Two entries of one source are the same only if one of them lacks its seconds; `null` if unknown. */
  source: string | null;
  /** Whether it has an id of the exchange. Different ids mean different entries. */
  hasId: boolean;
  /** The place it happened at; `null` if not stated. */
  account: string | null;
  /** Whether its source gives times to the minute only. */
  isCoarse: boolean;
  /** Whether all times of its file, or of its source in the ledger, are whole minutes. */
  isOfMinutes: boolean;
}

/** Rows that another source has already put into the ledger, and rows that nearly match an entry. */
export interface NearMatches {
  /** The matching entry by the row's id. */
  same: Map<string, string>;
  /** Rows that resemble an entry, but not within the precision of either source. */
  near: { id: string; entryId: string; differs: Difference }[];
  /** Fees of matching rows, as far as their entries do not have them. */
  lostFees: LostFee[];
}

export interface LostFee {
  /** Of the row. */
  id: string;
  entryId: string;
  currency: string;
  amount: Fixed;
}

/** What two entries differ in that are alike. */
export const DIFFERENCES = ['time', 'quantity', 'price', 'account'] as const;
type Difference = (typeof DIFFERENCES)[number];

const NONE: Precision = { quantity: 18, price: 18, total: 18 };

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * The number of decimals a source writes, as far as its figures show. Two figures are the same if one may be
 * the other rounded, up or down, by the coarser source: if they differ by less than one unit of its last
 * digit.
 */
interface Precision {
  quantity: number;
  price: number;
  /** For quantity × price: sources that state the total have rounded it. */
  total: number;
}

/** Nobody rounds to fewer than four significant digits: a larger difference means two things. */
const LEAST_PART = 10_000n;
/** For totals, which are rounded to whole units if the currency's units are small. */
const LEAST_PART_OF_TOTAL = 1_000n;
/** A price obtained by division has eighteen digits; its total has as many as were written. */
const DIVIDED_DIGITS = 12;

const totalOf = ({ quantity, price }: Figures): Fixed => round(mul(quantity, price ?? ZERO), DIVIDED_DIGITS);

/** The precision of each source, from its figures. */
function precisions(figures: readonly Figures[]): Map<string | null, Precision> {
  const found = new Map<string | null, Precision>();
  for (const each of figures) {
    const known = found.get(each.source) ?? { quantity: 0, price: 0, total: 0 };
    found.set(each.source, {
      quantity: Math.max(known.quantity, placesOf(each.quantity)),
      price: Math.max(known.price, placesOf(each.price ?? ZERO)),
      total: Math.max(known.total, placesOf(totalOf(each))),
    });
  }
  return found;
}

function coarser(a: Precision, b: Precision): Precision {
  return {
    quantity: Math.min(a.quantity, b.quantity),
    price: Math.min(a.price, b.price),
    total: Math.min(a.total, b.total),
  };
}

function isRounded(a: Fixed, b: Fixed, places: number, part: bigint): boolean {
  return a === b || (abs(a - b) < lastDigit(places) && isWithin(a, b, part));
}

function isSameQuantity(a: Figures, b: Figures, { quantity }: Precision): boolean {
  return quantitiesOf(a, b).some(([one, other]) => isRounded(one, other, quantity, LEAST_PART));
}

/** For a withdrawal, a source without fees may state the amount with or without the fee. */
function quantitiesOf(a: Figures, b: Figures): [Fixed, Fixed][] {
  const pairs: [Fixed, Fixed][] = [[a.quantity, b.quantity]];
  if (a.net !== null && b.net === null) pairs.push([a.net, b.quantity]);
  if (b.net !== null && a.net === null) pairs.push([a.quantity, b.net]);
  return pairs;
}

function isSamePrice(a: Figures, b: Figures, { price, total }: Precision): boolean {
  if (a.price === null || b.price === null) return true;
  return (
    isRounded(a.price, b.price, price, LEAST_PART) ||
    isRounded(totalOf(a), totalOf(b), total, LEAST_PART_OF_TOTAL)
  );
}

/** Whether the instants agree within the precision of the coarser one. */
function isSameTime(a: Figures, b: Figures): boolean {
  const unit = a.isCoarse || b.isCoarse ? MINUTE : SECOND;
  return Math.floor(a.time / unit) === Math.floor(b.time / unit);
}

/** Whether two may be the same entry, judging by their sources alone. */
function mayBeSame(row: Figures, entry: Figures): boolean {
  if (row.hasId && entry.hasId) return false;
  if (row.exchange !== null && entry.exchange !== null && row.exchange !== entry.exchange) return false;
  return row.source === null || row.source !== entry.source;
}

function isSameAccount(a: Figures, b: Figures): boolean {
  return a.account === null || b.account === null || a.account === b.account;
}

/** Whether two of one source say the same, and one of them may have lost its seconds. */
function isSameButSeconds(row: Figures, entry: Figures, precision: Precision): boolean {
  if (row.source === null || row.source !== entry.source || row.hasId || entry.hasId) return false;
  if (Math.floor(row.time / MINUTE) !== Math.floor(entry.time / MINUTE)) return false;
  if ((row.time % MINUTE === 0) === (entry.time % MINUTE === 0)) return false;
  if (row.exchange !== entry.exchange) return false;
  return isSameQuantity(row, entry, precision) && isSamePrice(row, entry, precision);
}

/** Whether the one without seconds comes from a file that has none. */
function hasLostSeconds(row: Figures, entry: Figures): boolean {
  return row.time % MINUTE === 0 ? row.isOfMinutes : entry.isOfMinutes;
}

/**
 * Matches rows with entries of the same source that are the same except for their seconds. If there are as
 * many on both sides, they match; otherwise they are reported.
 * @returns the remaining rows
 */
function bySeconds(
  rows: readonly Figures[],
  free: Set<Figures>,
  { same, near, lostFees }: NearMatches,
  between: (row: Figures, entry: Figures) => Precision,
): Figures[] {
  const left = new Set(rows);
  for (const row of rows) {
    if (!left.has(row)) continue;
    const entries = [...free].filter((each) => isSameButSeconds(row, each, between(row, each)));
    const [first] = entries;
    if (first === undefined) continue;
    const own = [...left].filter((each) => isSameButSeconds(each, first, between(each, first)));
    const isOneToOne = own.length === entries.length && entries.every((entry) => hasLostSeconds(row, entry));
    for (const [index, each] of own.entries()) {
      const entry = entries[index] ?? first;
      left.delete(each);
      if (isOneToOne) {
        same.set(each.id, entry.id);
        free.delete(entry);
        lostFees.push(...lostFeesOf([each], [entry]));
      } else near.push({ id: each.id, entryId: entry.id, differs: 'time' });
    }
  }
  return [...left];
}

/**
 * Compares the rows of a file with entries of other origin: first one to one by content, then by their sums,
 * because some files combine the fills of a second.
 */
export function nearMatches(rows: readonly Figures[], entries: readonly Figures[]): NearMatches {
  const same = new Map<string, string>();
  const near: NearMatches['near'] = [];
  const lostFees: LostFee[] = [];
  const byWhat = groupsOf(entries);
  for (const [what, own] of groupsOf(rows)) {
    const free = new Set(byWhat.get(what) ?? []);
    if (free.size === 0) continue;
    const ofRows = precisions(own);
    const ofEntries = precisions([...free]);
    const between = (row: Figures, entry: Figures): Precision =>
      coarser(ofRows.get(row.source) ?? NONE, ofEntries.get(entry.source) ?? NONE);
    const left: Figures[] = [];
    for (const row of own) {
      const entry = [...free].find((each) => {
        if (!mayBeSame(row, each) || !isSameTime(row, each) || !isSameAccount(row, each)) return false;
        const precision = between(row, each);
        return isSameQuantity(row, each, precision) && isSamePrice(row, each, precision);
      });
      if (entry === undefined) left.push(row);
      else {
        same.set(row.id, entry.id);
        free.delete(entry);
        lostFees.push(...lostFeesOf([row], [entry]));
      }
    }
    const found = { same, near, lostFees };
    for (const row of bySums(bySeconds(left, free, found, between), free, found)) {
      const like = [...free].find((each) => isLike(row, each));
      if (like === undefined) continue;
      near.push({ id: row.id, entryId: like.id, differs: difference(row, like, between(row, like)) });
    }
  }
  return { same, near, lostFees };
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

/** @returns the remaining rows */
function bySums(rows: readonly Figures[], free: Set<Figures>, { same, lostFees }: NearMatches): Figures[] {
  const left: Figures[] = [];
  const done = new Set<Figures>();
  for (const row of rows) {
    if (done.has(row)) continue;
    const own = rows.filter((each) => !done.has(each) && isSameTime(row, each));
    const others = [...free].filter(
      (each) => isSameTime(row, each) && mayBeSame(row, each) && isSameAccount(row, each),
    );
    for (const each of own) done.add(each);
    const [first] = others;
    const isSum = own.length !== others.length && first !== undefined && isSameSum(own, others);
    if (!isSum) left.push(...own);
    else {
      for (const each of own) same.set(each.id, first.id);
      for (const each of others) free.delete(each);
      lostFees.push(...lostFeesOf(own, others));
    }
  }
  return left;
}

function isSameSum(a: readonly Figures[], b: readonly Figures[]): boolean {
  const sum = (all: readonly Figures[]): Fixed => all.reduce((total, { quantity }) => total + quantity, ZERO);
  const value = (all: readonly Figures[]): Fixed =>
    all.reduce((total, { quantity, price }) => total + mul(quantity, price ?? ZERO), ZERO);
  // Each fill has been rounded, so a sum may differ by more than one unit of the last digit.
  return isWithin(sum(a), sum(b), 100_000_000n) && isWithin(value(a), value(b), LEAST_PART);
}

/** What the fees of some rows are more than those of the entries that they are. */
function lostFeesOf(rows: readonly Figures[], entries: readonly Figures[]): LostFee[] {
  const [row] = rows;
  const [entry] = entries;
  if (row === undefined || entry === undefined) return [];
  const booked = new Map<string, Fixed>();
  for (const { fee } of entries) {
    if (fee !== null) booked.set(fee.currency, (booked.get(fee.currency) ?? ZERO) + fee.amount);
  }
  const stated = new Map<string, Fixed>();
  for (const each of rows) {
    if (each.fee === null || isWithFee(each, entry)) continue;
    const { currency, amount } = each.fee;
    stated.set(currency, (stated.get(currency) ?? ZERO) + amount);
  }
  return [...stated].flatMap(([currency, amount]) => {
    const lost = lostFee(amount, booked.get(currency) ?? ZERO);
    return lost === ZERO ? [] : [{ id: row.id, entryId: entry.id, currency, amount: lost }];
  });
}

/** Whether a withdrawal is booked with its fee: its whole amount has left then, and nothing is lost. */
function isWithFee({ quantity, net }: Figures, entry: Figures): boolean {
  return net !== null && abs(entry.quantity - quantity) < abs(entry.quantity - net);
}

/** Nobody rounds a fee to fewer decimals. */
const LEAST_PLACES_OF_FEE = 2;

/** How much of a stated fee is not booked, unless one is the other rounded. */
export function lostFee(stated: Fixed, booked: Fixed): Fixed {
  if (booked >= stated) return ZERO;
  if (booked === ZERO) return stated;
  const places = Math.min(placesOf(stated), placesOf(booked));
  const digit = lastDigit(Math.max(places, LEAST_PLACES_OF_FEE));
  return stated - booked < digit || isWithin(booked, stated, 100n) ? ZERO : stated - booked;
}

/** At most a minute apart and a hundredth different. */
function isLike(row: Figures, entry: Figures): boolean {
  // An id identifies its entry, and a source does not repeat its own entries.
  if (!mayBeSame(row, entry)) return false;
  const isNear = quantitiesOf(row, entry).some(([one, other]) => isWithin(one, other, 100n));
  return Math.abs(row.time - entry.time) <= MINUTE && isNear;
}

function difference(row: Figures, entry: Figures, precision: Precision): Difference {
  if (!isSameTime(row, entry)) return 'time';
  if (!isSameQuantity(row, entry, precision)) return 'quantity';
  return isSamePrice(row, entry, precision) ? 'account' : 'price';
}
