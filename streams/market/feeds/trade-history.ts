import type { Exchange, WatchedTrade } from './ccxt-exchange.ts';
import { isAfter, isHole, type LastTrade } from './trade-tape.ts';

/** Past trades from an exchange, oldest first, and the times for which it did not return all of them. */
export interface PastTrades {
  trades: WatchedTrade[];
  /** [from, to), epoch milliseconds. */
  holes: { from: number; to: number }[];
}

/** The maximum number of pages read for one symbol. */
const MAX_PAGES = 20;
const PAGE = 1_000;
/** The page size of Upbit, and how many days back its trades go. */
const UPBIT_PAGE = 500;
const UPBIT_DAYS = 7;

/** Exchanges whose trade ids increase by one, so that a missing trade is noticed. */
const CONSECUTIVE: ReadonlySet<string> = new Set(['binance']);

export function hasConsecutiveIds(exchange: string): boolean {
  return CONSECUTIVE.has(exchange);
}

export function placeOf({ id, timestamp }: WatchedTrade): LastTrade {
  return { id: id ?? null, time: timestamp ?? 0 };
}

/**
 * The trades after a given one, as far as the exchange returns them.
 * @throws what ccxt throws
 */
export async function tradesAfter(
  exchange: Exchange,
  { id, symbol, after, now }: { id: string; symbol: string; after: LastTrade; now: number },
): Promise<PastTrades> {
  const read = id === 'upbit' ? readUpbit : id === 'binance' ? readBinance : readForwards;
  const { found, isCovered, isWhole } = await read(exchange, symbol, after);
  found.sort((a, b) => (isAfter(placeOf(a), placeOf(b)) ? 1 : -1));
  const trades = found.filter((trade) => isAfter(placeOf(trade), after));
  const holes: PastTrades['holes'] = [];
  const [first] = trades;
  if (!isCovered) holes.push({ from: after.time + 1, to: Math.max(first?.timestamp ?? now, after.time + 2) });
  else if (after.id === null && found.filter(({ timestamp }) => timestamp === after.time).length > 1) {
    // Which of them a stored candle includes is unknown.
    holes.push({ from: after.time, to: after.time + 1 });
  }
  if (hasConsecutiveIds(id)) {
    let before = isCovered ? after : null;
    for (const trade of trades) {
      const next = placeOf({ ...trade, id: firstIdOf(trade) });
      if (before !== null && isHole(before, next)) holes.push({ from: before.time, to: next.time + 1 });
      before = placeOf(trade);
    }
  }
  if (!isWhole) holes.push({ from: trades.at(-1)?.timestamp ?? after.time, to: now });
  return { trades, holes };
}

interface Reading {
  found: WatchedTrade[];
  /** It reaches back to the requested trade. */
  isCovered: boolean;
  /** It reaches the present. */
  isWhole: boolean;
}

/** ccxt's common interface: the trades since a time. Some exchanges return their latest trades, whatever the time. */
async function readForwards(exchange: Exchange, symbol: string, after: LastTrade): Promise<Reading> {
  const found = new Map<string, WatchedTrade>();
  let isCovered = false;
  // Some exchanges count in seconds, or omit the time altogether.
  let since = after.time - 1_000;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const batch = await exchange.fetchTrades(symbol, since, PAGE);
    if (page === 0) isCovered = batch.some((trade) => !isAfter(placeOf(trade), after));
    const before = found.size;
    for (const trade of batch) found.set(keyOf(trade), trade);
    const newest = Math.max(...batch.map(({ timestamp }) => timestamp ?? 0));
    if (found.size === before || newest <= since)
      return { found: [...found.values()], isCovered, isWhole: true };
    since = newest;
  }
  return { found: [...found.values()], isCovered, isWhole: false };
}

/** Upbit returns the newest trades of a day first, and those before a given one. */
async function readUpbit(exchange: Exchange, symbol: string, after: LastTrade): Promise<Reading> {
  const found = new Map<string, WatchedTrade>();
  let days = 0;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const batch = await exchange.fetchTrades(symbol, undefined, UPBIT_PAGE, {
      ...(cursor === undefined ? {} : { cursor }),
      ...(days === 0 ? {} : { days_ago: days }),
    });
    for (const trade of batch) found.set(keyOf(trade), trade);
    if (batch.some((trade) => !isAfter(placeOf(trade), after)))
      return { found: [...found.values()], isCovered: true, isWhole: true };
    const oldest = batch.toSorted((a, b) => (isAfter(placeOf(a), placeOf(b)) ? 1 : -1))[0];
    cursor = oldest?.id;
    if (batch.length < UPBIT_PAGE) {
      days += 1;
      cursor = undefined;
    }
    if (days > UPBIT_DAYS) break;
  }
  return { found: [...found.values()], isCovered: false, isWhole: true };
}

/**
 * Binance returns its last thousand trades individually. Older ones are available without a key only as aggregates of
 * trades at the same price and time, with the range of ids that each covers.
 */
async function readBinance(exchange: Exchange, symbol: string, after: LastTrade): Promise<Reading> {
  const single = await exchange.fetchTrades(symbol, undefined, PAGE, {
    fetchTradesMethod: 'publicGetTrades',
  });
  const [first] = single.toSorted((a, b) => (isAfter(placeOf(a), placeOf(b)) ? 1 : -1));
  const reaches = (trade: WatchedTrade): boolean => {
    const place = placeOf({ ...trade, id: firstIdOf(trade) });
    return !isAfter(place, after) || (after.id !== null && !isHole(after, place));
  };
  if (first === undefined || reaches(first))
    return { found: single, isCovered: first !== undefined, isWhole: true };
  const gathered: WatchedTrade[] = [];
  let params: Record<string, unknown> = {};
  let since: number | undefined = after.time;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const batch = await exchange.fetchTrades(symbol, since, PAGE, {
      fetchTradesMethod: 'publicGetAggTrades',
      ...params,
    });
    const fresh = batch.flatMap((trade) => groupOf(trade) ?? []);
    gathered.push(...fresh);
    const last = batch.at(-1);
    const next = nextGroupId(last);
    if (
      last === undefined ||
      next === null ||
      fresh.some((trade) => !isAfter(placeOf(first), placeOf(trade)))
    )
      break;
    params = { fromId: next };
    since = undefined;
  }
  // An aggregate that begins at or before the requested trade cannot be split.
  const groups = gathered.filter((trade) => {
    const begin = placeOf({ ...trade, id: firstIdOf(trade) });
    return isAfter(begin, after);
  });
  const covered = groups.length > 0 && groups.slice(0, 1).every(reaches);
  const newest = groups.at(-1);
  const rest =
    newest === undefined ? single : single.filter((trade) => isAfter(placeOf(trade), placeOf(newest)));
  return { found: [...groups, ...rest], isCovered: covered, isWhole: true };
}

/** An aggregate as one trade, under the id of its last one. */
function groupOf(trade: WatchedTrade): WatchedTrade | null {
  const { l } = infoOf(trade);
  return l === undefined ? null : { ...trade, id: l };
}

function firstIdOf(trade: WatchedTrade): string | undefined {
  const { f } = infoOf(trade);
  return f ?? trade.id;
}

function nextGroupId(trade: WatchedTrade | undefined): number | null {
  const { a } = trade === undefined ? {} : infoOf(trade);
  return a === undefined ? null : Number(a) + 1;
}

/** The fields of a Binance aggregate: its own id, and the first and last id of its trades. */
function infoOf({ info }: WatchedTrade): { a?: string; f?: string; l?: string } {
  if (info === null || typeof info !== 'object') return {};
  return Object.fromEntries(
    Object.entries(info).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
    ),
  );
}

function keyOf({ id, timestamp, price, amount }: WatchedTrade): string {
  return id ?? `${timestamp} ${price} ${amount}`;
}
