/** What is kept for an answer, and what it was made of. */
export interface CachedAnswer {
  /** The part of what it was made of that its readers look up themselves: the ledger's version, settings, the day. */
  basis: string;
  /** The rest, by name, each with its version when it was read: prices, the list of symbols. */
  watched: Record<string, string>;
  /** Its entity tag. */
  tag: string;
  /** JSON, as it is sent. */
  text: string;
  /** Epoch milliseconds. */
  madeAt: number;
}

/** What a reader asks for, and how it knows what is still good. */
export interface Wanted {
  kind: CacheKind;
  /** Whose it is: a portfolio, a symbol, the market. */
  owner: string;
  /** Tells it from other answers of the same kind and owner. */
  name: string;
  /** As of this request: an answer of another basis is not given. */
  basis: string;
  /** The present version of something watched. */
  versionOf: (watched: string) => string;
  /** How old an answer may be of which only what is watched has moved; 0: it must not have moved. */
  staleMs: number;
}

export type CacheKind = 'prices' | 'summary' | 'statistics' | 'candles';
export const CACHE_KINDS: readonly CacheKind[] = ['prices', 'summary', 'statistics', 'candles'];

/** Whether it is made of the ledger, the settings and the day that the reader has seen. */
export function isOfBasis(answer: CachedAnswer, { basis }: Wanted): boolean {
  return answer.basis === basis;
}

/** Whether nothing that it was made of has moved. */
export function isCurrent(answer: CachedAnswer, wanted: Wanted): boolean {
  if (!isOfBasis(answer, wanted)) return false;
  for (const name in answer.watched) if (answer.watched[name] !== wanted.versionOf(name)) return false;
  return true;
}
