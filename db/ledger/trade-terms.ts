import { eachGram, searchTerms, searchText } from '../../lib/text/search-text.ts';
import type { TradeDraft } from './stored-entry.ts';

/**
 * What trades are found by as small integers in one array, which has one index: the grams of their text, and what few of
 * them may have in common. Each is hashed together with the portfolio, so that a search reads nobody else's trades. Two
 * may share a number: whoever searches compares the columns as well.
 */

/** FNV-1a over UTF-16 code units, begun with what was hashed before. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}

const START = 0x811c9dc5;

type Traits = Partial<Record<'exchange' | 'orderId' | 'orderType' | 'tag', string | undefined>>;

/** A trait of a trade, as no gram is. */
function trait(name: keyof Traits, value: string): string {
  return `${name} ${value}`;
}

type Searchable = Pick<
  TradeDraft,
  'base' | 'quote' | 'note' | 'orderId' | 'externalId' | 'exchange' | 'orderType' | 'tags'
>;

/** The columns that a trade is found by. */
export function searchColumns(portfolioId: string, trade: Searchable): { search: string; terms: number[] } {
  const { note, orderId, externalId, exchange, orderType, tags } = trade;
  const search = searchText([`${trade.base}/${trade.quote}`, note, orderId, externalId]);
  const seed = hash(portfolioId, START);
  const terms = new Set<number>();
  eachGram(search, (gram) => terms.add(hash(gram, seed)));
  for (const tag of tags) terms.add(hash(trait('tag', tag), seed));
  if (exchange !== '') terms.add(hash(trait('exchange', exchange), seed));
  if (orderId !== null) terms.add(hash(trait('orderId', orderId), seed));
  if (orderType !== null) terms.add(hash(trait('orderType', orderType), seed));
  return { search, terms: [...terms] };
}

/** What a trade that has all of it must have among its terms, and what its text must hold. */
export function wantedTerms(
  portfolioId: string,
  question: string | undefined,
  traits: Traits,
): { needles: string[]; terms: number[] } {
  const seed = hash(portfolioId, START);
  const words = question === undefined ? [] : searchTerms(question);
  const names = ['exchange', 'orderId', 'orderType', 'tag'] as const;
  const wanted = names.flatMap((name) => {
    const value = traits[name];
    return value === undefined ? [] : [trait(name, value)];
  });
  return {
    needles: words.map(({ needle }) => needle),
    terms: [...wanted, ...words.flatMap(({ grams }) => grams)].map((text) => hash(text, seed)),
  };
}
