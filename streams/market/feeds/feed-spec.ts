import { FEED_TYPES, feedLabel, type FeedSpec, feedTypeOf } from './feed-types.ts';

/** Feeds at once at most. */
const MAX_FEEDS = 8;

/** Feeds that are named without a subject. */
const BARE = FEED_TYPES.filter(({ syntax }) => !syntax.includes(':'));
const WITH_SUBJECT = FEED_TYPES.filter((type) => !BARE.includes(type));
const kindsOf = (types: typeof FEED_TYPES): string => types.map(({ kind }) => kind).join('|');

/** Where one feed of a list ends and the next begins: symbols have commas between them too. */
const BETWEEN = new RegExp(`,(?=(?:${kindsOf(BARE)})(?:,|$)|(?:${kindsOf(WITH_SUBJECT)}):)`);

/**
 * Parses `MARKET_FEED`: one feed, or several with commas between them, in order of preference. Of a symbol that two of
 * them name, the first one brings the prices: what is traded on two exchanges is never added up.
 * @throws RangeError that says what is wrong
 */
export function parseFeedSpecs(text: string): FeedSpec[] {
  const specs = text.split(BETWEEN).map(parseFeedSpec);
  if (specs.length > MAX_FEEDS) throw new RangeError(`at most ${MAX_FEEDS} feeds can run at once`);
  const alone = specs.find((spec) => !feedTypeOf(spec).isCombinable);
  if (specs.length > 1 && alone !== undefined)
    throw new RangeError(`${alone.kind} cannot run beside another feed: name it alone`);
  const names = specs.map(feedLabel);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`${twice} is named twice: give it all its symbols at once`);
  const taken = new Set<string>();
  return specs.map((spec) => {
    if (!('symbols' in spec)) return spec;
    const symbols = spec.symbols.filter((symbol) => !taken.has(symbol));
    if (symbols.length === 0)
      throw new RangeError(`every symbol of ${feedLabel(spec)} is named by a feed before it`);
    for (const symbol of symbols) taken.add(symbol);
    return { ...spec, symbols };
  });
}

/**
 * Parses one feed, as its type says. Values are taken as in a URL's query, so a literal `+`, `&` or `%` is
 * percent-encoded.
 * @throws RangeError that says what is wrong
 */
export function parseFeedSpec(text: string): FeedSpec {
  const bare = BARE.find(({ kind }) => kind === text);
  if (bare !== undefined) return bare.parse('', new URLSearchParams());
  const colon = text.indexOf(':');
  const type = WITH_SUBJECT.find(({ kind }) => kind === text.slice(0, Math.max(colon, 0)));
  if (type === undefined) {
    const known = FEED_TYPES.map(({ syntax }) => syntax);
    throw new RangeError(
      `${JSON.stringify(text.slice(0, 100))} is not a feed: ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`,
    );
  }
  const rest = text.slice(colon + 1);
  const mark = rest.lastIndexOf('?');
  const subject = mark === -1 ? rest : rest.slice(0, mark);
  return type.parse(subject, new URLSearchParams(mark === -1 ? '' : rest.slice(mark + 1)));
}
