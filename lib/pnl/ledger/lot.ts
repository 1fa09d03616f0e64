import type { Fixed } from '../../money/money.ts';
import { mulDiv } from '../../money/money.ts';
import { atOnce, type Steps } from '../../steps.ts';
import type { CostMethod } from './cost-method.ts';

/**
 * One purchase that is still open. Cost and price are those of the whole purchase, of which `left` of `quantity` is
 * still held.
 */
export interface Lot {
  /** The order in which lots came into the holding: 0, 1, 2, … */
  seq: number;
  entryId: string;
  time: number;
  quantity: Fixed;
  cost: Fixed;
  grossCost: Fixed;
  left: Fixed;
  /** What is unknown without a rate: nothing, the fee in `cost`, or both `cost` and `grossCost`. */
  unknown: 'nothing' | 'fee' | 'value';
}

/** The part of a lot that a disposal consumed. */
export interface LotMatch {
  entryId: string;
  time: number;
  quantity: Fixed;
  /** `null` without a rate. */
  cost: Fixed | null;
  grossCost: Fixed | null;
}

/**
 * Lots as a persistent leftist heap with the next lot to sell on top. Adding and taking cost O(log n) and share
 * everything else with the previous heap, so a state stays valid while its successor is built, whatever the number of
 * lots.
 */
export type LotHeap = LotNode | null;

export interface LotNode {
  readonly lot: Lot;
  readonly rank: number;
  /** Lots from here down. */
  readonly size: number;
  readonly left: LotHeap;
  readonly right: LotHeap;
}

export type LotMethod = Exclude<CostMethod, 'average'>;

/**
 * Whether `a` is sold before `b`. A lot's key never changes: its unit cost is that of the purchase, compared exactly by
 * cross-multiplication.
 */
function precedes(method: LotMethod, a: Lot, b: Lot): boolean {
  if (method === 'fifo') return byAge(a, b) < 0;
  if (method === 'lifo') return byAge(a, b) > 0;
  const difference = a.cost * b.quantity - b.cost * a.quantity;
  return difference === 0n ? byAge(a, b) < 0 : difference > 0n;
}

/** The oldest first. A lot that came from another holding keeps its age. */
function byAge(a: Lot, b: Lot): number {
  return a.time - b.time || a.seq - b.seq;
}

function node(lot: Lot, a: LotHeap, b: LotHeap): LotNode {
  const rankA = a?.rank ?? 0;
  const rankB = b?.rank ?? 0;
  const size = countLots(a) + countLots(b) + 1;
  return rankA < rankB
    ? { lot, rank: rankA + 1, size, left: b, right: a }
    : { lot, rank: rankB + 1, size, left: a, right: b };
}

/** Recursion follows only right spines, which are O(log n) deep. */
function merge(method: LotMethod, a: LotHeap, b: LotHeap): LotHeap {
  if (a === null) return b;
  if (b === null) return a;
  return precedes(method, a.lot, b.lot)
    ? node(a.lot, a.left, merge(method, a.right, b))
    : node(b.lot, b.left, merge(method, a, b.right));
}

export function addLot(method: LotMethod, heap: LotHeap, lot: Lot): LotHeap {
  return merge(method, heap, { lot, rank: 1, size: 1, left: null, right: null });
}

export function dropTop(method: LotMethod, heap: LotNode): LotHeap {
  return merge(method, heap.left, heap.right);
}

/** The heap with the top lot reduced to `left`. */
export function shrinkTop(heap: LotNode, left: Fixed): LotHeap {
  return { ...heap, lot: { ...heap.lot, left } };
}

/** Every open lot, one by one and in no order, because there may be very many. Iterative, because left spines can be n deep. */
export function* eachLot(heap: LotHeap): Generator<Lot, void, undefined> {
  const pending: LotNode[] = heap === null ? [] : [heap];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next.lot;
    if (next.left !== null) pending.push(next.left);
    if (next.right !== null) pending.push(next.right);
  }
}

/** Lots that are sorted in one step, or merged in one. */
const RUN = 256;

/** Every open lot, the oldest purchase first. */
export function* lotsByAge(heap: LotHeap): Steps<Lot[]> {
  let runs: Lot[][] = [];
  let run: Lot[] = [];
  for (const lot of eachLot(heap)) {
    run.push(lot);
    if (run.length < RUN) continue;
    runs.push(run.sort(byAge));
    run = [];
    yield;
  }
  runs.push(run.sort(byAge));
  while (runs.length > 1) {
    const merged: Lot[][] = [];
    for (let nth = 0; nth < runs.length; nth += 2) {
      merged.push(yield* mergedByAge(runs[nth] ?? [], runs[nth + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergedByAge(a: readonly Lot[], b: readonly Lot[]): Steps<Lot[]> {
  const lots: Lot[] = [];
  let nthA = 0;
  let nthB = 0;
  for (;;) {
    const first = a[nthA];
    const second = b[nthB];
    if (first !== undefined && (second === undefined || byAge(first, second) <= 0)) {
      lots.push(first);
      nthA += 1;
    } else if (second !== undefined) {
      lots.push(second);
      nthB += 1;
    } else {
      return lots;
    }
    if (lots.length % RUN === 0) yield;
  }
}

/** `lotsByAge`, at once. */
export function listLots(heap: LotHeap): Lot[] {
  return atOnce(lotsByAge(heap));
}

export function countLots(heap: LotHeap): number {
  return heap?.size ?? 0;
}

/** Lots that are added or taken in one step. */
export const LOTS_A_STEP = 32;

export function* heapSteps(method: LotMethod, lots: Iterable<Lot>): Steps<LotHeap> {
  let heap: LotHeap = null;
  let count = 0;
  for (const lot of lots) {
    heap = addLot(method, heap, lot);
    count += 1;
    if (count % LOTS_A_STEP === 0) yield;
  }
  return heap;
}

/** `heapSteps`, at once. */
export function heapOf(method: LotMethod, lots: Iterable<Lot>): LotHeap {
  return atOnce(heapSteps(method, lots));
}

/** The cost of `quantity` units of the lot, as a share of the purchase. */
function share(lot: Lot, amount: Fixed, quantity: Fixed): Fixed {
  return quantity === lot.quantity ? amount : mulDiv(amount, quantity, lot.quantity);
}

/**
 * The cost of what is left of the lot. A sale's cost is a difference of two such values: the differences telescope, so
 * nothing is lost to rounding.
 */
export function openCost(lot: Lot): { cost: Fixed; grossCost: Fixed } {
  return { cost: share(lot, lot.cost, lot.left), grossCost: share(lot, lot.grossCost, lot.left) };
}
