import type { Fixed } from '../../money/money.ts';
import { ZERO, abs, mul } from '../../money/money.ts';
import { negated } from '../../money/unknown.ts';
import type { OwnTransferEntry, PortfolioTerms, TransferEntry } from './entry.ts';
import type { AssetStamp, Leg } from './leg-kinds.ts';
import { acquire, assetStamp, cash, dispose, receive, release } from './leg-kinds.ts';

/** The legs of an entry that moves an amount of one asset. */
export function movementLegs(entry: TransferEntry, terms: PortfolioTerms): Leg[] {
  const { asset, quantity, unitValue } = entry;
  const stamp = assetStamp(entry, asset);
  if (entry.joined !== undefined) return joinedLegs(entry, entry.joined, terms);
  const { networkFee: fee = ZERO, ...rest } = entry;
  if (fee > ZERO) {
    return [...networkFee(stamp, fee, terms), ...movementLegs({ ...rest, quantity: quantity - fee }, terms)];
  }
  if (asset === terms.baseCurrency) return [cashLeg(entry, stamp)];
  const amount = abs(quantity);
  const value = unitValue === null ? null : mul(amount, unitValue);
  switch (entry.kind) {
    case 'deposit':
      return [broughtIn(stamp, 'deposit', amount, value)];
    case 'withdrawal':
      return [takenOut(stamp, 'withdrawal', amount, value, entry.confirmed !== true)];
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

/** Leaving at its value realises its gain; contributions count it at the same value. */
function takenOut(
  stamp: AssetStamp,
  reason: 'withdrawal' | 'adjustment',
  quantity: Fixed,
  value: Fixed | null,
  unmatched = false,
): Leg {
  const contribution = negated(value);
  return dispose(stamp, reason, quantity, { gross: value, net: value, contribution, unmatched });
}

/** Within a portfolio only the place changes; lots, dates and cost stay the same. */
export function ownTransferLegs(entry: OwnTransferEntry, terms: PortfolioTerms): Leg[] {
  const { fee } = entry;
  return fee === null ? [] : networkFee(assetStamp(entry, fee.currency), fee.amount, terms);
}

/**
 * What left but did not arrive is the network fee, at the time of leaving. It is taken before the rest, so that what
 * arrives is what a single holding would have left.
 */
function joinedLegs(entry: TransferEntry, arrived: Fixed, terms: PortfolioTerms): Leg[] {
  const stamp = assetStamp(entry, entry.asset);
  const isLeaving = entry.kind === 'withdrawal';
  const legs = isLeaving ? networkFee(stamp, entry.quantity - arrived, terms) : [];
  if (entry.elsewhere === true) legs.push(isLeaving ? sent(entry, arrived, terms) : arrival(entry, terms));
  return legs;
}

/** To another portfolio: external money for both, at the same value. */
function sent(entry: TransferEntry, arrived: Fixed, terms: PortfolioTerms): Leg {
  const { asset, unitValue } = entry;
  const stamp = assetStamp(entry, asset);
  if (asset === terms.baseCurrency) return cash(stamp, asset, -arrived, { contribution: -arrived });
  return release(stamp, 'transfer', arrived, unitValue === null ? null : mul(arrived, unitValue));
}

function arrival(entry: TransferEntry, terms: PortfolioTerms): Leg {
  const { asset, quantity, carried } = entry;
  const stamp = assetStamp(entry, asset);
  if (asset === terms.baseCurrency) return cash(stamp, asset, quantity, { contribution: quantity });
  if (carried === undefined) throw new TypeError(`the deposit ${entry.id} lacks the lots that it brings`);
  return receive(stamp, 'transfer', quantity, carried);
}

function networkFee(stamp: AssetStamp, amount: Fixed, terms: PortfolioTerms): Leg[] {
  if (amount <= ZERO) return [];
  if (stamp.asset === terms.baseCurrency) return [cash(stamp, stamp.asset, -amount, { fee: amount })];
  return [dispose(stamp, 'fee', amount, { gross: ZERO, net: ZERO, atCost: true })];
}
