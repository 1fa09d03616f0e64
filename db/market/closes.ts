import { fixed } from '../../lib/money/money.ts';
import type { Quote } from '../../lib/pnl/valuation/valuation.ts';
import type { Database } from '../connection/database.ts';

/** Every symbol that has a candle, at most `limit`. It skips through the key. */
export async function candleSymbols(db: Database, simulated = false, limit = 5_000): Promise<string[]> {
  const { rows }: { rows: { symbol: string }[] } = await db.raw(
    `with recursive symbols as (
       (select symbol from candles where simulated = ? order by symbol limit 1)
       union all
       select (
         select c.symbol from candles c where c.simulated = ? and c.symbol > s.symbol order by c.symbol limit 1
       ) from symbols s where s.symbol is not null
     )
     select symbol from symbols where symbol is not null limit ?`,
    [simulated, simulated, limit],
  );
  return rows.map(({ symbol }) => symbol);
}

/** Those of the given symbols that have a candle: one index probe per symbol. */
export async function symbolsWithCandles(
  db: Database,
  symbols: readonly string[],
  simulated = false,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (let start = 0; start < symbols.length; start += PAIRS_AT_ONCE) {
    const { rows }: { rows: { symbol: string }[] } = await db.raw(
      `select symbol from unnest(?::text[]) as wanted (symbol)
       where exists (select 1 from candles c where c.simulated = ? and c.symbol = wanted.symbol)`,
      [symbols.slice(start, start + PAIRS_AT_ONCE), simulated],
    );
    for (const { symbol } of rows) found.add(symbol);
  }
  return found;
}

/** The last closes known at some instants: symbol → instant → quote. Unknown ones are absent. */
export type Closes = Map<string, Map<number, Quote>>;

/** The embedded database takes one statement at a time: all others wait for it. */
const PAIRS_AT_ONCE = 500;

/**
 * The last price of each symbol at or before each of its instants, as `closeAt` finds it: one index probe per pair.
 * Adds them to `closes`.
 */
export async function addClosesAt(
  db: Database,
  wanted: readonly { symbol: string; instant: number }[],
  closes: Closes,
  simulated = false,
): Promise<void> {
  for (let start = 0; start < wanted.length; start += PAIRS_AT_ONCE) {
    const pairs = wanted.slice(start, start + PAIRS_AT_ONCE);
    const { rows }: { rows: { nth: number; close: string; close_time: number }[] } = await db.raw(
      `select wanted.nth::integer as nth, last.close, last.close_time
       from unnest(?::text[], ?::timestamptz[]) with ordinality as wanted (symbol, instant, nth)
       cross join lateral (
         select close, close_time from candles c
         where c.simulated = ? and c.symbol = wanted.symbol
           and c.time <= wanted.instant and c.close_time <= wanted.instant
         order by c.time desc limit 1
       ) last`,
      [
        pairs.map(({ symbol }) => symbol),
        pairs.map(({ instant }) => new Date(instant).toISOString()),
        simulated,
      ],
    );
    for (const { nth, close, close_time: time } of rows) {
      const pair = pairs[nth - 1];
      if (pair === undefined) continue;
      let ofSymbol = closes.get(pair.symbol);
      if (ofSymbol === undefined) closes.set(pair.symbol, (ofSymbol = new Map()));
      ofSymbol.set(pair.instant, { price: fixed(close), time });
    }
  }
}
