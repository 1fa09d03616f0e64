import type { Fixed } from '../../money/money.ts';
import type { CarriedLot } from './carried.ts';
import type { CarryReason, DisposeLeg } from './leg-kinds.ts';
import type { LotMatch } from './lot.ts';

/** What one leg realised. Amounts are in the base currency and add up exactly to the totals of the asset's state. */
export interface Disposal {
  entryId: string;
  time: number;
  asset: string;
  /** `write-off`: a purchase whose quantity rounds to zero. `rebate`: nothing is given in exchange. */
  reason: DisposeLeg['reason'] | CarryReason | 'write-off' | 'rebate';
  quantity: Fixed;
  /** Part of `quantity` that was not held, assumed to have been transferred in at the price of this disposal. */
  uncovered: Fixed;
  /** Held beyond `quantity` but below the tolerance; written off with the disposal. */
  dust: Fixed;
  /** `null` without a rate. */
  proceeds: { gross: Fixed | null; net: Fixed | null };
  fee: Fixed | null;
  /** Cost of what was sold, buy fees included; the uncovered part counts at the price of the sale. */
  cost: Fixed | null;
  grossCost: Fixed | null;
  realised: { gross: Fixed | null; net: Fixed | null };
  /**
   * When the holding was opened (average), or the purchase times weighted by quantity (lots); `null` if nothing was
   * held.
   */
  openedAt: number | null;
  /** Empty under `average`, which has a single pool. */
  matches: LotMatch[];
}

/** External money or coins, signed from the portfolio's point of view; `null` without a rate. */
export interface Flow {
  entryId: string;
  time: number;
  asset: string;
  value: Fixed | null;
}

/** Receives what happens during a fold. */
export interface FoldObserver {
  /** Every disposal. The amounts add up exactly to the state's totals. */
  onDisposal?: (disposal: Disposal) => void;
  /** What an entry moves to another holding. */
  onRelease?: (entryId: string, lots: readonly CarriedLot[]) => void;
  /** Every external flow. The amounts add up exactly to `contributions`. */
  onFlow?: (flow: Flow) => void;
}

/** Purchase times weighted by quantity, to the millisecond; `null` if there are none. */
export function meanTime(matches: readonly LotMatch[]): number | null {
  let weighted = 0n;
  let quantity = 0n;
  for (const match of matches) {
    weighted += BigInt(match.time) * match.quantity;
    quantity += match.quantity;
  }
  return quantity === 0n ? null : Number(weighted / quantity);
}
