import type { Fixed } from '../../money/money.ts';
import { mulDiv } from '../../money/money.ts';
import type { CostMethod } from './entry.ts';

/** One still-open purchase. Cost and price are those of the whole purchase; `left` of `quantity` is still held. */
export interface Lot {
  /** Order of purchase within the asset: 0, 1, 2, … */
  seq: number;
  entryId: string;
  time: number;
  quantity: Fixed;
  cost: Fixed;
  grossCost: Fixed;
  left: Fixed;
  /** What is unknown for want of a rate: nothing, the fee in `cost`, or `cost` and `grossCost`. */
  unknown: 'nothing' | 'fee' | 'value';
}

/** A share of a lot that a disposal used up. */
export interface LotMatch {
  entryId: string;
  time: number;
  quantity: Fixed;
  /** `null` for want of a rate. */
  cost: Fixed | null;
  grossCost: Fixed | null;
}

/**
 * Lots as a persistent leftist heap with the next lot to sell on top: adding and taking cost O(log n) and share the
 * rest with the heap before, so a state can be kept while its successor is made, whatever the number of lots.
 */
export type LotHeap = LotNode | null;

export interface LotNode {
  readonly lot: Lot;
  readonly rank: number;
  readonly left: LotHeap;
  readonly right: LotHeap;
}

export type LotMethod = Exclude<CostMethod, 'average'>;

/**
 * Whether `a` is sold before `b`. The key of a lot never changes: unit cost is that of the purchase, compared exactly
 * by cross-multiplication.
 */
function precedes(method: LotMethod, a: Lot, b: Lot): boolean {
  if (method === 'fifo') return a.seq < b.seq;
  if (method === 'lifo') return a.seq > b.seq;
  const difference = a.cost * b.quantity - b.cost * a.quantity;
  return difference === 0n ? a.seq < b.seq : difference > 0n;
}

function node(lot: Lot, a: LotHeap, b: LotHeap): LotNode {
  const rankA = a?.rank ?? 0;
  const rankB = b?.rank ?? 0;
  return rankA < rankB
    ? { lot, rank: rankA + 1, left: b, right: a }
    : { lot, rank: rankB + 1, left: a, right: b };
}

/** Recursion follows right spines only, which are O(log n) deep. */
function merge(method: LotMethod, a: LotHeap, b: LotHeap): LotHeap {
  if (a === null) return b;
  if (b === null) return a;
  return precedes(method, a.lot, b.lot)
    ? node(a.lot, a.left, merge(method, a.right, b))
    : node(b.lot, b.left, merge(method, a, b.right));
}

export function addLot(method: LotMethod, heap: LotHeap, lot: Lot): LotHeap {
  return merge(method, heap, { lot, rank: 1, left: null, right: null });
}

export function dropTop(method: LotMethod, heap: LotNode): LotHeap {
  return merge(method, heap.left, heap.right);
}

/** The heap with `left` of its top lot still held. */
export function shrinkTop(heap: LotNode, left: Fixed): LotHeap {
  return { ...heap, lot: { ...heap.lot, left } };
}

/** Every open lot in order of purchase. Iterative: left spines can be n deep. */
export function listLots(heap: LotHeap): Lot[] {
  const lots: Lot[] = [];
  const pending: LotNode[] = heap === null ? [] : [heap];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    lots.push(next.lot);
    if (next.left !== null) pending.push(next.left);
    if (next.right !== null) pending.push(next.right);
  }
  return lots.sort((a, b) => a.seq - b.seq);
}

export function heapOf(method: LotMethod, lots: readonly Lot[]): LotHeap {
  return lots.reduce<LotHeap>((heap, lot) => addLot(method, heap, lot), null);
}

/** Cost of `quantity` units of the lot as a share of the purchase. */
function share(lot: Lot, amount: Fixed, quantity: Fixed): Fixed {
  return quantity === lot.quantity ? amount : mulDiv(amount, quantity, lot.quantity);
}

/** Cost of what is left of the lot. Differences of it are what sales used up: they telescope, so nothing is lost. */
export function openCost(lot: Lot): { cost: Fixed; grossCost: Fixed } {
  return { cost: share(lot, lot.cost, lot.left), grossCost: share(lot, lot.grossCost, lot.left) };
}
