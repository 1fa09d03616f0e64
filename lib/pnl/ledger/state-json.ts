import { decimal, fixed } from '../../money/money.ts';
import type { AssetState, Note, UnknownTotals, UnvaluedAmounts } from './asset-state.ts';
import { NO_NOTE, NOTHING_UNVALUED } from './asset-state.ts';
import type { CostMethod } from './cost-method.ts';
import { UNVALUED_KINDS, type UnvaluedKind } from './leg-kinds.ts';
import type { Lot } from './lot.ts';
import { heapOf, listLots } from './lot.ts';

/**
 * Bump this when a stored state no longer equals what the current fold would produce; stored states are then refolded.
 */
export const STATE_VERSION = 6;

/**
 * A state as plain JSON: decimals as strings, keys in a fixed order, lots in order of purchase. Equal states give
 * identical `JSON.stringify` output, however they came about.
 */
export interface StateJson {
  v: number;
  asset: string;
  method: CostMethod | null;
  quantity: string;
  costBasis: string;
  grossCost: string;
  averagePrice: string;
  acquired: number;
  realisedGross: string;
  realisedNet: string;
  fees: string;
  income: string;
  contributions: string;
  inflows: string;
  transferred: string;
  openedAt: number | null;
  oversold: Note;
  unmatched: Note;
  unrated: Note;
  unvalued: UnvaluedJson[];
  openUncosted: number;
  openUnpriced: number;
  unknown: UnknownTotals;
  lastFill: { symbol: string; price: string; time: number } | null;
  last: { time: number; tie: string } | null;
  /** `[seq, entryId, time, quantity, cost, grossCost, left, unknown]`: arrays, because there can be many. */
  lots: LotJson[];
}

/** Kind, quantity, number of entries, the first of them. */
type UnvaluedJson = [UnvaluedKind, string, number, readonly string[]];

export type LotJson = [number, string, number, string, string, string, string, Lot['unknown']];

export function encodeState(state: AssetState): StateJson {
  const { lastFill, last, unknown } = state;
  return {
    v: STATE_VERSION,
    asset: state.asset,
    method: state.method,
    quantity: decimal(state.quantity),
    costBasis: decimal(state.costBasis),
    grossCost: decimal(state.grossCost),
    averagePrice: decimal(state.averagePrice),
    acquired: state.acquired,
    realisedGross: decimal(state.realisedGross),
    realisedNet: decimal(state.realisedNet),
    fees: decimal(state.fees),
    income: decimal(state.income),
    contributions: decimal(state.contributions),
    inflows: decimal(state.inflows),
    transferred: decimal(state.transferred),
    openedAt: state.openedAt,
    oversold: encodeNote(state.oversold),
    unmatched: encodeNote(state.unmatched),
    unrated: encodeNote(state.unrated),
    unvalued: encodeUnvalued(state.unvalued),
    openUncosted: state.openUncosted,
    openUnpriced: state.openUnpriced,
    unknown: {
      realisedGross: unknown.realisedGross,
      realisedNet: unknown.realisedNet,
      fees: unknown.fees,
      income: unknown.income,
      contributions: unknown.contributions,
      transferred: unknown.transferred,
    },
    lastFill:
      lastFill === null
        ? null
        : { symbol: lastFill.symbol, price: decimal(lastFill.price), time: lastFill.time },
    last: last === null ? null : { time: last.time, tie: last.tie },
    lots: listLots(state.lots).map(encodeLot),
  };
}

/** @throws RangeError when another version of the fold stored the state: refold the asset */
export function decodeState(json: StateJson): AssetState {
  if (json.v !== STATE_VERSION) throw new RangeError(`a state of version ${String(json.v)}`);
  const { method, lastFill } = json;
  return {
    asset: json.asset,
    method,
    quantity: fixed(json.quantity),
    costBasis: fixed(json.costBasis),
    grossCost: fixed(json.grossCost),
    averagePrice: fixed(json.averagePrice),
    lots: method === null || method === 'average' ? null : heapOf(method, json.lots.map(decodeLot)),
    acquired: json.acquired,
    realisedGross: fixed(json.realisedGross),
    realisedNet: fixed(json.realisedNet),
    fees: fixed(json.fees),
    income: fixed(json.income),
    contributions: fixed(json.contributions),
    inflows: fixed(json.inflows),
    transferred: fixed(json.transferred),
    openedAt: json.openedAt,
    oversold: json.oversold.count === 0 ? NO_NOTE : json.oversold,
    unmatched: json.unmatched.count === 0 ? NO_NOTE : json.unmatched,
    unrated: json.unrated.count === 0 ? NO_NOTE : json.unrated,
    unvalued: decodeUnvalued(json.unvalued),
    openUncosted: json.openUncosted,
    openUnpriced: json.openUnpriced,
    unknown: json.unknown,
    lastFill: lastFill === null ? null : { ...lastFill, price: fixed(lastFill.price) },
    last: json.last,
  };
}

function encodeNote(note: Note): Note {
  return { count: note.count, entries: [...note.entries] };
}

function encodeUnvalued(amounts: UnvaluedAmounts): UnvaluedJson[] {
  return UNVALUED_KINDS.flatMap((kind): UnvaluedJson[] => {
    const amount = amounts[kind];
    if (amount === undefined) return [];
    return [[kind, decimal(amount.quantity), amount.note.count, amount.note.entries]];
  });
}

function decodeUnvalued(json: readonly UnvaluedJson[]): UnvaluedAmounts {
  if (json.length === 0) return NOTHING_UNVALUED;
  return Object.fromEntries(
    json.map(([kind, quantity, count, entries]) => [
      kind,
      { quantity: fixed(quantity), note: { count, entries } },
    ]),
  );
}

export function encodeLot(lot: Lot): LotJson {
  const { seq, entryId, time, quantity, cost, grossCost, left, unknown } = lot;
  return [seq, entryId, time, decimal(quantity), decimal(cost), decimal(grossCost), decimal(left), unknown];
}

export function decodeLot(json: LotJson): Lot {
  const [seq, entryId, time, quantity, cost, grossCost, left, unknown] = json;
  const amounts = {
    quantity: fixed(quantity),
    cost: fixed(cost),
    grossCost: fixed(grossCost),
    left: fixed(left),
  };
  return { seq, entryId, time, ...amounts, unknown };
}
