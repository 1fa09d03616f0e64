import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, div, mul, mulDiv } from '../../money/money.ts';
import type { PortfolioTerms, TradeEntry } from './entry.ts';

/**
 * A trade as an exchange of an asset for money, valued in the base currency. Each product is rounded once, here, and
 * every leg uses the result, so both sides of the trade agree to the last digit.
 */
export interface ValuedTrade {
  side: 'buy' | 'sell';
  /** What is bought or sold; never the base currency. */
  asset: string;
  quantity: Fixed;
  /** What it is paid for with: the base currency or another asset. */
  money: string;
  moneyQuantity: Fixed;
  /** The value exchanged, in the base currency. */
  value: Fixed | null;
  /** Base currency per unit of the money. */
  moneyRate: Fixed | null;
  /** Base currency per unit of the asset, in this trade. */
  assetRate: Fixed | null;
  fee: {
    /**
     * `base`: the base currency, although the money is another asset. `third`: an asset that is on neither side of the
     * trade.
     */
    paidIn: 'nothing' | 'asset' | 'money' | 'base' | 'third';
    currency: string;
    /** Negative for a rebate. */
    amount: Fixed;
    value: Fixed | null;
  };
}

/**
 * A trade in the base currency itself (`USDT/KRW` in a USDT portfolio) is reversed: buying the base currency means
 * selling the quote asset, and its value is exact.
 */
export function valuedTrade(trade: TradeEntry, terms: Pick<PortfolioTerms, 'baseCurrency'>): ValuedTrade {
  const quoted = mul(trade.quantity, trade.price);
  const turned = trade.base === terms.baseCurrency;
  const moneyRate = turned || trade.quote === terms.baseCurrency ? ONE : trade.quoteRate;
  const moneyQuantity = turned ? trade.quantity : quoted;
  // Field by field: this runs for every trade booked or folded, and a spread is ten times slower.
  const valued: ValuedTrade = {
    side: turned === (trade.side === 'buy') ? 'sell' : 'buy',
    asset: turned ? trade.quote : trade.base,
    quantity: turned ? quoted : trade.quantity,
    money: turned ? trade.base : trade.quote,
    moneyQuantity,
    value: moneyRate === null ? null : mul(moneyQuantity, moneyRate),
    moneyRate,
    assetRate: assetRateOf(trade, turned, moneyRate),
    fee: { paidIn: 'nothing', currency: trade.quote, amount: ZERO, value: ZERO },
  };
  valued.fee = feeOf(trade, valued, terms);
  return valued;
}

function assetRateOf(trade: TradeEntry, turned: boolean, moneyRate: Fixed | null): Fixed | null {
  if (turned) return trade.price > ZERO ? div(ONE, trade.price) : null;
  return moneyRate === null ? null : mul(trade.price, moneyRate);
}

function feeOf(
  trade: TradeEntry,
  valued: Omit<ValuedTrade, 'fee'>,
  terms: Pick<PortfolioTerms, 'baseCurrency'>,
): ValuedTrade['fee'] {
  const { asset, money, quantity, value, moneyRate } = valued;
  if (trade.fee === null || trade.fee.amount === ZERO) {
    return { paidIn: 'nothing', currency: money, amount: ZERO, value: ZERO };
  }
  const { amount, currency } = trade.fee;
  if (currency === asset) {
    // At the trade's own price, so that the average price of what remains stays equal to it.
    const worth = value === null || quantity === ZERO ? value : mulDiv(amount, value, quantity);
    return { paidIn: 'asset', currency, amount, value: worth };
  }
  if (currency === money) {
    return { paidIn: 'money', currency, amount, value: moneyRate === null ? null : mul(amount, moneyRate) };
  }
  if (currency === terms.baseCurrency) return { paidIn: 'base', currency, amount, value: amount };
  return {
    paidIn: 'third',
    currency,
    amount,
    value: trade.feeRate === null ? null : mul(amount, trade.feeRate),
  };
}
