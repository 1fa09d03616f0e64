import { abs, decimal, div, type Fixed, fixed, mul, ZERO } from '../../money/money.ts';
import { type Move, type RawEntry, type RawTrade, type RawTransfer } from './format.ts';

/** Where and when something moved. */
export interface Occasion {
  exchange: string;
  time: number;
  externalId?: string | undefined;
  orderId?: string | undefined;
  /** Id of the transaction on the chain. */
  txid?: string | undefined;
  note?: string | undefined;
}

/** Currencies before coins, and common quote coins before the others. */
const QUOTES = 'KRW USD USDT USDC EUR GBP JPY FDUSD BUSD TUSD DAI TRY BRL AUD CHF CAD BTC ETH BNB'.split(' ');

function rankOf(asset: string): number {
  const rank = QUOTES.indexOf(asset);
  return rank === -1 ? QUOTES.length : rank;
}

const SIGNED = /^-?\d+(?:\.\d+)?$/;

/** An amount of at most 18 decimals, the ledger's precision; further ones are rounded. */
export function amountOf(number: string): Fixed {
  if (!SIGNED.test(number)) return ZERO;
  const [whole = '0', fraction = ''] = number.split('.');
  return fixed(fraction === '' ? whole : `${whole}.${fraction.slice(0, 18)}`);
}

/** Moves summed by asset, without sums of zero. */
export function sumMoves(moves: readonly Move[]): Move[] {
  const sums = new Map<string, Fixed>();
  for (const { asset, amount } of moves) sums.set(asset, (sums.get(asset) ?? ZERO) + amountOf(amount));
  return [...sums].filter(([, sum]) => sum !== ZERO).map(([asset, sum]) => ({ asset, amount: decimal(sum) }));
}

/** The trade of one asset for another: `gives` is negative, `gets` positive. */
export function tradeOf(gives: Move, gets: Move, occasion: Occasion): RawTrade {
  const { txid: _, ...rest } = occasion;
  const isBuy = rankOf(gives.asset) <= rankOf(gets.asset);
  const pair = isBuy ? { base: gets, quote: gives } : { base: gives, quote: gets };
  const quantity = abs(amountOf(pair.base.amount));
  const total = abs(amountOf(pair.quote.amount));
  return {
    kind: 'trade',
    ...rest,
    symbol: `${pair.base.asset}/${pair.quote.asset}`,
    side: isBuy ? 'buy' : 'sell',
    quantity: decimal(quantity),
    price: decimal(div(total, quantity)),
  };
}

/** The moves of an entry. A transfer within the portfolio moves nothing but its fee. */
export function movesOf(entry: RawEntry): Move[] {
  const quantity = amountOf(entry.quantity);
  const { fee } = entry;
  const cost = fee === undefined ? [] : [{ asset: fee.currency, amount: decimal(-amountOf(fee.amount)) }];
  if (entry.kind !== 'trade') {
    const { asset, kind, from = [] } = entry;
    if (kind === 'transfer') return cost;
    const amount = decimal(kind === 'withdrawal' || kind === 'fee' ? -quantity : quantity);
    const given = from.map((source) => ({
      asset: source.asset,
      amount: decimal(-amountOf(source.quantity)),
    }));
    return [{ asset, amount }, ...given];
  }
  const [base = '', quote = ''] = entry.symbol.split('/');
  const sign = entry.side === 'buy' ? 1n : -1n;
  return [
    { asset: base, amount: decimal(sign * quantity) },
    { asset: quote, amount: decimal(-sign * mul(quantity, amountOf(entry.price))) },
    ...cost,
  ];
}

/** A deposit or withdrawal, by the sign of the move. */
export function transferOf({ asset, amount }: Move, occasion: Occasion): RawTransfer {
  const { orderId: _, ...rest } = occasion;
  const quantity = amountOf(amount);
  return {
    kind: quantity < ZERO ? 'withdrawal' : 'deposit',
    ...rest,
    asset,
    quantity: decimal(abs(quantity)),
  };
}

/** An entry of a kind with a single asset; the sign of the move is dropped. */
export function entryOf(kind: RawTransfer['kind'], move: Move, occasion: Occasion): RawTransfer {
  return { ...transferOf(move, occasion), kind };
}

/** @param fee the part of the move that the network or the exchange took */
export function withdrawalOf(move: Move, occasion: Occasion, fee: Fixed): RawTransfer {
  const raw = entryOf('withdrawal', move, occasion);
  if (fee <= ZERO || fee >= amountOf(raw.quantity)) return raw;
  return { ...raw, fee: { amount: decimal(fee), currency: move.asset } };
}

/**
 * A trade with its costs: its fee, and separate entries for rebates, which a trade cannot hold, and for fees
 * in further assets.
 * @param costs negative if paid, positive if refunded
 */
export function charged(trade: RawTrade, costs: readonly Move[]): RawEntry[] {
  const sums = sumMoves(costs);
  const fees = sums.filter(({ amount }) => amount.startsWith('-'));
  const pair = trade.symbol.split('/');
  const fee = fees.find(({ asset }) => pair.includes(asset)) ?? fees[0];
  const others = sums.filter((each) => each !== fee);
  const own = fee === undefined ? undefined : { amount: fee.amount.slice(1), currency: fee.asset };
  return numbered([{ ...trade, fee: own }, ...others.map((each) => costOf(each, trade))]);
}

export function costOf(
  move: Move,
  { exchange = '', time, externalId, note }: Partial<Occasion> & { time: number },
): RawTransfer {
  const kind = move.amount.startsWith('-') ? 'fee' : 'rebate';
  return entryOf(kind, move, { exchange, time, externalId, note });
}

/** The amount of a fee column: paid, or refunded if it is negative. */
export function costIn({ asset, amount }: Move): Move[] {
  const fee = amountOf(amount);
  return fee === ZERO ? [] : [{ asset, amount: decimal(-fee) }];
}

/** The maximum number of sources of one conversion. */
export const MAX_SOURCES = 100;

/** A conversion of one or more assets into one, with its costs. */
export function convertOf(
  gives: readonly Move[],
  get: Move,
  costs: readonly Move[],
  occasion: Occasion,
): RawTransfer[] {
  const convert: RawTransfer = {
    ...entryOf('convert', get, occasion),
    from: gives.map(({ asset, amount }) => ({ asset, quantity: decimal(abs(amountOf(amount))) })),
  };
  return numbered([convert, ...costs.map((each) => costOf(each, convert))]);
}

/** Numbers entries that share an id: the first keeps it, the others get a suffix. */
export function numbered<T extends RawEntry>(entries: T[]): T[] {
  return entries.map((entry, index) =>
    index === 0 || entry.externalId === undefined
      ? entry
      : { ...entry, externalId: `${entry.externalId}:${index + 1}` },
  );
}
