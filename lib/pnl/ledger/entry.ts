import type { Fixed } from '../../money/money.ts';

/** How the cost of what is sold is found. `average` is the moving weighted average that Korean exchanges show. */
export const COST_METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
export type CostMethod = (typeof COST_METHODS)[number];

/**
 * `tracked`: cash is a holding that trades and transfers move. `untracked`: each buy brings its own money in and each
 * sale takes it out, for bots that only report fills.
 */
export const CASH_MODES = ['tracked', 'untracked'] as const;
export type CashMode = (typeof CASH_MODES)[number];

/** What the fold must know of a portfolio. */
export interface PortfolioTerms {
  baseCurrency: string;
  costMethod: CostMethod;
  cashMode: CashMode;
}

interface EntryBase {
  id: string;
  /** Epoch milliseconds. */
  time: number;
  /** Orders entries of the same instant; derived from content, so that it does not depend on arrival. */
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
  /** Base currency per unit of quote at `time`; ONE if the quote is the base currency; `null` if unknown. */
  quoteRate: Fixed | null;
  /** Base currency per unit of the fee currency at `time`, when that is a third asset; `null` if unknown or not needed. */
  feeRate: Fixed | null;
}

/** Kinds of entry that move an amount of one asset. `income` is a reward, whatever for. */
export const MOVEMENT_KINDS = ['deposit', 'withdrawal', 'income', 'fee', 'rebate', 'adjustment'] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** An amount of one asset that comes in, goes out, or is earned. */
export interface TransferEntry extends EntryBase {
  kind: MovementKind;
  asset: string;
  /** Positive; of an adjustment negative for what is missing. */
  quantity: Fixed;
  /** Base currency per unit at `time` (the user's own cost where given); ONE for the base currency; `null` if unknown. */
  unitValue: Fixed | null;
  /** Of a withdrawal that arrived elsewhere in the portfolio, and of its deposit: how much arrived. */
  joined?: Fixed | undefined;
}

/** What is given in a conversion. */
export interface ConvertSource {
  asset: string;
  quantity: Fixed;
  /** How much of the asset that comes in was got for it; `null` if not told. */
  received: Fixed | null;
  /** As `TransferEntry.unitValue`. */
  unitValue: Fixed | null;
}

/** One or more assets turned into one: a conversion at an exchange's own price, a sweep of dust. */
export interface ConvertEntry extends EntryBase {
  kind: 'convert';
  /** What comes in. */
  asset: string;
  quantity: Fixed;
  unitValue: Fixed | null;
  sources: readonly ConvertSource[];
}

/** An amount that changes its place within the portfolio: nothing is realised but its fee, which leaves at cost. */
export interface OwnTransferEntry extends EntryBase {
  kind: 'transfer';
  asset: string;
  /** What has left the first place, without the fee. */
  quantity: Fixed;
  fee: { amount: Fixed; currency: string } | null;
}

export type LedgerEntry = TradeEntry | TransferEntry | ConvertEntry | OwnTransferEntry;

/** Orders a ledger: by time, then by the stable tie (plain code-unit order: `COLLATE "C"` in SQL). */
export function compareOrder(a: { time: number; tie: string }, b: { time: number; tie: string }): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.tie === b.tie) return 0;
  return a.tie < b.tie ? -1 : 1;
}
