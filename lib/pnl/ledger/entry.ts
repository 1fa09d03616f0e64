import type { Fixed } from '../../money/money.ts';
import type { Carried } from './carried.ts';
import type { CostMethod } from './cost-method.ts';

/**
 * `tracked`: cash is a holding that trades and transfers change. `untracked`: each buy brings its own money in and each
 * sale takes it out, for bots that report only fills.
 */
export const CASH_MODES = ['tracked', 'untracked'] as const;
export type CashMode = (typeof CASH_MODES)[number];

/** What the fold needs to know about a portfolio. */
export interface PortfolioTerms {
  baseCurrency: string;
  costMethod: CostMethod;
  cashMode: CashMode;
  /** Whether it is valued at simulated prices only, or at real ones only. */
  simulated: boolean;
}

interface EntryBase {
  id: string;
  /** Epoch milliseconds. */
  time: number;
  /**
   * Orders entries of the same instant. Derived from the content, so that it does not depend on the order of arrival.
   */
  tie: string;
}

/** A fill: `quantity` of base bought or sold at `price` quote per base. */
export interface TradeEntry extends EntryBase {
  kind: 'trade';
  base: string;
  quote: string;
  side: 'buy' | 'sell';
  quantity: Fixed;
  price: Fixed;
  fee: { amount: Fixed; currency: string } | null;
  /** Base currency per unit of the quote currency at `time`; ONE if they are the same; `null` if unknown. */
  quoteRate: Fixed | null;
  /**
   * Base currency per unit of the fee currency at `time`, if that is a third asset; `null` if unknown or not needed.
   */
  feeRate: Fixed | null;
}

/** Kinds of entry that move an amount of one asset. `income` covers every kind of reward. */
export const MOVEMENT_KINDS = ['deposit', 'withdrawal', 'income', 'fee', 'rebate', 'adjustment'] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** An amount of one asset that comes in, goes out or is earned. */
export interface TransferEntry extends EntryBase {
  kind: MovementKind;
  asset: string;
  /** Positive; a negative adjustment corrects a shortfall. */
  quantity: Fixed;
  /** Base currency per unit at `time` (the user's own cost if given); ONE for the base currency; `null` if unknown. */
  unitValue: Fixed | null;
  /** For a withdrawal: the part of `quantity` that the network or the exchange charged. */
  networkFee?: Fixed | undefined;
  /** For a withdrawal and the deposit it is matched with: the quantity that arrived. */
  joined?: Fixed | undefined;
  /** The matching entry is in another portfolio. */
  elsewhere?: boolean | undefined;
  /** For a deposit matched with a withdrawal from another portfolio: what that withdrawal released. */
  carried?: Carried | undefined;
  /** The user has confirmed that the withdrawal left for good. */
  confirmed?: boolean | undefined;
}

/** What is given in a conversion. */
export interface ConvertSource {
  asset: string;
  quantity: Fixed;
  /** How much of the target was received for it; `null` if not stated. */
  received: Fixed | null;
  /** See `TransferEntry.unitValue`. */
  unitValue: Fixed | null;
}

/** One or more assets converted into one: a conversion at the exchange's own price, or a dust sweep. */
export interface ConvertEntry extends EntryBase {
  kind: 'convert';
  /** What is received. */
  asset: string;
  quantity: Fixed;
  unitValue: Fixed | null;
  sources: readonly ConvertSource[];
}

/** An amount that moves within the portfolio. Only its fee is realised, at cost. */
export interface OwnTransferEntry extends EntryBase {
  kind: 'transfer';
  asset: string;
  /** What left the source, without the fee. */
  quantity: Fixed;
  fee: { amount: Fixed; currency: string } | null;
}

/** A change that the issuer of an asset, or its chain, makes to every holding of it, without a trade. */
export const TOKEN_CHANGES = ['rename', 'redenomination', 'fork'] as const;
export type TokenChange = (typeof TOKEN_CHANGES)[number];

/**
 * A rename or redenomination turns the whole holding into another asset, or into other units, with its lots and cost. A
 * fork adds another asset beside it, with or without a share of the cost.
 */
export interface TokenChangeEntry extends EntryBase {
  kind: TokenChange;
  /** The asset after the change. */
  asset: string;
  /** For a fork, the quantity received. Otherwise how many new units replace `per` old ones. */
  quantity: Fixed;
  /** The asset before the change; for a redenomination it may be the same asset. */
  from: string;
  /** For a fork, the share of the cost that moves along, from 0 to 1. */
  per: Fixed;
  /** What one asset hands to the other; absent until it has been computed. */
  carried?: Carried | undefined;
}

export type LedgerEntry = TradeEntry | TransferEntry | ConvertEntry | OwnTransferEntry | TokenChangeEntry;

/** Orders a ledger by time, then by the stable tiebreaker (plain code-unit order: `COLLATE "C"` in SQL). */
export function compareOrder(a: { time: number; tie: string }, b: { time: number; tie: string }): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.tie === b.tie) return 0;
  return a.tie < b.tie ? -1 : 1;
}
