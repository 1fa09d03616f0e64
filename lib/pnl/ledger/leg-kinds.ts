import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { LedgerEntry } from './entry.ts';

/** A price of the portfolio's own, for valuing an asset that the market does not quote: base currency per unit. */
export interface Fill {
  symbol: string;
  price: Fixed;
  time: number;
}

/**
 * An amount without a price that spoils nothing but itself: it counts as nothing in every sum, and the asset's state keeps
 * its quantity apart.
 */
export const UNVALUED_KINDS = ['fee', 'rebate', 'reward'] as const;
export type UnvaluedKind = (typeof UNVALUED_KINDS)[number];

interface LegBase {
  entryId: string;
  /** Epoch milliseconds. */
  time: number;
  tie: string;
  asset: string;
}

/** `quantity` of an asset comes in. Values are in base currency; `null` is unknown for want of a rate. */
export interface AcquireLeg extends LegBase {
  kind: 'acquire';
  reason: 'buy' | 'proceeds' | 'deposit' | 'income' | 'rebate' | 'convert' | 'adjustment';
  quantity: Fixed;
  /** What it cost, fees included. */
  cost: Fixed | null;
  /** What it cost without fees. */
  grossCost: Fixed | null;
  /** Value of the fees booked here. */
  fee: Fixed | null;
  /** External money or coins that came in with it (negative: went out). */
  contribution: Fixed | null;
  income: Fixed | null;
  /** What is realised by getting it: a rebate that is not part of a trade. */
  gain: Fixed;
  fill: Fill | null;
  /** What it is when it has no price; its amounts are then nothing, not unknown. */
  unvalued: UnvaluedKind | null;
}

/** `quantity` of an asset goes out. Values are in base currency; `null` is unknown for want of a rate. */
export interface DisposeLeg extends LegBase {
  kind: 'dispose';
  reason: 'sale' | 'payment' | 'withdrawal' | 'fee' | 'convert' | 'adjustment';
  quantity: Fixed;
  /** Its value before fees. */
  gross: Fixed | null;
  /** Its value after fees. */
  net: Fixed | null;
  fee: Fixed | null;
  contribution: Fixed | null;
  fill: Fill | null;
  /** What it is when it has no price; it then leaves at cost before fees and for nothing after them. */
  unvalued: UnvaluedKind | null;
  /** A fee that is worth what the coins that pay it had cost: no gain comes of it. */
  atCost: boolean;
}

/** Base currency moves. It is worth itself, so there is neither cost nor gain. */
export interface CashLeg extends LegBase {
  kind: 'cash';
  /** Signed. */
  quantity: Fixed;
  contribution: Fixed;
  income: Fixed;
  /** A fee that is not part of a trade; negative for a rebate. It is lost, or won, at once. */
  fee: Fixed;
}

export type Leg = AcquireLeg | DisposeLeg | CashLeg;

/** Where in the ledger a leg belongs. */
export type Stamp = Pick<LegBase, 'entryId' | 'time' | 'tie'>;

export type AssetStamp = Stamp & { asset: string };

export function stampOf(entry: LedgerEntry): Stamp {
  return { entryId: entry.id, time: entry.time, tie: entry.tie };
}

export function assetStamp(entry: LedgerEntry, asset: string): AssetStamp {
  return { entryId: entry.id, time: entry.time, tie: entry.tie, asset };
}

// Field by field: a bulk import makes hundreds of thousands of these, and a spread costs ten times as much.

export function acquire(
  stamp: AssetStamp,
  reason: AcquireLeg['reason'],
  quantity: Fixed,
  amounts: Pick<AcquireLeg, 'cost' | 'grossCost'> & Partial<AcquireLeg>,
): AcquireLeg {
  const {
    fee = ZERO,
    contribution = ZERO,
    income = ZERO,
    fill = null,
    unvalued = null,
    gain = ZERO,
  } = amounts;
  return {
    entryId: stamp.entryId,
    time: stamp.time,
    tie: stamp.tie,
    asset: stamp.asset,
    kind: 'acquire',
    reason,
    quantity,
    cost: amounts.cost,
    grossCost: amounts.grossCost,
    fee,
    contribution,
    income,
    gain,
    fill,
    unvalued,
  };
}

export function dispose(
  stamp: AssetStamp,
  reason: DisposeLeg['reason'],
  quantity: Fixed,
  amounts: Pick<DisposeLeg, 'gross' | 'net'> & Partial<DisposeLeg>,
): DisposeLeg {
  const { fee = ZERO, contribution = ZERO, fill = null, unvalued = null, atCost = false } = amounts;
  return {
    entryId: stamp.entryId,
    time: stamp.time,
    tie: stamp.tie,
    asset: stamp.asset,
    kind: 'dispose',
    reason,
    quantity,
    gross: amounts.gross,
    net: amounts.net,
    fee,
    contribution,
    fill,
    unvalued,
    atCost,
  };
}

export function cash(
  stamp: Stamp,
  asset: string,
  quantity: Fixed,
  amounts: Partial<Pick<CashLeg, 'contribution' | 'income' | 'fee'>> = {},
): CashLeg {
  const { contribution = ZERO, income = ZERO, fee = ZERO } = amounts;
  return {
    entryId: stamp.entryId,
    time: stamp.time,
    tie: stamp.tie,
    asset,
    kind: 'cash',
    quantity,
    contribution,
    income,
    fee,
  };
}
