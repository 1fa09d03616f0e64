import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { PortfolioTerms, TradeEntry } from './entry.ts';
import type { ValuedTrade } from './valued-trade.ts';
import { valuedTrade } from './valued-trade.ts';
import type { Fill, Leg, Stamp } from './leg-kinds.ts';
import { acquire, assetStamp, cash, dispose, stampOf } from './leg-kinds.ts';
import { negated, plus } from '../../money/unknown.ts';

/** The legs of a trade: the asset, the money, and a fee paid in a third asset. */
export function tradeLegs(entry: TradeEntry, terms: PortfolioTerms): Leg[] {
  const valued = valuedTrade(entry, terms);
  const stamp = stampOf(entry);
  const legs: Leg[] = [];
  const own = terms.cashMode === 'tracked' ? ZERO : broughtIn(valued);
  legs.push(...(valued.side === 'buy' ? boughtLegs : soldLegs)(entry, valued, own));
  if (terms.cashMode === 'tracked') legs.push(...moneyLegs(stamp, valued, terms));
  const { fee } = valued;
  if (fee.paidIn === 'third') {
    const worth = feeWorth(valued);
    const third = assetStamp(entry, fee.currency);
    const isUnvalued = fee.value === null;
    legs.push(
      fee.amount > ZERO
        ? dispose(third, 'fee', fee.amount, { gross: worth, net: worth, unvalued: isUnvalued ? 'fee' : null })
        : acquire(third, 'rebate', -fee.amount, {
            cost: negated(worth),
            grossCost: negated(worth),
            unvalued: isUnvalued ? 'rebate' : null,
          }),
    );
  }
  return legs;
}

/** A fee in a third asset without a price counts as zero in the trade; the leg of that asset records it. */
function feeWorth({ fee }: ValuedTrade): Fixed | null {
  return fee.paidIn === 'third' ? (fee.value ?? ZERO) : fee.value;
}

/** The asset comes in. `contribution` is the external money that the trade brings with it. */
function boughtLegs(entry: TradeEntry, valued: ValuedTrade, contribution: Fixed | null): Leg[] {
  const { asset, quantity, value, fee } = valued;
  const stamp = assetStamp(entry, asset);
  const fill = fillOf(entry, valued);
  const worth = feeWorth(valued);
  if (fee.paidIn !== 'asset') {
    const cost = plus(value, worth);
    return [acquire(stamp, 'buy', quantity, { cost, grossCost: value, fee: worth, contribution, fill })];
  }
  const received = quantity - fee.amount;
  if (received > ZERO) {
    const grossCost = plus(value, negated(worth));
    return [acquire(stamp, 'buy', received, { cost: value, grossCost, fee: worth, contribution, fill })];
  }
  // The fee consumes all of it or more: both are recorded.
  return [
    acquire(stamp, 'buy', quantity, { cost: value, grossCost: value, contribution, fill }),
    dispose(stamp, 'fee', fee.amount, { gross: worth, net: ZERO, fee: worth }),
  ];
}

/** The asset goes out. */
function soldLegs(entry: TradeEntry, valued: ValuedTrade, contribution: Fixed | null): Leg[] {
  const { asset, quantity, value, fee } = valued;
  const stamp = assetStamp(entry, asset);
  const fill = fillOf(entry, valued);
  const worth = feeWorth(valued);
  if (fee.paidIn !== 'asset') {
    const net = plus(value, negated(worth));
    return [dispose(stamp, 'sale', quantity, { gross: value, net, fee: worth, contribution, fill })];
  }
  const given = quantity + fee.amount;
  const gross = plus(value, worth);
  // With a rebate larger than the sale, the holder ends up with more than before.
  if (given <= ZERO) {
    return [
      dispose(stamp, 'sale', quantity, {
        gross: value,
        net: plus(value, negated(worth)),
        fee: worth,
        contribution,
        fill,
      }),
      acquire(stamp, 'rebate', -fee.amount, { cost: negated(worth), grossCost: negated(worth) }),
    ];
  }
  return [dispose(stamp, 'sale', given, { gross, net: value, fee: worth, contribution, fill })];
}

/** The other side of a trade: cash, or another asset that is bought or sold with it. */
function moneyLegs(stamp: Stamp, valued: ValuedTrade, terms: PortfolioTerms): Leg[] {
  const { side, money, moneyQuantity, moneyRate, value, fee } = valued;
  const sign = side === 'buy' ? -1n : 1n;
  const feeAmount = fee.paidIn === 'money' ? fee.amount : ZERO;
  const moved = sign * moneyQuantity - feeAmount;
  if (money === terms.baseCurrency) return [cash(stamp, money, moved)];
  const feeValue = fee.paidIn === 'money' ? fee.value : ZERO;
  const worth = value === null || feeValue === null ? null : sign * value - feeValue;
  const fill =
    moneyRate === null
      ? null
      : { symbol: `${money}/${terms.baseCurrency}`, price: moneyRate, time: stamp.time };
  const legs: Leg[] = [
    moved > ZERO
      ? acquire({ ...stamp, asset: money }, 'proceeds', moved, { cost: worth, grossCost: worth, fill })
      : dispose({ ...stamp, asset: money }, 'payment', -moved, {
          gross: negated(worth),
          net: negated(worth),
          fill,
        }),
  ];
  if (fee.paidIn === 'base') legs.push(cash(stamp, terms.baseCurrency, -fee.amount));
  return legs;
}

/** Untracked cash: what the trade brings in from outside (negative: takes out). */
function broughtIn(valued: ValuedTrade): Fixed | null {
  const { side, value, fee } = valued;
  const feeValue = fee.paidIn === 'money' || fee.paidIn === 'base' ? fee.value : ZERO;
  return plus(side === 'buy' ? value : negated(value), feeValue);
}

function fillOf(entry: TradeEntry, valued: ValuedTrade): Fill | null {
  const price = valued.assetRate;
  return price === null ? null : { symbol: `${entry.base}/${entry.quote}`, price, time: entry.time };
}
