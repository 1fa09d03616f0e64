import { units } from './bookkeeper.ts';

/** A listed trade, as far as it is looked at. */
export interface Listed {
  id: string;
  externalId: string | null;
  exchange: string | null;
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee: { amount: string; currency: string } | null;
  time: string;
  orderId: string | null;
  type: string | null;
  note: string | null;
  tags: string[];
  value: string | null;
  feeValue: string | null;
  realizedPnl: { gross: string | null; net: string | null } | null;
}

export interface Filter {
  from?: string;
  to?: string;
  symbol?: string;
  symbols?: string;
  asset?: string;
  side?: string;
  type?: string;
  exchange?: string;
  orderId?: string;
  tag?: string;
  q?: string;
}

const SYLLABLES = 0xac00;

/** Whether a text goes on, from a place, as a word that has been typed up to some key. No compound letters. */
function isTypedAt(text: string, at: number, word: string): boolean {
  const head = word.slice(0, -1);
  if (!text.startsWith(head, at)) return false;
  const typed = word.charCodeAt(word.length - 1) - SYLLABLES;
  const there = text.charCodeAt(at + head.length) - SYLLABLES;
  const next = text.charCodeAt(at + head.length + 1) - SYLLABLES;
  if (typed === there) return true;
  if (typed < 0 || there < 0 || Math.floor(typed / 28) !== Math.floor(there / 28)) return false;
  if (typed % 28 === 0) return true;
  // The last consonant may be the first one of the next syllable.
  const initials = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
  const finals = '-ㄱㄲ-ㄴ--ㄷㄹ-------ㅁㅂ-ㅅㅆㅇㅈㅊㅋㅌㅍㅎ';
  return there % 28 === 0 && next >= 0 && initials[Math.floor(next / 588)] === finals[typed % 28];
}

function hasWord(fields: readonly string[], word: string): boolean {
  const isKorean = /[가-힣]$/.test(word);
  const isShort = word.length < 3 && /^[\p{L}\p{N}]+$/u.test(word) && !isKorean;
  if (isShort) return fields.some((field) => field.split(/[ /]/).some((part) => part.startsWith(word)));
  if (!isKorean) return fields.some((field) => field.includes(word));
  return fields.some((field) => Array.from(field, (_, at) => at).some((at) => isTypedAt(field, at, word)));
}

export function fits(trade: Listed, filter: Filter): boolean {
  const { from, to, symbol, symbols, asset, side, type, exchange, orderId, tag, q } = filter;
  const fields = [trade.symbol, trade.note, trade.orderId, trade.externalId]
    .filter((text) => text !== null)
    .map((text) => text.normalize('NFKC').toLowerCase());
  const words = (q ?? '').normalize('NFKC').toLowerCase().split(' ');
  return (
    (from === undefined || trade.time >= from) &&
    (to === undefined || trade.time < to) &&
    (symbol === undefined || trade.symbol === symbol) &&
    (symbols === undefined || symbols.split(',').includes(trade.symbol)) &&
    (asset === undefined || trade.symbol.split('/').includes(asset)) &&
    (side === undefined || trade.side === side) &&
    (type === undefined || trade.type === type) &&
    (exchange === undefined || trade.exchange === exchange) &&
    (orderId === undefined || trade.orderId === orderId) &&
    (tag === undefined || trade.tags.includes(tag)) &&
    words.every((word) => word === '' || hasWord(fields, word))
  );
}

const FIGURES: Record<string, (trade: Listed) => string | null> = {
  value: ({ value }) => value,
  fee: ({ feeValue }) => feeValue,
  pnl: ({ realizedPnl }) => realizedPnl?.net ?? null,
};

/** @param trades in ledger order */
export function sorted(trades: readonly Listed[], sort: string, order: string): Listed[] {
  const sign = order === 'asc' ? 1 : -1;
  const place = new Map(trades.map(({ id }, index) => [id, index]));
  const inLedger = (a: Listed, b: Listed): number => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0);
  const figure = FIGURES[sort];
  return trades.toSorted((a, b) => {
    if (sort === 'time') return sign * inLedger(a, b);
    if (figure === undefined)
      return sign * (a.symbol === b.symbol ? inLedger(a, b) : a.symbol < b.symbol ? -1 : 1);
    const [one, other] = [figure(a), figure(b)];
    if (one === null || other === null) {
      if (one !== other) return one === null ? 1 : -1;
    } else if (units(one) !== units(other)) return units(one) < units(other) ? -sign : sign;
    return sign * (a.id < b.id ? -1 : 1);
  });
}

const WHOLE = 10n ** 18n;

/** Text of an amount in units of 10⁻¹⁸. */
function text(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(19, '0');
  const trimmed = `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '');
  return amount < 0n ? `-${trimmed}` : trimmed;
}

/** Half to even. */
function quotient(a: bigint, b: bigint): bigint {
  if (a < 0n) return -quotient(-a, b);
  const [whole, twice] = [a / b, (a % b) * 2n];
  return twice > b || (twice === b && whole % 2n === 1n) ? whole + 1n : whole;
}

function total(texts: readonly (string | null)[]): string | null {
  return texts.includes(null) ? null : text(texts.reduce((all, each) => all + units(each), 0n));
}

/**
 * What trades add up to, one by one.
 * @param trades in ledger order
 * @param openedAt of what a trade sold; epoch milliseconds
 */
export function statsOf(trades: readonly Listed[], openedAt: ReadonlyMap<string, number | null>) {
  const [bought, sold] = (['buy', 'sell'] as const).map((side) =>
    trades.filter((each) => each.side === side),
  );
  const of =
    (currency: string) =>
    (list: readonly Listed[] = []) =>
      list.filter(({ symbol }) => symbol.endsWith(`/${currency}`));
  const quoted = (list: readonly Listed[]): string | null =>
    total(list.map(({ quantity, price }) => text(quotient(units(quantity) * units(price), WHOLE))));
  const currencies = (list: readonly (string | undefined)[]): string[] =>
    [...new Set(list)].filter((each) => each !== undefined).sort();
  const sales = trades.filter(({ realizedPnl }) => realizedPnl !== null);
  const closed = sales.flatMap((trade) => {
    const net = trade.realizedPnl?.net ?? null;
    return net === null ? [] : [{ ...trade, net, profit: units(net) }];
  });
  const wins = closed.filter(({ profit }) => profit > 0n);
  const losses = closed.filter(({ profit }) => profit < 0n);
  const sumOf = (list: readonly { profit: bigint }[]): bigint =>
    list.reduce((all, { profit }) => all + profit, 0n);
  const average = (list: readonly { profit: bigint }[]): bigint | null =>
    list.length === 0 ? null : quotient(sumOf(list), BigInt(list.length));
  const ratio = (a: bigint, b: bigint): string | null =>
    b === 0n ? null : text(quotient(quotient(a * WHOLE, b), 10n ** 8n) * 10n ** 8n);
  const first = (better: (a: bigint, b: bigint) => boolean) =>
    closed.reduce<(typeof closed)[number] | null>(
      (best, each) => (best === null || better(each.profit, best.profit) ? each : best),
      null,
    );
  const named = (trade: (typeof closed)[number] | null) => trade && { entryId: trade.id, profit: trade.net };
  const held = closed.flatMap(({ id, time }) => {
    const opened = openedAt.get(id) ?? null;
    return opened === null ? [] : [Date.parse(time) - opened];
  });
  const orNull = (amount: bigint | null): string | null => (amount === null ? null : text(amount));
  return {
    count: trades.length,
    buys: bought?.length,
    sells: sold?.length,
    firstTime: trades[0]?.time ?? null,
    lastTime: trades.at(-1)?.time ?? null,
    volume: {
      bought: total((bought ?? []).map(({ value }) => value)),
      sold: total((sold ?? []).map(({ value }) => value)),
      total: total(trades.map(({ value }) => value)),
    },
    quotes: currencies(trades.map(({ symbol }) => symbol.split('/')[1])).map((currency) => ({
      currency,
      buys: of(currency)(bought).length,
      sells: of(currency)(sold).length,
      bought: quoted(of(currency)(bought)),
      sold: quoted(of(currency)(sold)),
    })),
    // A fee that has no price, of a trade that has one, is left out.
    fees: total(trades.map(({ value, feeValue }) => (value === null ? feeValue : (feeValue ?? '0')))),
    feesPaid: currencies(trades.map(({ fee }) => fee?.currency)).map((currency) => ({
      currency,
      amount: total(trades.flatMap(({ fee }) => (fee?.currency === currency ? [fee.amount] : []))),
    })),
    realizedPnl: {
      gross: total(sales.map(({ realizedPnl }) => realizedPnl?.gross ?? null)),
      net: total(sales.map(({ realizedPnl }) => realizedPnl?.net ?? null)),
    },
    closed: {
      count: closed.length,
      wins: wins.length,
      losses: losses.length,
      unknown: sales.length - closed.length,
      winRate: ratio(BigInt(wins.length) * WHOLE, BigInt(closed.length) * WHOLE),
      profitFactor: ratio(sumOf(wins), -sumOf(losses)),
      expectancy: orNull(average(closed)),
      averageWin: orNull(average(wins)),
      averageLoss: orNull(average(losses)),
      best: named(first((a, b) => a > b)),
      worst: named(first((a, b) => a < b)),
      averageHoldingMs:
        held.length === 0 ? null : Math.round(held.reduce((all, ms) => all + ms, 0) / held.length),
      totalProfit: text(sumOf(closed)),
    },
  };
}
