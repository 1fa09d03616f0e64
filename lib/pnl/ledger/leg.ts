import type { LedgerEntry, PortfolioTerms } from './entry.ts';
import { convertLegs } from './convert-legs.ts';
import type { Leg } from './leg-kinds.ts';
import { movementLegs, ownTransferLegs } from './movement-legs.ts';
import { tradeLegs } from './trade-legs.ts';

export type { AcquireLeg, CashLeg, DisposeLeg, Fill, Leg } from './leg-kinds.ts';

/**
 * Whether the asset's legs may be applied in any order and taken back with `unfoldCash`: true of the base currency
 * only, which has no cost. Every other asset must be folded in ledger order, a late leg from its time on.
 */
export function isAdditive(asset: string, terms: PortfolioTerms): boolean {
  return asset === terms.baseCurrency;
}

/**
 * One ledger entry as what it does to each asset, in the order to be applied.
 *
 * Over the legs of an entry, values in = values out + contributions + income + gains, exactly: together with the fold this
 * is the ledger identity.
 */
export function legsOf(entry: LedgerEntry, terms: PortfolioTerms): Leg[] {
  switch (entry.kind) {
    case 'trade':
      return tradeLegs(entry, terms);
    case 'convert':
      return convertLegs(entry, terms);
    case 'transfer':
      return ownTransferLegs(entry, terms);
    default:
      return movementLegs(entry, terms);
  }
}
