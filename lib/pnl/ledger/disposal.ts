import type { Fixed } from '../../money/money.ts';
import type { DisposeLeg } from './leg-kinds.ts';
import type { LotMatch } from './lot.ts';

/** What one leg realised. Amounts in base currency; they add up exactly to the totals of the asset's state. */
export interface Disposal {
  entryId: string;
  time: number;
  asset: string;
  /** `write-off`: a purchase whose quantity rounds to nothing. `rebate`: nothing is given for it. */
  reason: DisposeLeg['reason'] | 'write-off' | 'rebate';
  quantity: Fixed;
  /** Part of `quantity` that was not held: taken as transferred in at the price of this very disposal. */
  uncovered: Fixed;
  /** Held beyond `quantity` but below the tolerance: written off with it. */
  dust: Fixed;
  /** `null` for want of a rate. */
  proceeds: { gross: Fixed | null; net: Fixed | null };
  fee: Fixed | null;
  /** Of what was sold, buy fees included; the uncovered part counts at its price. */
  cost: Fixed | null;
  grossCost: Fixed | null;
  realised: { gross: Fixed | null; net: Fixed | null };
  /** When the holding was begun (average), or the purchases' times weighted by quantity (lots); `null` if not held. */
  openedAt: number | null;
  /** Empty under `average`, which has one pool. */
  matches: LotMatch[];
}

/** External money or coins, signed as seen from the portfolio; `null` for want of a rate. */
export interface Flow {
  entryId: string;
  time: number;
  asset: string;
  value: Fixed | null;
}

/** Told what happens during a fold. */
export interface FoldObserver {
  /** Every disposal. The figures add up exactly to the state's totals. */
  onDisposal?: (disposal: Disposal) => void;
  /** Every external flow. They add up exactly to `contributions`. */
  onFlow?: (flow: Flow) => void;
}

/** Times of purchases, weighted by quantity, to the millisecond; `null` if there is none. */
export function meanTime(matches: readonly LotMatch[]): number | null {
  let weighted = 0n;
  let quantity = 0n;
  for (const match of matches) {
    weighted += BigInt(match.time) * match.quantity;
    quantity += match.quantity;
  }
  return quantity === 0n ? null : Number(weighted / quantity);
}
