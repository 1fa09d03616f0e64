/** A cached answer and its inputs. */
export interface CachedAnswer {
  /** The inputs that each reader looks up: the ledger's version, settings, the day. */
  basis: string;
  /** The other inputs, by name, each with the version that was read: prices, the list of symbols. */
  watched: Record<string, string>;
  /** Its entity tag. */
  tag: string;
  /** JSON, as it is sent. */
  text: string;
  /** Epoch milliseconds. */
  madeAt: number;
}

/** What a reader asks for, and how to tell whether a cached answer is still valid. */
export interface Wanted {
  kind: CacheKind;
  /** Whose it is: a portfolio, a symbol, the market. */
  owner: string;
  /** Distinguishes it from other answers of the same kind and owner. */
  name: string;
  /** As of this request: an answer with another basis is never given. */
  basis: string;
  /** The current version of a watched input. */
  versionOf: (watched: string) => string;
  /** Maximum age of an answer whose watched inputs have changed; 0: none may have changed. */
  staleMs: number;
}

export type CacheKind = 'prices' | 'summary' | 'statistics' | 'candles';
export const CACHE_KINDS: readonly CacheKind[] = ['prices', 'summary', 'statistics', 'candles'];

/** Whether it was made from the ledger version, the settings and the day that the reader has seen. */
export function isOfBasis(answer: CachedAnswer, { basis }: Wanted): boolean {
  return answer.basis === basis;
}

/** Whether none of its inputs has changed. */
export function isCurrent(answer: CachedAnswer, wanted: Wanted): boolean {
  if (!isOfBasis(answer, wanted)) return false;
  for (const name in answer.watched) if (answer.watched[name] !== wanted.versionOf(name)) return false;
  return true;
}
