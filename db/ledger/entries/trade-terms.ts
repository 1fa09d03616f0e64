import { eachGram, searchTerms, searchText } from '../../../lib/text/search-text.ts';
import { COUNTED } from './entry-identity.ts';
import type { TradeDraft } from './stored-entry.ts';

/**
 * What trades are searched by, as small integers in one array with one index: the n-grams of their text, and the traits
 * that few trades share. Each is hashed together with the portfolio, so a search never reads the trades of others. Two
 * terms may have the same hash, so searches also compare the columns themselves.
 */

/** FNV-1a over UTF-16 code units, starting from an earlier hash. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value;
}

const START = 0x811c9dc5;

type Traits = Partial<Record<'exchange' | 'orderId' | 'orderType' | 'tag', string | undefined>>;

/** A trait of a trade, which never equals an n-gram. */
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
  // An id that an import derived from a row's content is unknown to users, and would take up most of the index.
  const ownId = externalId?.startsWith(COUNTED) === true ? null : externalId;
  const search = searchText([`${trade.base}/${trade.quote}`, note, orderId, ownId]);
  const seed = hash(portfolioId, START);
  const terms = new Set<number>();
  eachGram(search, (gram) => terms.add(hash(gram, seed)));
  for (const tag of tags) terms.add(hash(trait('tag', tag), seed));
  if (exchange !== '') terms.add(hash(trait('exchange', exchange), seed));
  if (orderId !== null) terms.add(hash(trait('orderId', orderId), seed));
  if (orderType !== null) terms.add(hash(trait('orderType', orderType), seed));
  return { search, terms: [...terms] };
}

/** The terms that a matching trade must have, and what its text must contain. */
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
