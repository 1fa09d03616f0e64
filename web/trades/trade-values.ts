import type { components } from 'marktide/client';
import type { ListedTrade, Portfolio } from '../api.ts';
import { assetCode } from '../figures/asset-code.ts';
import { plainDecimal } from '../figures/decimal-input.ts';
import { fromLocalTime, toLocalTime } from '../figures/zoned-time.ts';

type TradeInput = components['schemas']['TradeInput'];

/** The contents of the form's fields. */
export interface TradeValues {
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  feeAmount: string;
  feeCurrency: string;
  /** Local time in the portfolio's zone. */
  time: string;
  exchange: string;
  note: string;
  /** With commas between them. */
  tags: string;
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
      tags: '',
    };
  }
  const { symbol, side, quantity, price, fee, time, exchange, note, tags } = trade;
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
    tags: tags.join(', '),
  };
}

type Entered = Required<Pick<TradeInput, 'symbol' | 'side' | 'quantity' | 'price' | 'time'>> & {
  fee: { amount: string; currency: string } | null;
  exchange: string | null;
  note: string | null;
  tags: string[];
};

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** Each tag once, without surrounding blanks. */
function tagList(entered: string): string[] {
  const tags = entered.split(',').map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

const symbolCode = (entered: string, known: readonly string[]): string =>
  entered
    .split('/')
    .map((part) => assetCode(part, known))
    .join('/');

/**
 * @param known assets whose spelling is known
 * @returns `null` if the time does not exist in the zone
 */
export function enteredTrade(
  values: TradeValues,
  timeZone: string,
  known: readonly string[],
): Entered | null {
  const time = fromLocalTime(values.time, timeZone);
  if (time === null) return null;
  const amount = plainDecimal(values.feeAmount);
  return {
    symbol: symbolCode(values.symbol, known),
    side: values.side,
    quantity: plainDecimal(values.quantity),
    price: plainDecimal(values.price),
    time,
    fee: amount === '' ? null : { amount, currency: assetCode(values.feeCurrency, known) },
    exchange: orNull(values.exchange),
    note: orNull(values.note),
    tags: tagList(values.tags),
  };
}

/** A request body for a new trade: empty fields are omitted. */
export function toBook({ fee, exchange, note, tags, ...rest }: Entered, externalId: string): TradeInput {
  return {
    externalId,
    ...rest,
    ...(fee === null ? {} : { fee }),
    ...(exchange === null ? {} : { exchange }),
    ...(note === null ? {} : { note }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/**
 * Only the differences, so that milliseconds, which the form does not show, are kept unless the time is
 * changed.
 */
export function changesOf(
  before: TradeValues,
  after: TradeValues,
  entered: Entered,
): components['schemas']['TradeChange'] {
  const { fee, time, symbol, side, quantity, price, note, tags } = entered;
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
    ...(isOther('tags') ? { tags } : {}),
  };
}

/** The previous values of what a change has replaced. */
export function formerOf(
  trade: ListedTrade,
  change: components['schemas']['TradeChange'],
): components['schemas']['TradeChange'] {
  const { symbol, side, quantity, price, fee, time, note, tags } = trade;
  const former = { symbol, side, quantity, price, fee, time, note, tags };
  return Object.fromEntries(Object.entries(former).filter(([name]) => name in change));
}
