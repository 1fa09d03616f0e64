import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { CarriedLot } from './carried.ts';
import type { CostMethod } from './cost-method.ts';
import type { LedgerEntry, TokenChange } from './entry.ts';

/** The portfolio's own last trade price, for an asset that the market does not quote: base currency per unit. */
export interface Fill {
  symbol: string;
  price: Fixed;
  time: number;
}

/**
 * An amount without a price, which must affect nothing else: every sum counts it as zero, and the asset's state records
 * its quantity separately.
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

/** `quantity` of an asset comes in. Values are in the base currency; `null` means that there is no rate. */
export interface AcquireLeg extends LegBase {
  kind: 'acquire';
  reason: 'buy' | 'proceeds' | 'deposit' | 'income' | 'rebate' | 'convert' | 'adjustment' | 'fork';
  quantity: Fixed;
  /** Its cost, fees included. */
  cost: Fixed | null;
  /** Its cost before fees. */
  grossCost: Fixed | null;
  /** The value of the fees booked here. */
  fee: Fixed | null;
  /** External money or coins that came in with it (negative: went out). */
  contribution: Fixed | null;
  income: Fixed | null;
  /** The gain realised by receiving it: a rebate outside a trade. */
  gain: Fixed;
  fill: Fill | null;
  /** The kind of amount, if it has no price; its values are then zero, not unknown. */
  unvalued: UnvaluedKind | null;
}

/** `quantity` of an asset goes out. Values are in the base currency; `null` means that there is no rate. */
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
  /** The kind of amount, if it has no price; it then leaves at cost before fees, and for zero after them. */
  unvalued: UnvaluedKind | null;
  /** A fee valued at the cost of the coins that pay it, so no gain results. */
  atCost: boolean;
  /** A withdrawal that has been neither matched nor confirmed. */
  unmatched: boolean;
}

/** `quantity` of an asset moves to another holding of the owner, with its lots; nothing is realised. */
export interface ReleaseLeg extends LegBase {
  kind: 'release';
  reason: CarryReason;
  quantity: Fixed;
  /** Market value in the base currency, by which the portfolio shrinks. `null` without a rate. */
  value: Fixed | null;
}

/** The whole holding moves into another asset or, for a fork, a share of its cost does. Nothing is realised. */
export interface HandOverLeg extends LegBase {
  kind: 'hand-over';
  reason: TokenChange;
  /** `per` units become `quantity` units; for a fork, `quantity` units are added. */
  quantity: Fixed;
  /** For a fork, the share of the cost. */
  per: Fixed;
}

/** The holding is restated in other units: `per` old ones become `quantity` new ones. */
export interface ScaleLeg extends LegBase {
  kind: 'scale';
  quantity: Fixed;
  per: Fixed;
}

/** What another holding released comes in. */
export interface ReceiveLeg extends LegBase {
  kind: 'receive';
  reason: CarryReason;
  quantity: Fixed;
  /** Whether it comes from another portfolio. */
  outside: boolean;
  /** As of the release, whatever the market price is now. */
  value: Fixed | null;
  /** For the cost method that the holding is folded with. */
  lots: Readonly<Record<CostMethod, readonly CarriedLot[]>>;
}

/** What kind of entry moves the lots: `transfer` to another portfolio, the others to another asset. */
export type CarryReason = 'transfer' | TokenChange;

/** Base currency moves. Its value is its quantity, so there is neither cost nor gain. */
export interface CashLeg extends LegBase {
  kind: 'cash';
  /** Signed. */
  quantity: Fixed;
  contribution: Fixed;
  income: Fixed;
  /** A standalone fee, negative for a rebate: a loss or gain at once. */
  fee: Fixed;
}

export type Leg = AcquireLeg | DisposeLeg | CashLeg | ReleaseLeg | ReceiveLeg | HandOverLeg | ScaleLeg;

/** The position of a leg in the ledger. */
export type Stamp = Pick<LegBase, 'entryId' | 'time' | 'tie'>;

export type AssetStamp = Stamp & { asset: string };

export function stampOf(entry: LedgerEntry): Stamp {
  return { entryId: entry.id, time: entry.time, tie: entry.tie };
}

export function assetStamp(entry: LedgerEntry, asset: string): AssetStamp {
  return { entryId: entry.id, time: entry.time, tie: entry.tie, asset };
}

// Field by field: a bulk import creates hundreds of thousands of these, and a spread is ten times slower.

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
  const {
    fee = ZERO,
    contribution = ZERO,
    fill = null,
    unvalued = null,
    atCost = false,
    unmatched = false,
  } = amounts;
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
    unmatched,
  };
}

export function release(
  stamp: AssetStamp,
  reason: CarryReason,
  quantity: Fixed,
  value: Fixed | null,
): ReleaseLeg {
  return { ...stamp, kind: 'release', reason, quantity, value };
}

export function receive(
  stamp: AssetStamp,
  reason: CarryReason,
  quantity: Fixed,
  { value, lots }: Pick<ReceiveLeg, 'value' | 'lots'>,
): ReceiveLeg {
  return { ...stamp, kind: 'receive', reason, quantity, outside: reason === 'transfer', value, lots };
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
