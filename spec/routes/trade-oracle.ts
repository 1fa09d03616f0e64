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
