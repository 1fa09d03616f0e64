import { ccxt } from './ccxt-spec.ts';
import type { FeedType } from './feed-type.ts';
import { none, push } from './push-feed.ts';
import { replay } from './replay-feed.ts';
import { simulator } from './simulator-feed.ts';

/** Every kind of feed. A new one is a file beside this one, and a line here. */
const TYPES = [simulator, replay, push, ccxt, none];

/** One feed of `MARKET_FEED`, parsed. */
export type FeedSpec = ReturnType<(typeof TYPES)[number]['parse']>;

export const FEED_TYPES: readonly FeedType<FeedSpec>[] = TYPES;

/** The type of a feed. */
export function feedTypeOf({ kind }: FeedSpec): FeedType<FeedSpec> {
  const found = FEED_TYPES.find((type) => type.kind === kind);
  if (found === undefined) throw new TypeError(`no type of feed ${kind}`);
  return found;
}

/** A short name without parameters, for labels. */
export function feedLabel(spec: FeedSpec): string {
  return feedTypeOf(spec).label?.(spec) ?? spec.kind;
}
