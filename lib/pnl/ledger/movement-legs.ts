import type { Fixed } from '../../money/money.ts';
import { ZERO, abs, mul } from '../../money/money.ts';
import { negated } from '../../money/unknown.ts';
import type { OwnTransferEntry, PortfolioTerms, TransferEntry } from './entry.ts';
import type { AssetStamp, Leg } from './leg-kinds.ts';
import { acquire, assetStamp, cash, dispose } from './leg-kinds.ts';

/** An entry that moves an amount of one asset. */
export function movementLegs(entry: TransferEntry, terms: PortfolioTerms): Leg[] {
  const { asset, quantity, unitValue } = entry;
  const stamp = assetStamp(entry, asset);
  if (entry.joined !== undefined) return joinedLegs(entry, entry.joined, terms);
  if (asset === terms.baseCurrency) return [cashLeg(entry, stamp)];
  const amount = abs(quantity);
  const value = unitValue === null ? null : mul(amount, unitValue);
  switch (entry.kind) {
    case 'deposit':
      return [broughtIn(stamp, 'deposit', amount, value)];
    case 'withdrawal':
      return [takenOut(stamp, 'withdrawal', amount, value)];
    case 'adjustment':
      return [
        quantity > ZERO
          ? broughtIn(stamp, 'adjustment', amount, value)
          : takenOut(stamp, 'adjustment', amount, value),
      ];
    case 'income':
      return value === null
        ? [acquire(stamp, 'income', amount, { cost: ZERO, grossCost: ZERO, unvalued: 'reward' })]
        : [acquire(stamp, 'income', amount, { cost: value, grossCost: value, income: value })];
    case 'rebate':
      return value === null
        ? [acquire(stamp, 'rebate', amount, { cost: ZERO, grossCost: ZERO, unvalued: 'rebate' })]
        : [acquire(stamp, 'rebate', amount, { cost: value, grossCost: value, fee: -value, gain: value })];
    default:
      // A fee.
      return value === null
        ? [dispose(stamp, 'fee', amount, { gross: ZERO, net: ZERO, unvalued: 'fee' })]
        : [dispose(stamp, 'fee', amount, { gross: value, net: ZERO, fee: value })];
  }
}

function cashLeg({ kind, quantity }: TransferEntry, stamp: AssetStamp): Leg {
  switch (kind) {
    case 'deposit':
    case 'adjustment':
      return cash(stamp, stamp.asset, quantity, { contribution: quantity });
    case 'withdrawal':
      return cash(stamp, stamp.asset, -quantity, { contribution: -quantity });
    case 'income':
      return cash(stamp, stamp.asset, quantity, { income: quantity });
    case 'rebate':
      return cash(stamp, stamp.asset, quantity, { fee: -quantity });
    default:
      // A fee.
      return cash(stamp, stamp.asset, -quantity, { fee: quantity });
  }
}

function broughtIn(
  stamp: AssetStamp,
  reason: 'deposit' | 'adjustment',
  quantity: Fixed,
  value: Fixed | null,
): Leg {
  return acquire(stamp, reason, quantity, { cost: value, grossCost: value, contribution: value });
}

/** Leaving at its value realises what it had gained: contributions count it at that value too. */
function takenOut(
  stamp: AssetStamp,
  reason: 'withdrawal' | 'adjustment',
  quantity: Fixed,
  value: Fixed | null,
): Leg {
  return dispose(stamp, reason, quantity, { gross: value, net: value, contribution: negated(value) });
}

/** Within a portfolio only the place changes: lots, dates and cost stay. */
export function ownTransferLegs(entry: OwnTransferEntry, terms: PortfolioTerms): Leg[] {
  const { fee } = entry;
  return fee === null ? [] : networkFee(assetStamp(entry, fee.currency), fee.amount, terms);
}

/** What has left and not arrived is the network's fee, at the time of leaving. */
function joinedLegs(entry: TransferEntry, arrived: Fixed, terms: PortfolioTerms): Leg[] {
  if (entry.kind !== 'withdrawal') return [];
  return networkFee(assetStamp(entry, entry.asset), entry.quantity - arrived, terms);
}

function networkFee(stamp: AssetStamp, amount: Fixed, terms: PortfolioTerms): Leg[] {
  if (amount <= ZERO) return [];
  if (stamp.asset === terms.baseCurrency) return [cash(stamp, stamp.asset, -amount, { fee: amount })];
  return [dispose(stamp, 'fee', amount, { gross: ZERO, net: ZERO, atCost: true })];
}
