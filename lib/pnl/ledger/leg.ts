import type { LedgerEntry, PortfolioTerms } from './entry.ts';
import { convertLegs } from './convert-legs.ts';
import type { Leg } from './leg-kinds.ts';
import { movementLegs, ownTransferLegs } from './movement-legs.ts';
import { tokenChangeLegs } from './token-change-legs.ts';
import { tradeLegs } from './trade-legs.ts';

export type { AcquireLeg, CashLeg, DisposeLeg, Fill, Leg, ReceiveLeg, ReleaseLeg } from './leg-kinds.ts';

/**
 * Whether the asset's legs may be applied in any order and undone with `unfoldCash`. True only of the base currency,
 * which has no cost. Every other asset must be folded in ledger order; a late leg means refolding from its time on.
 */
export function isAdditive(asset: string, terms: PortfolioTerms): boolean {
  return asset === terms.baseCurrency;
}

/**
 * Converts one ledger entry into legs, one or more per asset, in the order to be applied. Summed over the legs of an
 * entry, values in = values out + contributions + income + gains, exactly; together with the fold this is the ledger
 * identity. Lots that move between holdings are accounted for separately: see `transferred`.
 */
export function legsOf(entry: LedgerEntry, terms: PortfolioTerms): Leg[] {
  switch (entry.kind) {
    case 'trade':
      return tradeLegs(entry, terms);
    case 'convert':
      return convertLegs(entry, terms);
    case 'transfer':
      return ownTransferLegs(entry, terms);
    case 'rename':
    case 'redenomination':
    case 'fork':
      return tokenChangeLegs(entry);
    default:
      return movementLegs(entry, terms);
  }
}
