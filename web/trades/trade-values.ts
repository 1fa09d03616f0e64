import type { components } from 'marktide/client';
import type { ListedTrade, Portfolio } from '../api.ts';
import { plainDecimal } from '../figures/decimal-input.ts';
import { fromLocalTime, toLocalTime } from '../figures/zoned-time.ts';

type TradeInput = components['schemas']['TradeInput'];

/** What is in the fields of the form. */
export interface TradeValues {
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  feeAmount: string;
  feeCurrency: string;
  /** As the clock of the portfolio's zone shows it. */
  time: string;
  exchange: string;
  note: string;
}

export function valuesOf(trade: ListedTrade | null, { timeZone, baseCurrency }: Portfolio): TradeValues {
  if (trade === null) {
    return {
      symbol: '',
      side: 'buy',
      quantity: '',
      price: '',
      feeAmount: '',
      feeCurrency: baseCurrency,
      time: toLocalTime(Date.now(), timeZone),
      exchange: '',
      note: '',
    };
  }
  const { symbol, side, quantity, price, fee, time, exchange, note } = trade;
  return {
    symbol,
    side,
    quantity,
    price,
    feeAmount: fee?.amount ?? '',
    feeCurrency: fee?.currency ?? baseCurrency,
    time: toLocalTime(time, timeZone),
    exchange: exchange ?? '',
    note: note ?? '',
  };
}

type Entered = Required<Pick<TradeInput, 'symbol' | 'side' | 'quantity' | 'price' | 'time'>> & {
  fee: { amount: string; currency: string } | null;
  exchange: string | null;
  note: string | null;
};

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** @returns `null` when there is no such time in the zone */
export function enteredTrade(values: TradeValues, timeZone: string): Entered | null {
  const time = fromLocalTime(values.time, timeZone);
  if (time === null) return null;
  const amount = plainDecimal(values.feeAmount);
  return {
    symbol: values.symbol.trim().toUpperCase(),
    side: values.side,
    quantity: plainDecimal(values.quantity),
    price: plainDecimal(values.price),
    time,
    fee: amount === '' ? null : { amount, currency: values.feeCurrency.trim().toUpperCase() },
    exchange: orNull(values.exchange),
    note: orNull(values.note),
  };
}

/** A body to book: what is not entered is left out. */
export function toBook({ fee, exchange, note, ...rest }: Entered, externalId: string): TradeInput {
  return {
    externalId,
    ...rest,
    ...(fee === null ? {} : { fee }),
    ...(exchange === null ? {} : { exchange }),
    ...(note === null ? {} : { note }),
  };
}

/** Only what differs. So milliseconds that the form does not show stay, unless the time is changed. */
export function changesOf(
  before: TradeValues,
  after: TradeValues,
  entered: Entered,
): components['schemas']['TradeChange'] {
  const { fee, time, symbol, side, quantity, price, note } = entered;
  const isOther = (...names: (keyof TradeValues)[]): boolean =>
    names.some((name) => before[name] !== after[name]);
  return {
    ...(isOther('symbol') ? { symbol } : {}),
    ...(isOther('side') ? { side } : {}),
    ...(isOther('quantity') ? { quantity } : {}),
    ...(isOther('price') ? { price } : {}),
    ...(isOther('feeAmount', 'feeCurrency') ? { fee } : {}),
    ...(isOther('time') ? { time } : {}),
    ...(isOther('note') ? { note } : {}),
  };
}
