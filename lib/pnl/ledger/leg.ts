import { ZERO, mul } from '../../money/money.ts';
import type { LedgerEntry, PortfolioTerms, TransferEntry } from './entry.ts';
import type { Leg } from './leg-kinds.ts';
import { acquire, assetStamp, dispose } from './leg-kinds.ts';
import { tradeLegs } from './trade-legs.ts';
import { negated } from '../../money/unknown.ts';

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
 * Over the legs of an entry, values in = values out + contributions + income, exactly: together with the fold this is
 * the ledger identity.
 */
export function legsOf(entry: LedgerEntry, terms: PortfolioTerms): Leg[] {
  return entry.kind === 'trade' ? tradeLegs(entry, terms) : transferLegs(entry, terms);
}

function transferLegs(entry: TransferEntry, terms: PortfolioTerms): Leg[] {
  const { asset, quantity } = entry;
  const stamp = assetStamp(entry, asset);
  if (asset === terms.baseCurrency) {
    const moved = entry.kind === 'withdrawal' ? -quantity : quantity;
    const earned = entry.kind === 'income';
    return [
      {
        ...stamp,
        kind: 'cash',
        quantity: moved,
        contribution: earned ? ZERO : moved,
        income: earned ? moved : ZERO,
      },
    ];
  }
  const value = entry.unitValue === null ? null : mul(quantity, entry.unitValue);
  if (entry.kind === 'withdrawal') {
    // Leaving at its value then realises what it had gained: contributions count it at that value too.
    return [
      dispose(stamp, 'withdrawal', quantity, { gross: value, net: value, contribution: negated(value) }),
    ];
  }
  const earned = entry.kind === 'income';
  if (earned && value === null) {
    return [acquire(stamp, entry.kind, quantity, { cost: ZERO, grossCost: ZERO, unvalued: 'reward' })];
  }
  return [
    acquire(stamp, entry.kind, quantity, {
      cost: value,
      grossCost: value,
      contribution: earned ? ZERO : value,
      income: earned ? value : ZERO,
    }),
  ];
}
